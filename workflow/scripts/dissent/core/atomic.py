"""Writing a file in one go: to a temporary name beside it, flushed to the disk, and renamed."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from dissent.core import disk
from dissent.core.errors import UserError


def _umask() -> int:
    value = os.umask(0)
    os.umask(value)
    return value


_UMASK = _umask()  # once: to ask is to change it for a moment, and jobs write from several threads


def write_atomic(path: str | Path, content: bytes | memoryview) -> None:
    """Write `content` to `path` in one go: readers see the old file or the whole new one, never a part."""
    with writing(path, len(content)) as stream:
        stream.write(content)


@contextlib.contextmanager
def writing(path: str | Path, size: int | None = None) -> Iterator[BinaryIO]:
    """A stream whose bytes are `path` when the block ends well; until then, and if it fails, `path` is what it was.

    `size`: bytes that will come, where that is known. UserError, with that, where the disk is full or may not be written.
    """
    path, temporary = Path(path), None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name[:60]}.", suffix=".tmp", dir=path.parent)
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
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
