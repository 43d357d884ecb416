"""`--quick`: a smaller experiment beside the first one, whose steps are such that two cores need about five minutes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from dissent.cli.init.first_experiment import NETWORK, SPLIT, Extent, experiment_text
from dissent.cli.init.update import Files
from dissent.cli.init.yaml_text import text_of
from dissent.cli.text import described, duration
from dissent.cli.workflow import has_workflow
from dissent.config.base import read_yaml
from dissent.config.dataset import Dataset
from dissent.config.resolve import Config
from dissent.core.files import UserError, write_text
from dissent.core.places import SHIPPED
from dissent.core.rebuild_hint import first
from dissent.planning.estimate import assumed, estimate_jobs
from dissent.planning.jobs import planned
from dissent.planning.paths import Plan
from dissent.planning.schedule import makespan
from dissent.planning.study_subsets import subsets_of

CORES = 2
SECONDS = 270.0
"""of all jobs: five minutes with what starting them takes"""
LABELLED_BY_TEACHERS = 300
"""unlabelled images that a quick run takes"""
_LEAST, _MOST = 40, 400
"""steps of a training, but never more than the proper one takes"""
_EXTENT = Extent(1, 2, controls=("ldt_equal_steps",))  # which has the students of generation 0: nothing more is trained
_SPLIT = "quick"

Subsets = dict[str, int]


def quick_splits(first: Mapping[str, Any], subsets: Subsets) -> dict[str, dict[str, Any]]:
    """A split of fewer unlabelled images, where there are many."""
    if subsets["unlabelled"] <= LABELLED_BY_TEACHERS or isinstance(first.get("unlabelled"), list):
        return {}
    return {_SPLIT: {**first, "unlabelled": LABELLED_BY_TEACHERS}}


def write_quick(settings: Path, name: str, dataset: Dataset, subsets: Subsets) -> tuple[list[Path], float]:
    """Write the smaller experiment and its network; the files, and the seconds that the run takes on two cores."""
    own = f"{name}_quick"
    split = _SPLIT if _SPLIT in dataset.splits else next(iter(dataset.splits))
    if split == _SPLIT:
        subsets = subsets | {"unlabelled": LABELLED_BY_TEACHERS, "hidden": min(subsets["hidden"], LABELLED_BY_TEACHERS)}
    network, experiment = quick_files(settings, name)
    comment = f"A first look at {name}, of few steps: numbers of a run as short as this tell little."
    write_text(experiment, experiment_text(name, dataset.task, own, _EXTENT, split, comment))
    config = Config(settings, SHIPPED / "config")
    of = read_yaml(config.path("networks", NETWORK))
    most = min(_MOST, config.run(name).network.steps or _MOST)

    def seconds_of(steps: int) -> float:
        about = f"As {NETWORK}, with as many steps as two cores take in about five minutes."
        write_text(network, text_of(of | {"steps": steps}, about))
        return seconds_for(Plan({"config_dir": str(settings)}, str(SHIPPED)), own, subsets, CORES)

    longest, shortest = seconds_of(_MOST), seconds_of(_LEAST)
    each = (longest - shortest) / (_MOST - _LEAST)
    steps = min(most, max(_LEAST, int((SECONDS - shortest) / each) + _LEAST) // 10 * 10)
    return [network, experiment], seconds_of(steps)


def quick_files(settings: Path, name: str) -> tuple[Path, Path]:
    """The files of `--quick`: a network and an experiment."""
    return settings / "networks" / f"{name}_quick.yaml", settings / "experiments" / f"{name}_quick.yaml"


def seconds_for(plan: Plan, name: str, subsets: Subsets, cores: int) -> float:
    """Seconds that a run takes with its controls, on processor cores of the usual speed."""
    run = plan.config.run(name)
    runs = [run, *plan.config.controls(name)]
    graph = planned(plan, [f"results/{name}/report.html"])
    known = {(one.dataset_name, one.split): subsets for one in runs}
    return makespan(plan, graph, estimate_jobs(plan, graph, runs, assumed(runs), known).each, cores)


class Next(NamedTuple):
    """What to type after `dissent init`, and files that were written for it."""

    text: str
    files: list[Path]


def next_commands(files: Files, dataset: Dataset, subsets: Subsets, quick: bool) -> Next:
    """The commands in their order, each with the time that it takes; `quick`: write the smaller experiment first."""
    plan = Plan({"config_dir": str(files.settings)}, str(SHIPPED))
    whole = duration(seconds_for(plan, files.name, subsets, CORES))
    last = (first([f"results/{files.name}/report.html"]), f"about {whole} on two cores")
    if not quick:
        return Next(_lines([(files.check, ""), last]), [])
    written, seconds = write_quick(files.settings, files.name, dataset, subsets)
    small = first([f"results/{files.name}_quick/report.html"])
    steps = [
        (files.check.replace(files.name, f"{files.name}_quick", 1), ""),
        (small, f"a first result: about {duration(seconds)} on two cores"),
        (last[0], f"the proper one: {last[1]}"),
    ]
    return Next(_lines(steps), written)


def add_quick(files: Files) -> str:
    """Write the smaller experiment of a data set that is known already, unless it is there; the lines to tell."""
    network, experiment = quick_files(files.settings, files.name)
    run = first([f"results/{files.name}_quick/report.html"])
    if there := [str(path) for path in (network, experiment) if path.exists()]:
        return f"kept    {' and '.join(there)}, as they are: {run}"
    plan = Plan({"config_dir": str(files.settings)}, str(SHIPPED))
    subsets = subsets_of(plan, plan.config.run(files.name))
    if subsets is None:
        tables = first([f"data/{files.name}/splits/{SPLIT}/labelled.csv"])
        raise UserError(f"`--quick` counts images, and tiles are counted when they are cut: {tables}")
    written, seconds = write_quick(files.settings, files.name, plan.config.dataset(files.name), subsets)
    return (
        "written "
        + "\n        ".join(map(str, written))
        + f"\n{_lines([(run, f'about {duration(seconds)} on two cores')])}"
    )


def _lines(steps: list[tuple[str, str]]) -> str:
    """Commands below each other, and behind them what they are; first that for the workflow, where it is not here."""
    if not has_workflow(Path()):
        steps = [("dissent workflow .", "once: the rules that snakemake goes by, into this folder"), *steps]
    return "\n".join(f"  {line}" for line in described(steps))
