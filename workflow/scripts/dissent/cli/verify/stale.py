"""Data, splits and runs that no setting knows any more: kept, told as such, and not held against what replaced them. No torch."""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from dissent.cli.verify.written import is_written
from dissent.config.fractions import with_split
from dissent.config.resolve import Config
from dissent.core.errors import UserError
from dissent.core.words import printable


class Stale(NamedTuple):
    """A folder that nothing asks for, and why. It may be what other settings made, or a copy: nobody is told to remove it."""

    folder: Path
    why: str

    def told(self) -> str:
        """The folder and the reason, as a line for the user."""
        return f"{printable(self.folder)}: {self.why}; it is kept, and nothing asks for it"


class Wanted:
    """What settings ask for; without any, as in a folder of masks, everything."""

    def __init__(self, config: Config | None):
        self._why = cache(lambda folder: _why(folder, config) if config else "")

    def stale(self, path: Path) -> Stale | None:
        """The outermost folder at or above a path that no setting makes any more."""
        folders = [folder for folder in (path, *path.parents) if 2 <= len(folder.parts) <= 5]
        return next((Stale(folder, why) for folder in reversed(folders) if (why := self._why(folder))), None)

    def all_stale(self, files: Iterable[Path]) -> list[Stale]:
        """All such folders in which one of `files` is of ours."""
        return sorted({one for file in files if is_written(file) and (one := self.stale(file))})

    def gone(self, path: Path) -> Path | None:
        """The folder above a path that nothing asks for and that is not there any more: a person has removed it."""
        one = self.stale(path)
        return one.folder if one and not one.folder.exists() else None


EVERYTHING = Wanted(None)


def _why(folder: Path, config: Config) -> str:
    plain = folder.as_posix()
    others = f"in {config.folders[0]} (--config-dir names another folder)"
    try:
        if match := re.fullmatch(r"data/(?!raw$)([^/]+)", plain):
            return "" if match[1] in config.names("datasets") else f"no data set is called {match[1]} {others}"
        if match := re.fullmatch(r"data/(?!raw/)([^/]+)/splits/([^/]+)", plain):
            return _of_split(config, *match.groups())
        if match := re.fullmatch(r"results/studies/([^/]+)", plain):
            return "" if match[1] in config.names("studies") else f"no study is called {match[1]} {others}"
        if match := re.fullmatch(r"results/(?!studies$)([^/]+)(?:/gen(\d+)(?:/students/(\d+))?)?", plain):
            why = _of_run(config, match[1], *(None if part is None else int(part) for part in match.groups()[1:]))
            return f"{why} {others}" if why and match[2] is None else why
    except (UserError, KeyError):
        return ""  # settings that cannot be read say nothing of it; `dissent check` tells what is wrong with them
    return ""


def _of_split(config: Config, dataset: str, split: str) -> str:
    source = config.dataset(dataset)
    try:
        with_split(source, split, dataset)
    except UserError:
        return f"{dataset} has no split called {split}"
    return ""


def _of_run(config: Config, name: str, generation: int | None, student: int | None) -> str:
    try:
        run = config.run(name)
    except UserError:
        return "" if generation is not None or _has_settings(config, name) else "no settings make this run"
    if generation is not None and generation > run.method.last:
        return f"{name} ends at gen{run.method.last}"
    if student is not None and student > run.at(generation or 0)["students"]:
        return f"gen{generation} of {name} has {run.at(generation or 0)['students']} students"
    return ""


def _has_settings(config: Config, name: str) -> bool:
    """Whether the files that a run's name asks for are there, wrong ones too."""
    first, *others = name.split(".")
    if first in config.names("studies"):
        return True
    methods = [word for word in others if not re.fullmatch(r"s\d+", word)]
    return first in config.names("experiments") and not set(methods) - set(config.names("methods"))
