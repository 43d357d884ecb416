"""Which files are looked at, and under which names: tables name files as seen from the folder of the project. No torch."""

import os
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path

from dissent.cli.verify.cached import CACHE, LOCK
from dissent.core.errors import UserError
from dissent.core.words import printable
from dissent.datasets.listing import JUNK

_HOMES = ("data", "results")
DEFAULT = (*map(Path, _HOMES), CACHE, LOCK)


def named(paths: Iterable[Path]) -> list[Path]:
    """The paths as tables name them; nothing means all of the project. UserError tells what is not there, and from where else it is to be seen."""
    found = list(paths) or [Path()]
    if absent := [printable(path) for path in found if not path.exists()]:
        raise UserError(
            f"there is no {', '.join(absent)} here; run this in the folder of the project, or name what to verify"
        )
    return list(dict.fromkeys(one for path in found for one in _named(path)))


def _named(path: Path) -> list[Path]:
    full = Path(os.path.abspath(path))
    if full.samefile("."):
        if not (there := [one for one in DEFAULT if one.exists()]) and path == Path():
            raise UserError(
                "there is no data or results here; run this in the folder of the project, or name what to verify"
            )
        return there or [path]
    for parent in (full, *full.parents):
        home = Path(parent.name)
        if parent.name in _HOMES and home.exists() and parent.samefile(home):
            return [home / full.relative_to(parent)]
        if parent.name in _HOMES and _is_project(parent.parent):
            raise UserError(_elsewhere(parent.parent, full.relative_to(parent.parent)))
    if _is_project(full):
        raise UserError(_elsewhere(full, Path()))
    if _is_made(full):
        raise UserError(
            f"{printable(path)} is a run or a data set outside of results/ and data/, by which its tables name files: let it lie "
            "there, and run this in the folder of results/ and data/"
        )
    near = next((parent for parent in (full, *full.parents) if parent.samefile(".")), None)
    return [full.relative_to(near) if near else full]


def _is_project(folder: Path) -> bool:
    """Whether runs or data sets lie below its `results` and `data`."""
    return any(_is_made(one) for home in _HOMES for one in folder.glob(f"{home}/*"))


def _is_made(folder: Path) -> bool:
    """Whether it is a run or a data set."""
    return any(folder.glob("gen[0-9]*/teachers.json")) or all(
        (folder / name).exists() for name in ("dataset.json", "files.csv")
    )


def _elsewhere(project: Path, path: Path) -> str:
    rest = f" {shlex.quote(str(path))}" * (path != Path())
    return f"tables of that project name files from {printable(project)}: cd {shlex.quote(str(project))} && dissent verify{rest}"


def files_below(paths: Iterable[Path]) -> list[Path]:
    """Plain files at or below each path, in order, through links too; hidden ones and raw data left out."""
    return sorted({file for path in paths for file in _files(path)})


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for folder, folders, names in os.walk(path, onerror=_told, followlinks=True):
        here = Path(folder)
        folders[:] = [
            one
            for one in folders
            if not one.startswith(".") and (here / one).parts[:2] != ("data", "raw") and not _leads_back(here / one)
        ]
        yield from (
            here / name for name in names if not name.startswith(".") and name not in JUNK and (here / name).is_file()
        )


def _leads_back(folder: Path) -> bool:
    """Whether it is a link to a folder in which it lies."""
    return folder.is_symlink() and any(folder.samefile(parent) for parent in folder.parents)


def _told(error: OSError) -> None:
    raise UserError(f"{printable(error.filename)} cannot be read ({error.strerror}): what is in it cannot be verified")
