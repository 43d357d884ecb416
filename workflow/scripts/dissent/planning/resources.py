"""What a job asks of a cluster, reckoned from the network's budget while Snakemake plans. No torch.

Meant to be too much rather than too little: time as if no graphics card would help, memory as a processor needs it. The
network file's `resources` correct a training, `--set-resources RULE:runtime=...` any rule (docs/how-to/cluster.md).
"""

import math
from dataclasses import dataclass
from pathlib import Path

from dissent.config.network import Network
from dissent.config.resolve import Run
from dissent.config.unlabelled import Options
from dissent.planning.network_size import PIXELS, Size, size_of

THREAD = 20.0  # GFLOP a second of one thread; the small U-Net reaches 25 to 40
DATA_SECONDS = 0.01  # of reading, augmenting and writing an image, at that size
ROW_BYTES = 4000  # of a row of a table in memory, as Python holds it
START = 600  # seconds of imports, slow disks and the first look at the data
BASE_MB = 3000  # torch with CUDA, before the first image
SPARE = 1.5  # memory that malloc keeps in pieces
ON_CARD_MB = 20_000  # of pairs that training/pairs.py stacks for a card that has four times as much free
CACHED_MB = 2000  # of images that it leaves to the page cache: fewer make it slower, not wrong
BROWSED = 10_000  # unlabelled images that the browser shows at most
DECODED = 512  # images that predict and evaluate hold at a time
RATED_MASKS = 20  # of an image, from which an EvalNet learns: by twenty networks, or by two in ten rounds
LONGEST = 24 * 60  # minutes: many clusters allow no more, and a training goes on from its checkpoint


@dataclass(frozen=True)
class Needs:
    """Memory in MB and time in minutes."""

    mem_mb: int
    runtime: int


def training(run: Run, generation: int, pairs: int, val: int, unlabelled: int) -> Needs:
    """Memory and time of one student that learns from `pairs` rows of a table (copies come on top) and is validated on `val` images."""
    network, method, scale = run.network_at(generation), run.at(generation), _scale(run)
    size = learned_size(run, generation)
    entries = pairs * (1 + max(method["noise_copies"], method["labelled_noise_copies"]))
    # `pairs` as annotators' images too: as if they labelled all
    steps = network.student_steps(method["steps_from"], entries, pairs, unlabelled)
    learn = run.learner(generation)
    images = network.batch_size * (1 + _unlabelled(learn))
    learned = learned_images(run, generation, steps)
    validated = validated_images(network, steps, val) * judged(run) / 3
    beside = val + (unlabelled if learn.passes else 0)
    data = min(ON_CARD_MB, entries * _image_mb(run)) + min(CACHED_MB, beside * _image_mb(run))
    found = _needs(
        # the images of a step are shared out among the cards' processes; all else each has
        mem_mb=SPARE * images * size.mb * learned_scale(run) + network.resources.gpus * (32 * size.weights + data),
        seconds=(learned * learned_scale(run) + validated * scale) * (_seconds(run, size.gflop) + DATA_SECONDS)
        + scale * (pairs + beside) * DATA_SECONDS,
        rows=pairs + beside,
        processes=network.resources.gpus,
    )
    own = network.resources
    return Needs(own.mem_mb or found.mem_mb, own.runtime or found.runtime)


def learned_images(run: Run, generation: int, steps: int) -> float:
    """Images that each network of a training takes forward and backward, of pairs and those unlabelled ones that its learner adds."""
    return steps * run.network.batch_size * (1 + _unlabelled(run.learner(generation)))


def learned_size(run: Run, generation: int) -> Size:
    """What an image takes in all networks that a training teaches side by side."""
    sizes = [size_of(one) for one in run.learner(generation).trained(run.network_at(generation))]
    return Size(*(sum(getattr(size, name) for size in sizes) for name in ("gflop", "mb", "weights")))


def validated_images(network: Network, steps: int, val: int) -> int:
    """Images that a training judges on its way."""
    return steps // (network.validate_every or max(1, steps // 50)) * val


def _unlabelled(learn: Options) -> float:
    """Passes of unlabelled images beside each pair's."""
    return learn.passes * getattr(learn, "ratio", 0.0)


