"""Data, splits and runs that no setting knows any more: kept, told as such, and not held against what replaced them. No torch."""

import re
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from dissent.config.fractions import with_split
from dissent.config.resolve import Config
from dissent.core.errors import UserError


class Stale(NamedTuple):
    """A folder that nothing asks for, why, and how to remove it."""

    folder: Path
    why: str

    def told(self) -> str:
        """As a line for the user."""
        return f"{self.folder}: {self.why}; if it is not wanted: rm -r {shlex.quote(str(self.folder))}"


def stale(files: Iterable[Path], config: Config) -> list[Stale]:
    """The folders of `files` that no setting makes any more; of one inside another the outer."""
    found: dict[Path, Stale] = {}
    folders = {parent for file in files for parent in list(file.parents)[:5]}
    for folder in sorted(folders):
        if not any(parent in found for parent in folder.parents) and (why := _why(folder, config)):
            found[folder] = Stale(folder, why)
    return list(found.values())


def _why(folder: Path, config: Config) -> str:
    plain = folder.as_posix()
    try:
        if match := re.fullmatch(r"data/(?!raw$)([^/]+)", plain):
            return "" if match[1] in config.names("datasets") else f"no data set is called {match[1]} any more"
        if match := re.fullmatch(r"data/(?!raw/)([^/]+)/splits/([^/]+)", plain):
            return _of_split(config, *match.groups())
        if match := re.fullmatch(r"results/studies/([^/]+)", plain):
            return "" if match[1] in config.names("studies") else f"no study is called {match[1]} any more"
        if match := re.fullmatch(r"results/(?!studies$)([^/]+)(?:/gen(\d+)(?:/students/(\d+))?)?", plain):
            return _of_run(config, match[1], *(None if part is None else int(part) for part in match.groups()[1:]))
    except (UserError, KeyError):
        return ""  # settings that cannot be read say nothing of it; `dissent check` tells what is wrong with them
    return ""


def _of_split(config: Config, dataset: str, split: str) -> str:
    source = config.dataset(dataset)
    try:
        with_split(source, split, dataset)
    except UserError:
        return f"{dataset} has no split called {split} any more"
    return ""


def _of_run(config: Config, name: str, generation: int | None, student: int | None) -> str:
    try:
        run = config.run(name)
    except UserError:
        return "" if generation is not None or _has_settings(config, name) else "no settings make this run any more"
    if generation is not None and generation > run.recipe.last:
        return f"{name} ends at gen{run.recipe.last}"
    if student is not None and student > run.at(generation or 0)["pool"]:
        return f"gen{generation} of {name} has {run.at(generation or 0)['pool']} students"
    return ""


def _has_settings(config: Config, name: str) -> bool:
    """Whether the files that a run's name asks for are there, wrong ones too."""
    first, *others = name.split(".")
    if first in config.names("studies"):
        return True
    methods = [word for word in others if not re.fullmatch(r"s\d+", word)]
    return first in config.names("experiments") and not set(methods) - set(config.names("methods"))
