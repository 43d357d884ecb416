"""Write images that have no label, with draft masks to correct, for an annotation tool.

OUT/images has the images at their own size, and beside it lie the drafts as the tool reads them. They come from the generation of RUN that
its report says to use. OUT/doubt is red where its teachers disagree: look there first. OUT/drafts.csv names each image. Images are those
of a table with a column `id` (as `dissent next` writes it), or the most doubted ones. `dissent import` brings the corrections back."""

import argparse
import logging
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dissent.cli.machine import cores
from dissent.cli.picks import listed
from dissent.cli.predict.find_images import Upright, read_upright
from dissent.cli.settings import add_config_dir, config_dir_option, config_of, settings_folder
from dissent.cli.unlabelled import Free
from dissent.config.dataset import Dataset
from dissent.config.resolve import Run
from dissent.core.files import DOUBT_PALETTE, UserError, encode_png, read_json, read_table, write_atomic, write_table
from dissent.core.meaning import disputed_share
from dissent.core.rebuild_hint import again
from dissent.core.task import Task
from dissent.datasets.annotated import digest_of
from dissent.datasets.convert import to_bytes
from dissent.datasets.decode import read_header, read_photo, turned
from dissent.datasets.formats import DRAFTS, FORMATS, Draft
from dissent.datasets.items import Item
from dissent.datasets.own_masks import OwnMasks, key_of, place_of
from dissent.report.kept import to_use
from dissent.runtime.devices import lease, prepare_process

if TYPE_CHECKING:
    from dissent.cli.predict.pool import Pool

log = logging.getLogger(__name__)

EXAMPLES = """examples:
  dissent drafts mine to_label --format cvat            the 20 most doubted images
  dissent drafts mine to_label --format labelme -n 50
  dissent drafts mine to_label --format png --ids mine.picks.txt    as picked in browse.html"""
COLUMNS = ("id", "source", "image", "doubt_share")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `dissent drafts`."""
    parser.add_argument("run", help="a run that has trained networks, e.g. mine")
    parser.add_argument("out", type=Path, help="folder for the drafts; it must be empty, or not there")
    parser.add_argument("--format", choices=DRAFTS, required=True, help="the tool that is to read them")
    parser.add_argument(
        "--ids",
        type=Path,
        metavar="FILE",
        help="a list with the id of an image a line, as browse.html saves it, or a table with a column `id`; default: the most doubted",
    )
    parser.add_argument("-n", "--number", type=positive, default=20, help="how many, without --ids (default: 20)")
    add_machine(parser)


def add_machine(parser: argparse.ArgumentParser) -> None:
    """The options that say on what networks run, and where settings are."""
    parser.add_argument("--device", choices=["cpu", "cuda"], help="default: a graphics card if there is one")
    parser.add_argument("--threads", type=positive, default=cores(), help="default: all cores (%(default)s)")
    add_config_dir(parser)


def positive(text: str) -> int:
    """A number from 1 on, of a command line."""
    if not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return int(text)


def run(args: argparse.Namespace) -> int:
    """Returns 0; UserError says what lacks."""
    about = run_of(args)
    check_place(about, args.format, args.out)
    where = generation_of(about)
    return send(_chosen(about, args), about, where, args)


def run_of(args: argparse.Namespace) -> Run:
    """The run that a command names, as `mine` or as results/mine."""
    return config_of(settings_folder(args.config_dir)).run(args.run.removeprefix("results/").rstrip("/"))


def check_place(about: Run, name: str, out: Path) -> None:
    """UserError where a format cannot hold the labels, or `out` holds something."""
    dataset, form = about.dataset, FORMATS[name]
    if dataset.task.overlapping and not form.overlap:
        raise UserError(
            f"`--format {name}` has one label a pixel, and those of {about.dataset_name} overlap: take {_others('overlap')}"
        )
    if not dataset.task.one_foreground and not form.classes:
        raise UserError(
            f"`--format {name}` has one label, and {about.dataset_name} has {len(dataset.task.labels)}: take {_others('classes')}"
        )
    if out.exists() and any(out.iterdir()):
        raise UserError(f"{out} is not empty: name another folder, so that nothing of yours is overwritten")


def send(items: Sequence[tuple[Item, str]], about: Run, where: Path, args: argparse.Namespace) -> int:
    """Write drafts of these images, each with its share of doubted pixels or "", by the generation in `where`; returns 0."""
    dataset, form = about.dataset, FORMATS[args.format]
    rows: list[dict] = []
    own = OwnMasks(place_of(dataset, about.dataset_name), new=True)  # its record gets each draft before it goes out
    with lease(0 if args.device == "cpu" else 1) as place:
        device = prepare_process(args.threads, place.device)
        from dissent.cli.predict.pool import open_pool  # torch only now: the lease decides which card it sees

        several = len(read_json(where / "teachers.json")["pool"]) > 1
        pool = open_pool(where, several, False, device.type)
        drafts = _drafts(items, dataset, pool, several, device.type, args.out, rows, own)
        assert form.write is not None
        next_step = form.write(args.out, drafts, dataset.task)
    write_table(args.out / "drafts.csv", rows, COLUMNS)
    print(f"{len(rows)} drafts, made with {where}, for {form.about}: {args.out}")
    print(f"{next_step}.\nWhere teachers disagree is red in {args.out / 'doubt'}.")
    option = config_dir_option(settings_folder(args.config_dir))
    print(f"Then: dissent import {args.out} --into {about.dataset_name}{option}   (or the file that the tool exports)")
    return 0


def _others(what: str) -> str:
    return ", ".join(name for name in DRAFTS if getattr(FORMATS[name], what) and FORMATS[name].classes)


def generation_of(about: Run) -> Path:
    """The folder of the generation that the run's report says to use."""
    where, why = to_use(Path("results", about.name))
    if where is None or not (where / "teachers.json").is_file():
        last = Path("results", about.name, f"gen{about.method.last}", "teachers.json")
        raise UserError(f"results/{about.name} has no trained generation; {again(last)}")
    log.info("%s is taken: %s", where, why)
    return where