def predicting(run: Run, generation: int, images: int, networks: int, passes: float | None = None) -> Needs:
    """Memory and time of `networks` networks that predict `images` images and write or compare a mask of each.

    `passes`: how many times networks see an image in all, where they see it in several views.
    """
    both = (run.network_at(one) for one in {max(0, generation - 1), generation})  # teachers may be the wider ones
    size, scale = max(map(size_of, both), key=lambda one: one.gflop), _scale(run)
    return _needs(
        mem_mb=SPARE * run.network.batch_size * size.mb * math.prod(run.network.judges(run.dataset.size)) / PIXELS
        + 4 * networks * size.weights
        + (2 + networks) * min(images, max(DECODED, 2 * run.network.batch_size)) * _image_mb(run),
        seconds=scale
        * images
        * ((passes or networks) * judged(run) * _seconds(run, size.gflop / 3) + networks * 2 * DATA_SECONDS),
        rows=images * networks,
    )


def rating(run: Run, labelled: int, val: int) -> Needs:
    """Memory and time of training one EvalNet."""
    network, scale = run.rater, _scale(run)
    size, examples = size_of(network), RATED_MASKS * (labelled + val)
    steps = rating_steps(run, labelled)
    found = _needs(
        mem_mb=SPARE * network.batch_size * size.mb * scale + 32 * size.weights + 2 * examples * _image_mb(run),
        seconds=scale * (steps * network.batch_size * 1.5 * (_seconds(run, size.gflop) + DATA_SECONDS)),
        rows=examples,
    )
    return Needs(network.resources.mem_mb or found.mem_mb, network.resources.runtime or found.runtime)


def rating_steps(run: Run, labelled: int) -> int:
    """Steps of one EvalNet, which learns from the masks of `labelled` images."""
    return run.rater.total_steps(RATED_MASKS * labelled)


def raters(run: Run) -> tuple[Size, int]:
    """What rates a mask: the size of an EvalNet, and how many of them are asked; none where the truth rates."""
    return (size_of(run.rater), run.method.quality.used) if run.evalnet else (Size(0, 0, 0), 0)


def scoring(run: Run, masks: int) -> Needs:
    """Memory and time of rating `masks` masks."""
    (size, networks), scale = raters(run), _scale(run)
    return _needs(
        mem_mb=SPARE * run.network.batch_size * size.mb * scale + 4 * networks * size.weights,
        seconds=scale * masks * (networks * _seconds(run, size.gflop / 3) + 2 * DATA_SECONDS),
        rows=masks,
    )


def masking(run: Run, images: int, teachers: int) -> Needs:
    """Memory and time of comparing what `teachers` teachers say of `images` images."""
    return _needs(0, _scale(run) * images * (teachers + 2) * DATA_SECONDS, images * (teachers + 1))


def drawing(run: Run, images: int, voters: int) -> Needs:
    """Memory and time of drawing the images that the browser shows, with what `voters` of all generations say of them."""
    return _needs(0, _scale(run) * min(images, BROWSED) * (voters + 3) * DATA_SECONDS, images)


def listing(rows: int) -> Needs:
    """Memory and time of a job that reads and writes tables of `rows` rows, and opens no image."""
    return _needs(0, rows / 10_000, rows)


def _needs(mem_mb: float, seconds: float, rows: int, processes: int = 1) -> Needs:
    mem_mb += processes * (BASE_MB + rows * ROW_BYTES / 1e6)
    minutes = math.ceil((seconds + START) / 60 / 10) * 10
    return Needs(math.ceil(mem_mb / 500) * 500, min(LONGEST, max(30, minutes)))


def _seconds(run: Run, gflop: float) -> float:
    return gflop / (THREAD * run.network.resources.threads)


def _scale(run: Run) -> float:
    return math.prod(run.dataset.size) / PIXELS


def learned_scale(run: Run) -> float:
    """Size of what a training step sees of an image: of a crop, or all of it."""
    return math.prod(run.network.seen(run.dataset.size)) / PIXELS


def judged(run: Run) -> float:
    """How often a trained network sees each pixel of an image: windows that slide overlap."""
    return 1.0 if run.network.crop is None else run.network.crop.seen


def _image_mb(run: Run) -> float:
    """An image and its label in memory."""
    return math.prod(run.dataset.size) * (run.dataset.channels + 1) / 1e6


def rows_about(table: str | Path) -> int:
    """Rows of a table, from its size and its first lines: one of 10^7 rows is a gigabyte, and planning asks often."""
    with open(table, "rb") as stream:
        head = stream.read(1 << 16)
    lines = head.count(b"\n")
    if not lines:
        return 0
    return max(0, round(Path(table).stat().st_size / (head.rindex(b"\n") + 1) * lines) - 1)
