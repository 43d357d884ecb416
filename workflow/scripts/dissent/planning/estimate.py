"""What a study or a run takes before anything starts: jobs, hours by measured rates, and disk. No torch."""

import math
import statistics
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dissent.config.budget import pairs_and_steps
from dissent.config.resolve import Config, Run
from dissent.core.columns import DISJOINT
from dissent.core.files import UserError, read_json
from dissent.planning import network_size, resources
from dissent.planning.job import Job
from dissent.planning.jobs import counted, of_study
from dissent.planning.paths import Plan
from dissent.planning.study_subsets import subsets_of

GIVEN = "the card that was named"
"""device of a rate that a person gives"""
START = 6.0  # seconds of a job that imports torch and looks at its data
SMALL = 1.0  # of one that joins tables
MASK_BYTES = 0.1  # of a pixel of a mask as PNG: 128x96 images of one foreground take this, larger ones less
IMAGE_BYTES = 0.5  # of a sample (a pixel of a channel) of a prepared image, likewise
ROW_BYTES = 45  # of a row of counts.csv

Known = Mapping[tuple[str, str], dict[str, int] | None]
"""by data set and split, {subset: images}; None where that is not known yet"""


@dataclass(frozen=True)
class Rate:
    """GFLOP of training in a second of one job."""

    gflop: float
    trainings: int
    """how many were measured; 0: assumed"""
    device: str


@dataclass(frozen=True)
class Estimate:
    """Everything at once; what is done already is counted apart."""

    jobs: dict[str, int]
    trainings: int
    done: int
    """trainings whose model lies there and stays"""
    seconds: dict[str, float]
    """by rule, one job after the other, of what is not done"""
    disk: dict[str, float]
    """bytes, by what takes them"""
    rate: Rate
    notes: list[str] = field(default_factory=list)
    without: list[str] = field(default_factory=list)
    """data sets that are in neither seconds nor disk"""
    each: dict[Job, float] = field(default_factory=dict)
    """seconds of each job that is not done"""


def measured(config: Config, results: Path = Path("results")) -> Rate | None:
    """The median rate of the trainings below `results`, on the device that most of them ran on; None where there is none."""
    found: dict[str, list[float]] = {}
    for path in sorted(results.glob("*/gen*/students/*/cost.json")):
        cost = read_json(path)
        if cost.get("seconds", 0) <= 0 or "taken_from" in cost or not {"steps", "device"} <= cost.keys():
            continue
        try:
            run = config.run(path.parts[-5])
            work = _gflop(run, int(path.parts[-4].removeprefix("gen")), cost["steps"])
        except UserError:  # a run whose settings are gone, or a generation that they no longer have
            continue
        found.setdefault(cost["device"], []).append(work / cost["seconds"])
    if not found:
        return None
    device, rates = max(found.items(), key=lambda item: len(item[1]))
    return Rate(statistics.median(rates), len(rates), device)


def estimate(plan: Plan, study: str, rate: Rate | None = None) -> Estimate:
    """How many jobs, hours and bytes a study of config/studies takes; `rate`: in place of the measured one."""
    return estimate_jobs(plan, of_study(plan, study), plan.cells(study), rate)


def estimate_jobs(
    plan: Plan,
    jobs: Iterable[Job],
    runs: Sequence[Run],
    rate: Rate | None = None,
    known: Known | None = None,
    anew: Collection[Job] = (),
) -> Estimate:
    """How many hours and bytes jobs of some runs take.

    `known`: how many images there are, where nothing is prepared yet. `anew`: jobs that are done again, whatever lies there.
    """
    rate = rate or measured(plan.config) or assumed(runs)
    jobs = set(jobs)
    known = {_data(run): (known or {}).get(_data(run)) or subsets_of(plan, run) for run in runs}
    notes = [
        f"{dataset}, split {split}: how many images there are is known when they are prepared; its hours and disk are not counted"
        for (dataset, split), subsets in known.items()
        if subsets is None
    ]
    trainings = [job for job in jobs if job.trains]
    done = {job for job in jobs if job not in anew and job.output and Path(job.output).is_file()}
    seconds: dict[str, float] = {}
    disk: dict[str, float] = {}
    each: dict[Job, float] = {}
    for job in sorted(jobs, key=lambda one: (one.rule, one.where, one.generation, one.member)):
        took, held = _of_job(plan, job, known, rate)
        if job not in done:
            each[job] = took
            seconds[job.rule] = seconds.get(job.rule, 0.0) + took
        for what, size in held.items():
            disk[what] = disk.get(what, 0.0) + size
    for run in {run.dataset_name: run for run in runs}.values():
        for what, size in _of_data(plan, run, known[_data(run)]).items():
            disk[what] = disk.get(what, 0.0) + size
    without = sorted({dataset for (dataset, _), subsets in known.items() if subsets is None})
    return Estimate(
        counted(jobs), len(trainings), len(done & set(trainings)), seconds, disk, rate, notes, without, each
    )


