"""Files that a table names are on the disk before it, with one flush for all of them."""

import errno
import os

import pytest

from dissent.core import atomic
from dissent.core.disk import REMEDIES
from dissent.core.files import UserError, flush, write_atomic


class Disk:
    """Notes what is flushed by itself; `syncfs` as the C library has it, with an error where one is set."""

    def __init__(self, monkeypatch, everything=True):
        self.noted, self.error = [], 0
        monkeypatch.setattr(
            atomic.os, "fsync", lambda handle: self.noted.append(os.readlink(f"/proc/self/fd/{handle}"))
        )
        library = type("Library", (), {"syncfs": staticmethod(self.syncfs)} if everything else {})
        monkeypatch.setattr(atomic.ctypes, "CDLL", lambda *_, **__: library)
        monkeypatch.setattr(atomic.ctypes, "get_errno", lambda: self.error)

    def syncfs(self, handle):
        self.noted.append(("all", os.readlink(f"/proc/self/fd/{handle}")))
        return -1 if self.error else 0


@pytest.mark.parametrize("everything", [True, False])
def test_masks_are_flushed_once_and_with_their_folder(tmp_path, monkeypatch, everything):
    disk = Disk(monkeypatch, everything)
    paths = [tmp_path / name for name in ("a.png", "b.png")]
    for path in paths:
        write_atomic(path, b"x", flushed=False)
    assert not disk.noted and all(path.read_bytes() == b"x" for path in paths)
    flush(paths)
    assert disk.noted == ([("all", str(tmp_path))] if everything else [*map(str, paths), str(tmp_path)])
    flush([])
    write_atomic(tmp_path / "table.csv", b"x")
    assert len(disk.noted) == (2 if everything else 4)


def test_a_disk_that_fails_later_is_told(tmp_path, monkeypatch):
    disk = Disk(monkeypatch)
    disk.error = errno.ENOSPC
    write_atomic(tmp_path / "a.png", b"x", flushed=False)
    with pytest.raises(UserError, match="No space left on device") as told:
        flush([tmp_path / "a.png"])
    assert str(told.value).endswith(REMEDIES[errno.ENOSPC])
