"""Check an experiment before anything is computed: its settings, every raw file, labels, splits, steps and jobs.

All raw images and masks are decoded and brought to size as `prepare` does it, into a folder under work/ that is removed
again. Exit code 1 when something was found that would stop the run. `warning` marks what may spoil its
numbers, as nearly the same image in two subsets does, and `note` what deserves a look."""

import argparse
import contextlib
import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

from dissent.cli.check.changes import changes
from dissent.cli.check.looks import DATA, FIRST, SETTINGS, Found, Seen, asked
from dissent.cli.check.steps import steps_of
from dissent.cli.check.table import summary
from dissent.cli.check.takes import takes
from dissent.cli.machine import cores
from dissent.cli.seen import seen_files
from dissent.cli.settings import add_config_dir, config_of, settings_folder
from dissent.cli.text import columns
from dissent.config.resolve import Run
from dissent.config.source import Fetch
from dissent.core.files import UserError
from dissent.core.places import SHIPPED
from dissent.core.rebuild_hint import first
from dissent.datasets import find_raw, prepare, split
from dissent.planning.jobs import planned
from dissent.planning.paths import Plan

log = logging.getLogger("dissent")

EXAMPLES = """examples:
  dissent check isic
  dissent check mine --config-dir my_config"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `dissent check`."""
    parser.add_argument("experiment", help="name of a file in config/experiments, or of a run (isic.aldt, isic.s2)")
    add_config_dir(parser)


def run(args: argparse.Namespace) -> int:
    """Returns 0 when the experiment can run, else 1."""
    folder = settings_folder(args.config_dir)
    config = config_of(folder)
    one = config.run(args.experiment)
    controls = config.controls(args.experiment)
    print(
        f"{one.name}: data set {one.dataset_name}, split {one.split}, network {one.network_name}, method {one.method_name}"
    )
    plan = Plan({"config_dir": str(folder)}, str(SHIPPED))
    found = asked(FIRST, plan, one)
    if not found.faults:
        found += _check_data(plan, one, controls)
    found += asked(SETTINGS, plan, one)
    jobs = planned(plan, [f"results/{one.name}/report.html"])
    print(f"\n{len(jobs)} jobs for results/{one.name}/report.html, if none of them is done yet")
    print("".join(f"\nnote: {text}" for text in found.notes), end="")
    print("".join(f"\nwarning: {text}" for text in found.warnings), end="")
    print("".join(f"\nerror: {text}" for text in found.faults), end="")
    ready = f"ready: {first([f'results/{one.name}/report.html'])}"
    print(f"\n{len(found.faults)} to be mended" if found.faults else f"\n{ready}")
    return 1 if found.faults else 0


def _check_data(plan: Plan, run: Run, controls: list[Run]) -> Found:
    """What is wrong with the raw files, and what those say who look at them as they will be prepared."""
    raw = find_raw(run.dataset.raw, SHIPPED)
    absent = not raw.is_dir() and not run.dataset.obtain  # whose own words `prepare` has
    if absent or (run.dataset.fetch and not any((raw / part.images).is_dir() for part in run.dataset.parts)):
        if run.dataset.fetch:
            return Found(notes=[f"the raw files are not here: {_to_fetch(run.dataset.fetch, raw)}"])
        fault = (
            f"{raw} does not exist: put the raw files there, or name their folder with `raw` in {run.dataset_name}.yaml"
        )
        return Found([fault])
    dataset = run.dataset.model_dump(mode="json")
    Path("work").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="check-", dir="work") as scratch, _notes() as notes:
        seen = Seen(plan, run, controls, raw, Path(scratch), Path(scratch, "split"))
        try:
            earlier = f"data/{run.dataset_name}"
            prepare(dataset, run.dataset_name, str(raw), scratch, threads=cores(), record=earlier)
            print(f"\n{seen_files(run.dataset, raw)}{summary(seen)}")
            split(dataset, run.split, scratch, str(seen.split))
        except UserError as error:
            return Found([str(error).replace(scratch, f"data/{run.dataset_name}")], notes)
        print(f"\n{seen.unit} of the split:")
        print(columns([list(seen.subsets), list(seen.subsets.values())]))
        found = asked(DATA, seen)
        changed = changes(seen)
        if changed.lines:
            print("\n  ".join([f"\nsince {earlier} was prepared:", *changed.lines]))
        print("\nwhat will be trained (pairs and steps at most, as pseudo-labels may be dropped):")
        head = ["run", "generations", "students", "pairs", "steps each", "steps in all"]
        print(columns([head, *(steps_of(each, seen.subsets) for each in (run, *controls))]))
        for each in controls:
            if (home := plan.home(each)) != each.name:
                print(f"  {each.name} has the students of generation 0 from {home}, trained once")
        print(f"\n{takes(seen, changed.anew)}")
        return Found(notes=notes) + found + changed.found


def _to_fetch(fetch: Fetch, raw: Path) -> str:
    size = sum(archive.bytes for archive in fetch.archives) / 1e9
    return (
        f"the run will fetch {fetch.title} ({size:.1f} GB, {fetch.licence}) into {raw}, or takes the zips you put there"
    )


class _Kept(logging.Handler):
    """Puts warnings into a list."""

    def __init__(self, notes: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._notes = notes

    def emit(self, record: logging.LogRecord) -> None:
        """Put the message of a record into the list."""
        self._notes.append(record.getMessage())


@contextlib.contextmanager
def _notes() -> Iterator[list[str]]:
    """Warnings of the library as they come, instead of on the terminal."""
    notes: list[str] = []
    handler = _Kept(notes)

    def keep(record: logging.LogRecord) -> bool:
        return record.levelno < logging.WARNING

    log.addHandler(handler)
    others = logging.getLogger().handlers
    for other in others:
        other.addFilter(keep)
    try:
        yield notes
    finally:
        log.removeHandler(handler)
        for other in others:
            other.removeFilter(keep)