def assumed(runs: Sequence[Run]) -> Rate:
    """What the threads of a training reach on a desktop's processor."""
    return Rate(resources.THREAD * max(run.network.resources.threads for run in runs), 0, "cpu")


def _data(run: Run) -> tuple[str, str]:
    return run.dataset_name, run.split


def _of_job(plan: Plan, job: Job, known: Known, rate: Rate) -> tuple[float, dict[str, float]]:
    """Seconds of a job, and {what: bytes} that it leaves."""
    if job.rule == "prepare":
        images = max(_images(subsets) for (dataset, _), subsets in known.items() if dataset == job.where)
        pixels = math.prod(plan.config.dataset(job.where).size)
        return START + resources.DATA_SECONDS * images * pixels / network_size.PIXELS, {}
    if job.rule in ("fetch", "split", "tabulate_study", "plot_labels", "join_shards"):
        return START, {}
    run = plan.config.run(job.run)
    subsets = known.get(_data(run))
    if subsets is None:
        return 0.0, {}
    pixels, g = math.prod(run.dataset.size), job.generation
    unlabelled = subsets["unlabelled"] / (run.shards if "/shard" in job.where else 1)
    if job.rule == "train":
        steps = pairs_and_steps(run, g, subsets)[1]
        work = _gflop(run, g, steps) + (0 if rate.trainings else _judging(run, g, steps, subsets["val"]))
        return START + work / rate.gflop, {"students": _weights(run, g)}
    if job.rule == "predict":
        masks = unlabelled * run.voters(g)
        seconds = _forward(run, g - 1, unlabelled * run.passes(g), rate)
        return START + seconds, {"masks": masks * pixels * MASK_BYTES}
    if job.rule == "build_masks":
        return SMALL + resources.DATA_SECONDS * unlabelled * pixels / network_size.PIXELS, {
            "masks": 2 * unlabelled * pixels * MASK_BYTES
        }
    if job.rule == "evaluate":
        images, pool = subsets["val"] + subsets["test"], run.at(g)["students"]
        rows = images * (pool + 1) * len(run.dataset.task.labels)
        return START + _forward(run, g, images * pool, rate), {"tables": rows * ROW_BYTES}
    if job.rule == "train_evalnet":
        size, steps = network_size.size_of(run.rater), resources.rating_steps(run, subsets["labelled"])
        work = steps * run.rater.batch_size * size.gflop * pixels / network_size.PIXELS
        return START + work / rate.gflop, {"students": 4e6 * size.weights}
    if job.rule == "measure_thresholds":
        return START + _forward(run, 0, subsets["val"] * plan.config.rated_networks(run), rate), {}
    if job.rule == "score_pairs":
        masks = unlabelled * (run.voters(g) if run.method.rates == "predictions" else 1)
        return START + _passed(run, *resources.raters(run), masks, rate), {}
    return SMALL, {}


def _gflop(run: Run, generation: int, steps: int) -> float:
    """The operations of a training: forward and backward of all its images, and of the unlabelled ones that its learner
    adds.
    """
    each = resources.learned_size(run, generation).gflop * resources.learned_scale(run)
    return resources.learned_images(run, generation, steps) * each


def _judging(run: Run, generation: int, steps: int, val: int) -> float:
    """The operations of a training's validations. A rate that was measured is that of whole trainings, which have theirs."""
    network = run.network_at(generation)
    images = resources.validated_images(network, steps, val) * resources.judged(run)
    return images * network_size.size_of(network).gflop / 3 * math.prod(run.dataset.size) / network_size.PIXELS


def _forward(run: Run, generation: int, images: float, rate: Rate) -> float:
    """Seconds of predictions of one network each, with their reading and writing."""
    return _passed(run, network_size.size_of(run.network_at(generation)), resources.judged(run), images, rate)


def _passed(run: Run, size: network_size.Size, times: float, images: float, rate: Rate) -> float:
    """Seconds of `images` images that networks see so many times, with their reading and writing."""
    scale = math.prod(run.dataset.size) / network_size.PIXELS
    return images * scale * (times * size.gflop / 3 / rate.gflop + resources.DATA_SECONDS)


def _weights(run: Run, generation: int) -> float:
    return 4e6 * network_size.size_of(run.network_at(generation)).weights


def _images(subsets: dict[str, int] | None) -> int:
    """Images of a data set, as far as they are known; hidden masks are those of unlabelled ones."""
    return sum(subsets[subset] for subset in DISJOINT) if subsets else 0


def _of_data(plan: Plan, run: Run, subsets: dict[str, int] | None) -> dict[str, float]:
    """Bytes that are still to come of a data set: archives, prepared images and labels."""
    found = {}
    if run.dataset.fetch and not Path(plan.raw(run.dataset_name), "fetched.json").is_file():
        found["archives, and as much when they are unpacked"] = 2.0 * sum(
            one.bytes for one in run.dataset.fetch.archives
        )
    if subsets and not Path("data", run.dataset_name, "dataset.json").is_file():
        samples = run.dataset.channels * IMAGE_BYTES + MASK_BYTES
        found["prepared images"] = _images(subsets) * math.prod(run.dataset.size) * samples
    return found
