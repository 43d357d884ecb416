"""What a disk refuses, in words: the file, how much was wanted, how much is free, and the remedy. No torch."""

import errno
import os
import shutil
from pathlib import Path

_ROOM = "make room there and run the same command again"
_RIGHTS = "let your user read and write there, and run the same command again"
REMEDIES = {
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: "that is your quota: " + _ROOM,
    errno.EFBIG: "that is a limit on the size of files (`ulimit -f`): raise it and run the same command again",
    errno.EROFS: _RIGHTS,
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.EIO: "the disk or the way to it fails: see to it before you run the same command again",
}
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def refusal(error: OSError, path: str | Path, wanted: int | None = None) -> str:
    """Why `path` cannot be used, and what to do; "" for an error that is not the disk's. `wanted`: bytes, where known."""
    if error.errno not in REMEDIES:
        return ""
    said = f"{path}: {error.strerror or os.strerror(error.errno)}"
    if error.errno in _FULL:
        asked = "" if wanted is None else f"{told(wanted)} wanted, "
        said += f" ({asked}{told(free_at(path))} free)"
    return f"{said}; {REMEDIES[error.errno]}"


def unwritable(*roots: str | Path) -> str:
    """The first folder among these and those below them in which no file can be made, and what to do; "" if there is none."""
    for root in roots:
        for folder, _, _ in os.walk(root):
            if not os.access(folder, os.W_OK | os.X_OK):
                return f"{folder}: no file can be made in this folder; {_RIGHTS}"
    return ""


def free_at(path: str | Path) -> int:
    """Free bytes where `path` is, or would be."""
    here = Path(path).absolute()
    while not here.exists():
        here = here.parent
    return shutil.disk_usage(here).free


def told(size: int) -> str:
    """A number of bytes, as people say it."""
    return f"{size:,} bytes" if size < 100_000 else f"{size / 1e6:,.1f} MB"
