"""Check an experiment before anything is computed: its settings, every raw file, labels, splits, steps and jobs.

All raw images and masks are decoded and brought to size as `prepare` does it, into a folder under work/ that is removed
again. Exit code 1 when something was found that would stop the run; what only deserves a look is marked `note`."""

import argparse
import contextlib
import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

from dissent.cli.machine import cores
from dissent.cli.plan import jobs_of, steps_of
from dissent.cli.seen import seen_files
from dissent.cli.settings import config_of, settings_folder
from dissent.cli.shown import check_shown
from dissent.cli.text import columns
from dissent.datasets import find_raw, prepare, split
from dissent.files import UserError, read_json, read_table, sha256
from dissent.places import SHIPPED
from dissent.plan import Plan
from dissent.spec.coding import Coding
from dissent.spec.origin import Fetch
from dissent.spec.run import Run
from dissent.task import Task

log = logging.getLogger("dissent")

EXAMPLES = """examples:
  dissent check isic
  dissent check mine --settings my_config"""
_FEW = 8  # validation images by which the best step of a training can hardly be told


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `dissent check`."""
    parser.add_argument("experiment", help="name of a file in config/experiments, or of a run (isic.aldt, isic.s2)")
    parser.add_argument(
        "--settings", type=Path, metavar="DIR", help="a folder of settings of your own; default: config"
    )


def run(args: argparse.Namespace) -> int:
    """Returns 0 when the experiment can run, else 1."""
    folder = settings_folder(args.settings)
    config = config_of(folder)
    one = config.run(args.experiment)
    controls = config.controls(args.experiment)
    print(
        f"{one.name}: data set {one.dataset_name}, split {one.split}, network {one.network_name}, method {one.method}"
    )
    faults, notes, sides = _check_home(Plan({"settings": str(folder)}, str(SHIPPED)), one)
    if not faults:
        faults, notes, sides = _check_data(one)
    if sides:
        print("\nimages of the split:")
        print(columns([list(sides), list(sides.values())]))
        more_faults, more_notes = _check_sides(one, sides)
        faults, notes = faults + more_faults, notes + more_notes
        print("\nwhat will be trained (pairs and steps at most, as pseudo-labels may be dropped):")
        head = ["run", "generations", "students", "pairs", "steps each", "steps in all"]
        print(columns([head, *(steps_of(each, sides) for each in (one, *controls))]))
    print(f"\n{jobs_of(one, controls)} jobs for results/{one.name}/report.html, if none of them is done yet")
    faults += _check_weights(one)
    print("".join(f"\nnote: {text}" for text in notes) + "".join(f"\nerror: {text}" for text in faults), end="")
    own = f" --config settings={args.settings}" if args.settings else ""
    ready = f"ready: snakemake --cores 2 results/{one.name}/report.html{own}"
    print(f"\n{len(faults)} to be mended" if faults else f"\n{ready}")
    return 1 if faults else 0


def _check_home(plan: Plan, run: Run) -> tuple[list[str], list[str], dict[str, int]]:
    """Faults where preparing the data set would remove files of the user's."""
    try:
        plan.guard(run.dataset_name)
    except UserError as error:
        return [str(error)], [], {}
    return [], [], {}


def _check_data(run: Run) -> tuple[list[str], list[str], dict[str, int]]:
    """Faults, notes, and the number of images on each side of the split (none where the data cannot be used)."""
    raw = find_raw(run.dataset.raw, SHIPPED)
    absent = not raw.is_dir() and not run.dataset.obtain  # whose own words `prepare` has
    if absent or (run.dataset.fetch and not any((raw / part.images).is_dir() for part in run.dataset.parts)):
        if run.dataset.fetch:
            return [], [f"the raw files are not here: {_to_fetch(run.dataset.fetch, raw)}"], {}
        fault = (
            f"{raw} does not exist: put the raw files there, or name their folder with `raw` in {run.dataset_name}.yaml"
        )
        return [fault], [], {}
    dataset = run.dataset.model_dump(mode="json")
    Path("work").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="check-", dir="work") as scratch, _notes() as notes:
        try:
            earlier = f"data/{run.dataset_name}"
            prepare(dataset, run.dataset_name, str(raw), scratch, threads=cores(), record=earlier)
            print(f"\n{seen_files(run.dataset, raw)}{_summary(run, raw, Path(scratch))}")
            split(dataset, run.split, scratch, f"{scratch}/split")
        except UserError as error:
            return [str(error).replace(scratch, f"data/{run.dataset_name}")], notes, {}
        faults, more = _look(run, Path(scratch), Path(scratch, "split"))
        names = ("labelled", "unlabelled", "hidden", "val", "test")
        return faults, notes + more, {name: len(read_table(f"{scratch}/split/{name}.csv")) for name in names}


