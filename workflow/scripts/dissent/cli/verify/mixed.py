"""Whole files that do not belong together: made from others than lie here, as in a mix of two copies of a run. No torch."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from os.path import normpath
from pathlib import Path
from typing import NamedTuple

from dissent.core import seal
from dissent.core.files import sha256
from dissent.core.rebuild_hint import target
from dissent.core.words import printable

_OF_JOBS = {
    "evaluate": "metrics.json",
    "predict": "predictions.csv",
    "build_masks": "masks.csv",
    "score_pairs": "scores.csv",
}
_Known = Callable[[Path], str | None]


class Mixed(NamedTuple):
    """A result that does not belong to another file, and why we say so."""

    path: Path
    other: Path
    why: str


def mixed(values: Mapping[Path, object], pages: Iterable[Path], digests: Mapping[Path, str]) -> Iterator[Mixed]:
    """Find results that do not fit to the files here: costs, audits and pages keep digests of what their jobs read and wrote."""

    @cache
    def known(path: Path) -> str | None:
        return digests.get(path) or (sha256(path) if path.is_file() else None)

    for file, value in values.items():
        if not isinstance(value, dict) or not (result := _result(file)):
            continue
        others = [path for path, sha in _paths(file, value.get("made")).items() if known(path) not in (None, sha)]
        if others and result.name == "model.safetensors":
            continue  # the cost of another student: cost.json of the generation tells that, and no student is trained for it
        yield from _of_other_files(result, _paths(file, value.get("made_from")), known)
        yield from (Mixed(path, file, f"is not what the job of {printable(file)} wrote") for path in others)
    for page in pages:
        made_from = seal.made_from(page.read_bytes())
        yield from _of_other_files(page, {Path(name): sha for name, sha in made_from.items() if sha}, known)


def first_of(paths: Iterable[Path]) -> set[str]:
    """Choose the results that come first. Once they are made anew the others may fit, and no student is trained for nothing."""

    def rank(path: Path) -> tuple[bool, int, bool]:
        generation = next((int(part[3:]) for part in path.parts if re.fullmatch(r"gen\d+", part)), 0)
        return path.suffix == ".html", generation, "students" in path.parts

    found = sorted((rank(path), target(path)) for path in paths if target(path))
    return {name for place, name in found if place == found[0][0]}


def _of_other_files(result: Path, made_from: Mapping[Path, str], known: _Known) -> Iterator[Mixed]:
    for path, sha in made_from.items():
        if known(path) not in (None, sha):
            yield Mixed(result, path, f"was made from another {printable(path)} than lies here")


def _paths(file: Path, found: object) -> dict[Path, str]:
    items = found.items() if isinstance(found, dict) else ()
    return {Path(normpath(file.parent / name)): str(sha) for name, sha in items}


def _result(file: Path) -> Path | None:
    """What the job wrote that keeps its record in this file."""
    if file.name == "audit.json":
        return file
    if file.name == "cost.json" and file.parent.name.isdigit():
        return file.with_name("model.safetensors")
    if file.parent.name == "costs" and file.stem in _OF_JOBS:
        return file.parents[1] / _OF_JOBS[file.stem]
    if file.parts[-3:-2] == ("costs",) and file.parent.name in _OF_JOBS:  # of a shard
        return file.parents[2] / Path(_OF_JOBS[file.parent.name]).stem / f"{file.stem}.csv"
    return None
