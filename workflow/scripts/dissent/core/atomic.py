"""Writing a file in one go: to a temporary name beside it, flushed to the disk, and renamed.

Many files that a table names are flushed together: `write_atomic(..., flushed=False)` for each, `flush` for all, the table last. So a
table that is there after a power failure names files that are there too. Without the table the job has not ended, and runs again.
"""

import contextlib
import ctypes
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from dissent.core import disk
from dissent.core.errors import UserError


def _umask() -> int:
    value = os.umask(0)
    os.umask(value)
    return value


_UMASK = _umask()  # once: to ask is to change it for a moment, and jobs write from several threads


def write_atomic(path: str | Path, content: bytes | memoryview, flushed: bool = True) -> None:
    """Write `content` to `path` in one go: readers see the old file or the whole new one, never a part.

    `flushed`: whether it survives a power failure from now on; if not, `flush` comes before a table names the file.
    """
    with writing(path, len(content), flushed) as stream:
        stream.write(content)


def flush(paths: Sequence[str | Path]) -> None:
    """Bring files of one file system to the disk, with their names: what this returns for survives a power failure."""
    if not paths:
        return
    all_at_once = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)  # Linux has it
    for path in [Path(paths[0]).parent] if all_at_once else [*paths, *{Path(path).parent for path in paths}]:
        handle = os.open(path, os.O_RDONLY)
        try:
            if all_at_once is None:
                os.fsync(handle)
            elif all_at_once(handle):
                error = ctypes.get_errno()
                raise OSError(error, os.strerror(error), str(path))
        except OSError as error:
            if not (words := disk.refusal(error, Path(path))):
                raise
            raise UserError(words) from error
        finally:
            os.close(handle)


@contextlib.contextmanager
def writing(path: str | Path, size: int | None = None, flushed: bool = True) -> Iterator[BinaryIO]:
    """A stream whose bytes are `path` when the block ends well; until then, and if it fails, `path` is what it was.

    `size`: bytes that will come, where that is known. `flushed`: of `write_atomic`. UserError, with that, where the disk is full or may not be written.
    """
    path, temporary = Path(path), None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name[:60]}.", suffix=".tmp", dir=path.parent)
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            if flushed:
                os.fsync(stream.fileno())
        os.chmod(temporary, 0o666 & ~_UMASK)
        os.replace(temporary, path)
    except OSError as error:
        # of another file that the block reads while it writes this one, its name tells
        ours = error.filename is None or Path(error.filename) in (path.parent, Path(temporary or path), path)
        if not (words := disk.refusal(error, path, size) if ours or temporary is None else ""):
            raise
        raise UserError(words) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def write_text(path: str | Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    write_atomic(path, text.encode("utf-8"))