def _look(run: Run, prepared: Path, split: Path) -> tuple[list[str], list[str]]:
    """Faults and notes of those who look at the prepared images and the sides of the split."""
    task = Task(run.dataset.task.model_dump(mode="json"))
    looks = [check_shown(prepared, split, task)]
    return [fault for faults, _ in looks for fault in faults], [note for _, notes in looks for note in notes]


def _to_fetch(fetch: Fetch, raw: Path) -> str:
    size = sum(archive.bytes for archive in fetch.archives) / 1e9
    return (
        f"the run will fetch {fetch.title} ({size:.1f} GB, {fetch.licence}) into {raw}, or takes the zips you put there"
    )


@contextlib.contextmanager
def _notes() -> Iterator[list[str]]:
    """Warnings of the library as they come, instead of on the terminal."""
    notes: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: notes.append(record.getMessage())
    keep = logging.Filter()
    keep.filter = lambda record: record.levelno < logging.WARNING
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


def _summary(run: Run, raw: Path, prepared: Path) -> str:
    """What was found: numbers of images and masks, and the table of values."""
    about, rows = read_json(prepared / "dataset.json"), read_table(prepared / "files.csv")
    task = Task(about["task"])
    high, wide = about["size"]
    head = f"\n{about['images']} images, {about['labels']} of them with masks, from {raw}, at {high} x {wide} (height x width)"
    if about["levels"]:
        head += f"; grey levels {about['levels'][0]} to {about['levels'][1]} become 0 to 255"
    names = task.histogram_names
    total = about["labels"] * high * wide
    table = [["value in the files", "label", "pixels", "share", "images"]]
    present = [{int(value) for value in row["present"].split()} for row in rows]
    for number, (value, name) in enumerate(zip(raw_values(run.dataset.coding, task), names, strict=True)):
        pixels = about["pixels"][name]
        images = sum(number in one for one in present)
        table.append([value, name, f"{pixels:,}", f"{pixels / max(total, 1):.2%}", images])
    unknown = about["pixels"]["unknown"]
    if unknown:
        table.append(["ignored", "nobody knows", f"{unknown:,}", f"{unknown / max(total, 1):.2%}", ""])
    return f"{head}\n{columns(table)}"


def raw_values(coding: Coding, task: Task) -> list[str]:
    """For each name of `task.histogram_names`, what stands for it in the raw masks."""
    names = task.histogram_names
    below = len(names) - len(task.labels)  # a background that is no label
    values = {
        "index": lambda: [1 << i if task.bits else i for i in range(len(names))],
        "zero_255": lambda: [0, 255],
        "colours": lambda: [" ".join(map(str, colour)) for colour in coding.table],
        "folders": lambda: [f"{folder}/" for folder in coding.folders or task.labels[int(task.exclusive) :]],
        "channels": lambda: [f"channel {i + 1}" for i in range(len(names))],
    }[coding.name]()
    if coding.name == "index" and coding.ids:
        values = [0] * below + [" ".join(map(str, item)) if isinstance(item, list) else item for item in coding.ids]
    return ["elsewhere"] * (len(names) - len(values)) + [str(value) for value in values]


def _check_sides(run: Run, sides: dict[str, int]) -> tuple[list[str], list[str]]:
    faults, notes = [], []
    if run.recipe.generations and not sides["unlabelled"]:
        faults.append(f"method {run.method} labels unlabelled images, and split {run.split} has none: lower `labelled`")
    if sides["labelled"] < run.network.batch:
        notes.append(
            f"{sides['labelled']} labelled images are fewer than `batch: {run.network.batch}`: batches repeat them"
        )
    if sides["val"] < _FEW:
        notes.append(
            f"{sides['val']} validation images tell little: the best step and the best students come by chance"
        )
    if not sides["test"]:
        notes.append("there are no test images: scores on validation images are a little too good")
    return faults, notes


def _check_weights(run: Run) -> list[str]:
    network = run.network
    if network.weights_sha256 is None:
        return []
    if not Path(network.weights).is_file():
        return [f"`weights: {network.weights}` of network {run.network_name} does not exist"]
    if sha256(network.weights) != network.weights_sha256:
        return [
            f"`weights: {network.weights}` of network {run.network_name} is not the file that `weights_sha256` means"
        ]
    return []
