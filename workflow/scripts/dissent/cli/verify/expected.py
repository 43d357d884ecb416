"""Files that must be there because of others that are, and JSON files that are those of another place. No torch."""

import re
from collections.abc import Iterable, Iterator, Mapping
from os.path import normpath
from pathlib import Path
from typing import NamedTuple

from dissent.core import seal
from dissent.core.columns import SUBSETS
from dissent.core.words import printable

_MADE = re.compile(r"results/(?!studies/)([^/]+)/gen(\d+)/")
# what is there -> what was there before it, or was written with it; in one folder of a generation
_WITH = {
    "metrics.json": ("counts.csv", "teachers.json", "costs/evaluate.json"),
    "examples/shown.json": ("metrics.json",),
    "counts.csv": ("metrics.json",),
    "costs/evaluate.json": ("metrics.json", "counts.csv"),
    "costs/predict.json": ("predictions.csv",),
    "costs/build_masks.json": ("masks.csv",),
    "costs/score_pairs.json": ("scores.csv",),
    "scores.csv": ("costs/score_pairs.json", "../evalnets/thresholds.json"),
    "audit.json": ("masks.csv", "predictions.csv", "teachers.json"),
}
_STUDENT = ("model.safetensors", "model.json", "metrics.json", "history.csv", "cost.json")


class Lost(NamedTuple):
    """A file that must be there, and why."""

    path: Path
    why: str


def lost(files: Iterable[Path], values: Mapping[Path, object]) -> list[Lost]:
    """What is not there, by what is. `files`: all that are; `values`: what the whole JSON files among them hold."""
    there = sorted(files)
    found = [*_of_tables(there, values), *_of_pages(there)]
    inside: dict[Path, set[str]] = {}
    for file in there:
        child = file
        for folder in list(file.parents)[:5]:
            inside.setdefault(folder, set()).add(child.name)
            child = folder
    for folder, names in inside.items():
        found += _of_folder(folder, names)
    found += _of_generations(there, values)
    # a generation is the one folder among them: a folder in the place of a file is a loss
    return [
        one for one in dict.fromkeys(found) if not (one.path.is_dir() if not one.path.suffix else one.path.is_file())
    ]


def _of_tables(files: list[Path], values: Mapping[Path, object]) -> Iterator[Lost]:
    """Tables that a JSON knows, and the JSON of a table where others of its run or data set have theirs."""
    for file, value in values.items():
        for name in value.get("tables", {}) if isinstance(value, dict) else ():
            yield Lost(file.with_name(name), f"{printable(file)} has its digest")
    sealed = {home(file) for file, value in values.items() if isinstance(value, dict) and seal.FIELD in value}
    for file in files:
        if file.suffix == ".csv" and home(file) in sealed and not any(one.exists() for one in seal.keepers(file)):
            yield Lost(seal.keepers(file)[0], f"keeps the digest of {printable(file)}")
        if home(file) in sealed and (folder := _shown(file)):
            yield Lost(folder / "shown.json", f"keeps the digest of {printable(file)}")


def _shown(file: Path) -> Path | None:
    """The folder of pictures for people in which one lies."""
    if file.parts[-3:-2] == ("pairs",):
        return file.parents[1]
    return file.parent if file.parent.name in ("examples", "overlay") and file.suffix in (".png", ".jpg") else None


def home(file: Path) -> Path:
    """The folder of the generation, the data set or the study that a file belongs to; else the one it lies in."""
    parts = file.parts
    for number, part in enumerate(parts[:-1]):
        if re.fullmatch(r"gen\d+|evalnets|external", part) or (number and parts[number - 1] in ("data", "studies")):
            return Path(*parts[: number + 1])
    return file.parent


def _of_pages(files: list[Path]) -> Iterator[Lost]:
    for file in files:
        if file.suffix == ".html":
            content = file.read_bytes()
            for name in seal.made_from(content) if seal.page_holds(content) else ():
                yield Lost(Path(name), f"{printable(file)} was made from it")