def _chosen(about: Run, args: argparse.Namespace) -> list[tuple[Item, str]]:
    """The images that go out, each with its share of doubted pixels, or ""."""
    free = Free.of(about)
    shares = _doubt_shares(about, free.pool)
    if args.ids is None:
        if not shares:
            print(
                "note    no generation of this run has pseudo-labels yet, so nothing tells which images are doubted: the first by name"
            )
        # of equal ones the first by name
        wanted = sorted(free.sources, key=lambda source: -shares.get(source, 0))[: args.number]
    else:
        wanted = free.uncorrected(_given(args.ids, free))
    return [(free.items[source], f"{shares[source]:.6f}" if source in shares else "") for source in wanted]


def _doubt_shares(about: Run, sources: dict[str, str]) -> dict[str, float]:
    """{path of an image: the share of its pixels on which teachers disagree, the mean of its tiles} by the last generation that was made."""
    found: dict[str, list[float]] = {}
    task = Task(about.dataset.task.model_dump(mode="json"))
    for generation in range(about.method.last, 0, -1):
        table = Path("results", about.name, f"gen{generation}", "masks.csv")
        for row in read_table(table, ("id", "pixels", "doubt_pixels", "doubt_share")) if table.is_file() else []:
            if row["id"] in sources:
                found.setdefault(sources[row["id"]], []).append(disputed_share(row, about.method.pseudo_label, task))
        if found:  # one that was not made, as the run stopped before it, has no rows
            break
    return {source: sum(shares) / len(shares) for source, shares in found.items()}


def _given(path: Path, free: Free) -> list[str]:
    """Paths of the images that a file names; UserError names a line that is none of the unlabelled ones."""
    found = []
    for number, name in listed(path):
        source = free.source_of(name)
        if source is None:
            raise UserError(
                f"{path}, line {number}: `{name}` is not an unlabelled image of the run; take it out of the file"
            )
        found.append(source)
    return found


def _drafts(
    items: Sequence[tuple[Item, str]],
    dataset: Dataset,
    pool: "Pool",
    several: bool,
    device: str,
    out: Path,
    rows: list[dict],
    own: OwnMasks,
) -> Iterator[Draft]:
    """Each draft, once its image lies in OUT; `rows` gets what became of it, and the record of `own` what it is."""
    from tqdm import tqdm

    from dissent.cli.predict.vote import vote

    task = Task(dataset.task.model_dump(mode="json"))
    heeds = pool.knows.input.exif != "none"
    levels = pool.knows.input.levels
    for item, doubt_share in tqdm(items, "drafts", unit=" images", disable=None, leave=False):
        try:
            seen = read_upright(
                item.image,
                pool.knows.channels,
                pool.knows.input.bit_depth,
                (levels[0], levels[1]) if levels else None,
                heeds,
                None,
            )
            marks = vote(pool, task, seen, frozenset(["doubt"] * several), device)
        except ValueError as error:
            raise UserError(f"{item.image} {error}") from None
        name = _put_image(item, seen, (levels[0], levels[1]) if levels else None, out / "images")
        if marks.doubt is not None:
            write_atomic(out / "doubt" / f"{item.id}.png", encode_png(marks.doubt, DOUBT_PALETTE))
        own.sent(key_of(item.source), digest_of(marks.mask))
        rows.append({"id": item.id, "source": item.source, "image": f"images/{name}", "doubt_share": doubt_share})
        yield Draft(name, marks.mask)


def _put_image(item: Item, seen: Upright, levels: tuple[int, int] | None, folder: Path) -> str:
    """A copy of the image; one with a tag that turns it, or with 16 bits, as the PNG that is looked at. Returns its name."""
    if levels is None and read_header(item.image).orientation == 1:  # else tools would turn it, whatever `exif` says
        name = f"{item.id}{item.image.suffix}"
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(item.image, folder / name)
        return name
    _, pixels, _ = read_photo(item.image, 3 if seen.pixels.ndim == 3 and seen.pixels.shape[2] == 3 else 1)
    name = f"{item.id}.png"
    write_atomic(folder / name, encode_png(np.ascontiguousarray(turned(to_bytes(pixels, levels), seen.orientation))))
    return name
