"""Folders that lie under another name than that under which their files were written. No torch."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

_GENERATION = re.compile(r"results/(?!studies/)([^/]+)/(gen\d+)/(metrics|audit)\.json")


def moved(values: Mapping[Path, object]) -> dict[Path, Path]:
    """{folder: the name by which all its files call it, where nothing lies, or a folder that was moved too}; the outermost alone.

    `values`: what whole JSON files hold.
    """
    votes: dict[Path, set[Path]] = {}
    for folder, before in _named(values):
        votes.setdefault(folder, set()).add(before)
    agreed = {folder: next(iter(named)) for folder, named in votes.items() if len(named) == 1 and named != {folder}}
    found: dict[Path, Path] = {}
    for folder, before in sorted(agreed.items()):
        free = not before.exists() or agreed.get(before) == folder
        if free and not any(parent in found for parent in folder.parents):
            found[folder] = before
    return found


def _named(values: Mapping[Path, object]) -> Iterator[tuple[Path, Path]]:
    """(folder, what a file in it calls it)."""
    for file, value in values.items():
        if not isinstance(value, dict):
            continue
        if file.name == "dataset.json" and isinstance(value.get("dataset"), str):
            yield file.parent, file.parents[1] / value["dataset"]
        if file.name == "split.json" and isinstance(value.get("split"), str):
            yield file.parent, file.parents[1] / value["split"]
        if _GENERATION.fullmatch(file.as_posix()) and {"run", "generation"} <= value.keys():
            yield file.parents[1], Path("results", str(value["run"]))
            yield file.parent, file.parents[1] / f"gen{value['generation']}"
