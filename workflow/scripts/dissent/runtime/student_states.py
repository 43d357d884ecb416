"""Where an interrupted training goes on: `work/state/KEY`, of which KEY says what is trained, not for which run.

A finished training leaves its last checkpoint there until `forget`: whoever reads the student next has seen that its
files are whole. A kill between the last step and Snakemake's record then costs a moment, not the training.
"""

import contextlib
import logging
from collections.abc import Iterable, Iterator
from pathlib import Path

from dissent.core.files import write_text
from dissent.runtime import Lock, hold

log = logging.getLogger(__name__)

ROOT = Path("work/state")
_ASKED = "asked_by.txt"  # the folder for which the training runs, or ran last


@contextlib.contextmanager
def state_of(key: str, out: Path) -> Iterator[Path]:
    """The folder of the resume state of `key`, held while `out` is made; it is gone at the end if there is nothing to resume.

    Whoever comes while an equal student is trained for another folder waits until that ends. A job of the same folder is
    an orphan of a killed run, which needs a moment to save: UserError after a minute.
    """
    folder = ROOT / key
    with hold(folder, still=lambda: _other(folder, out)):
        try:
            yield folder
        finally:
            if not _steps(folder):
                (folder / _ASKED).unlink(missing_ok=True)


def begin(folder: Path, out: Path) -> None:
    """Note that the training of `folder` runs for `out`; what was reached for `out` with other settings is told."""
    for old in _asked_by({out.as_posix()}):
        if old != folder and _steps(old):
            log.info("settings, code or inputs of %s have changed since %s was saved", out, _steps(old)[-1])
    write_text(folder / _ASKED, out.as_posix())


def _other(folder: Path, out: Path) -> str:
    """Why it is worth waiting for whoever holds `folder`; "" for a job that makes `out` itself."""
    asked = _asked(folder)
    return f"it trains the same student for {asked or 'another run'}" if asked != out.as_posix() else ""


def forget(students: Iterable[str | Path]) -> None:
    """Remove the states of trainings that ran for these folders: their files have been read and are whole."""
    for folder in _asked_by({Path(student).as_posix() for student in students}):
        lock = Lock(folder / "lock")
        if lock.acquire():  # else somebody trains it again
            for path in folder.iterdir():
                if path != lock.path:
                    path.unlink(missing_ok=True)
            lock.release(remove=True)


def _steps(folder: Path) -> list[Path]:
    return sorted(folder.glob("step*.pt"))


def _asked_by(students: set[str]) -> list[Path]:
    """Folders of states whose training ran last for one of `students`."""
    return [path.parent for path in sorted(ROOT.glob(f"*/{_ASKED}")) if _asked(path.parent) in students]


def _asked(folder: Path) -> str:
    try:
        return (folder / _ASKED).read_text("utf-8")
    except OSError:
        return ""
