"""Exclusive locks on files that the kernel frees at any death of their holder, kill -9 too: nothing goes stale."""

import contextlib
import errno
import fcntl
import logging
import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from dissent.core.files import UserError

logger = logging.getLogger("dissent")

_open: set[int] = set()


def _close_in_child() -> None:
    # a forked worker shares the lock: it would keep it after its parent's death
    for handle in _open:
        os.close(handle)
    _open.clear()


os.register_at_fork(after_in_child=_close_in_child)


class Lock:
    """An flock on the file `path`, which names its holder; the file may be removed by its holder while held."""

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self._handle: int | None = None

    def acquire(self) -> bool:
        """Take the lock if it is free; never waits."""
        assert self._handle is None, f"{self.path} is held by this object already"
        while True:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            try:
                handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            except FileNotFoundError:  # the folder was removed since
                continue
            _open.add(handle)
            taken = False
            try:
                taken = self._flock(handle) and self._is_current(handle)
                if taken:
                    self._handle = handle
                    with contextlib.suppress(OSError):  # the name is a courtesy that a full disk may refuse
                        os.ftruncate(handle, 0)
                        os.pwrite(handle, f"{os.getpid()} on {socket.gethostname()}".encode(), 0)
                    return True
                if self._is_current(handle):
                    return False
            finally:
                if not taken:
                    _close(handle)

    def _flock(self, handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno not in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
                raise
            logger.warning("%s: this file system has no locks; start nothing twice", self.path)
        return True

    def _is_current(self, handle: int) -> bool:
        """Whether `path` still is the file that was opened: a holder may have removed it meanwhile."""
        try:
            return os.path.samestat(os.fstat(handle), os.stat(self.path))
        except FileNotFoundError:
            return False

    def holder(self) -> str:
        """`PID on HOST` of the process that has it, as far as is known."""
        try:
            return self.path.read_text("utf-8", errors="replace") or "unknown"
        except OSError:
            return "unknown"

    def release(self, remove: bool = False) -> None:
        """Free the lock; with `remove` its file goes too, and its folder if that is empty then."""
        if self._handle is None:
            return
        if remove:
            with contextlib.suppress(OSError):
                self.path.unlink()
                self.path.parent.rmdir()
        handle, self._handle = self._handle, None
        _close(handle)


def _close(handle: int) -> None:
    _open.discard(handle)
    os.close(handle)


@contextlib.contextmanager
def hold(folder: str | Path, wait: float = 60.0, still: Callable[[], str] = lambda: "") -> Iterator[None]:
    """Be the only process that works in `folder` (made if absent; removed at the end if empty).

    A second starter waits up to `wait` seconds (an orphan of a killed run needs a moment to save), then UserError; it
    waits on while `still` gives a reason.
    """
    lock = Lock(Path(folder) / "lock")
    deadline, said = time.monotonic() + wait, False
    while not lock.acquire():
        why = still()
        if time.monotonic() > deadline and not why:
            holder = lock.holder()
            kill = f" (`kill {holder.split()[0]}` there; it saves its state first)" if holder[0].isdigit() else ""
            raise UserError(
                f"{folder} is in use by process {holder}: this job runs there already. Wait until it has ended, "
                f"or end it{kill}, and run the same command again"
            )
        if not said:
            long = f"until it ends: {why}" if why else f"up to {wait:.0f} s: it does this job already"
            logger.info("waiting for process %s %s", lock.holder(), long)
            said = True
        time.sleep(0.1)
    try:
        yield
    finally:
        lock.release(remove=True)
