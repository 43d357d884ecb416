"""Room for many images as bytes: in memory, or in a file without a name where they are more than memory should hold."""

import errno
import math
import os
import tempfile
from pathlib import Path

import numpy as np

from dissent.core import disk
from dissent.core.errors import UserError

_IN_MEMORY = 2**28  # bytes up to which an array of images is private memory


def scratch(*shape: int) -> np.ndarray:
    """Zeros (uint8) to be filled; a large array lies in a file without a name below work/, gone with the process.

    So it is page cache, which the kernel may write out and take back, and private memory does not grow with the data.
    """
    if math.prod(shape) <= _IN_MEMORY:
        return np.zeros(shape, np.uint8)
    folder, size = Path("work", "scratch"), math.prod(shape)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            _reserve(file.fileno(), size)
            return np.asarray(np.memmap(file, np.uint8, "w+", shape=shape))
    except OSError as error:
        if not (words := disk.refusal(error, folder, size)):
            raise
        raise UserError(f"images and masks in memory need room on the disk: {words}") from error


def _reserve(handle: int, size: int) -> None:
    """Take the room now: a mapped file that finds none later is told of by the end of the process."""
    try:
        getattr(os, "posix_fallocate", lambda *_: None)(handle, 0, size)
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL):  # a file system that cannot
            raise
