"""What an injection is, how it may end, and how one is run: in a folder of its own, with a limit of time."""

import contextlib
import os
import shutil
import signal
import tempfile
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

SECONDS = 240
"""an injection that takes longer hangs, which is no answer"""


class Silent(Exception):
    """The product went on with other labels or numbers, and no word."""


class Lost(Exception):
    """A file of the user's changed or is gone, or more work is lost than one interval between checkpoints."""


class Unnamed(Exception):
    """The product stopped, but its message does not name the file or the value; or it hung."""


class Hung(BaseException):
    """The limit of time is over. No `Exception`, so that nothing which catches those goes on."""


NOT_INJECTED = "not injected"
"""what `run` returns where there was nothing to harm: such a case says nothing of the product, and is counted apart"""


@dataclass(frozen=True)
class Injection:
    """One fault with its oracle: `run` works in the current folder, which is empty, and returns how the product held.

    It returns a word (`survived`, `refused`, `told`, or NOT_INJECTED), or raises Silent, Lost or Unnamed. Any other exception
    counts as Unnamed.
    """

    title: str
    run: Callable[[], str]


class Result(NamedTuple):
    """How one injection ended: `how` is a word of `run`, or silent, lost, unnamed."""

    name: str
    title: str
    how: str
    why: str


def perform(name: str, injection: Injection, folder: Path) -> Result:
    """Run one injection in a folder below `folder` that is removed afterwards."""
    here = Path(tempfile.mkdtemp(prefix="case-", dir=folder))
    try:
        with _inside(here), _limited():
            return Result(name, injection.title, injection.run(), "")
    except (Silent, Lost, Unnamed) as error:
        return Result(name, injection.title, type(error).__name__.lower(), str(error)[:2000])
    except Hung:
        return Result(name, injection.title, "unnamed", f"hung for {SECONDS} s: {traceback.format_exc()[-1500:]}")
    except Exception:
        return Result(name, injection.title, "unnamed", traceback.format_exc()[-2000:])
    finally:
        _remove(here)


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before, environment, mask = Path.cwd(), dict(os.environ), os.umask(0o022)
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
        os.umask(mask)
        os.environ.clear()
        os.environ.update(environment)


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    def late(_number: int, _frame: object) -> None:
        raise Hung

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _remove(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:  # some injections take rights away
        if path.is_dir() and not path.is_symlink():
            with contextlib.suppress(OSError):
                path.chmod(0o755)
    shutil.rmtree(folder, ignore_errors=True)