def _of_folder(folder: Path, names: set[str]) -> Iterator[Lost]:
    """Files that must lie beside these: all of a student, a split or a data set."""
    if folder.parent.name == "students" or (folder.parent.name == "evalnets" and folder.name.isdigit()):
        yield from (Lost(folder / name, "belongs to a student") for name in _STUDENT if names & set(_STUDENT))
    if folder.name == "students" and names:
        yield Lost(folder.with_name("pairs.csv"), "belongs to the students who learned from it")
    if folder.name == "evalnets" and names & {"evalnets.json", "1"}:
        yield Lost(folder / "evalnets.json", "belongs to EvalNets")
    if folder.parent.name == "splits" and names:
        yield from (Lost(folder / f"{subset}.csv", "belongs to a split") for subset in SUBSETS)
    if folder.parent.name == "data" and names & {"files.csv", "dataset.json", "images", "labels", "splits"}:
        yield from (Lost(folder / name, "belongs to a data set") for name in ("files.csv", "dataset.json"))


def _of_generations(files: list[Path], values: Mapping[Path, object]) -> Iterator[Lost]:
    runs: dict[Path, dict[int, set[str]]] = {}
    for file in files:
        if match := _MADE.match(f"{file.as_posix()}"):
            run = Path("results", match[1])
            runs.setdefault(run, {}).setdefault(int(match[2]), set()).add(
                file.relative_to(run / f"gen{match[2]}").as_posix()
            )
    for run, generations in runs.items():
        for g, names in generations.items():
            here, why = run / f"gen{g}", f"belongs to {run}/gen{g}"
            yield from (
                Lost(run / f"gen{h}", f"is the generation before {here}") for h in range(g) if h not in generations
            )
            yield from (
                Lost(Path(normpath(here / one)), why) for name, needs in _WITH.items() if name in names for one in needs
            )
            if g:
                yield from _of_labels(here, g, names)
            yield from _of_costs(here, values.get(here / "cost.json"), names)
            value = values.get(here / "metrics.json")
            rule = value.get("stopping") if isinstance(value, dict) else None
            if rule and g > rule["patience"]:
                yield Lost(here / f"stop.{rule['patience']}.json", f"decided on {here}")


def _of_labels(here: Path, g: int, names: set[str]) -> Iterator[Lost]:
    """Predictions and masks, in one piece or in shards."""
    tops = {name.split("/")[0].removesuffix(".csv").removesuffix(".json") for name in names}
    why = f"belongs to {here}"
    if tops & {"predictions", "masks"} or {"pairs.csv", "teachers.json"} & names:
        # of shards the masks alone are joined; their predictions where somebody asks for all of them
        sharded = any(re.match(r"(predictions|masks)/shard\d+[./]", name) for name in names)
        yield from (Lost(here / f"{name}.csv", why) for name in (["masks"] if sharded else ["predictions", "masks"]))
        yield Lost(here.with_name(f"gen{g - 1}") / "teachers.json", "the teachers labelled with it")
    for name in names:
        if match := re.match(r"(predictions|masks)/(shard\d+)[./]", name):
            yield from (
                Lost(here / part / f"{match[2]}{end}", why)
                for part in ("predictions", "masks")
                for end in (".csv", ".json")
            )
            yield from (Lost(here / "costs" / job / f"{match[2]}.json", why) for job in ("predict", "build_masks"))


def _of_costs(here: Path, cost: object, names: set[str]) -> Iterator[Lost]:
    elsewhere = ("evalnet", *(() if any(name.startswith("students/") for name in names) else ("train",)))
    for job in cost.get("jobs", {}) if isinstance(cost, dict) else ():
        if job.split(" ")[0] not in elsewhere:
            yield Lost(counted(here, job), f"{here}/cost.json counts it")


def counted(here: Path, job: str) -> Path:
    """The file of a job that cost.json of a generation counts; students and EvalNets may be those of another run."""
    kind, _, part = job.partition(" ")
    folders = {"train": here / "students", "evalnet": here.parent / "evalnets"}
    if kind in folders:
        return folders[kind] / part / "cost.json"
    return here / "costs" / (f"{kind}/{part}.json" if part else f"{kind}.json")
