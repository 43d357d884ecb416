"""Signals: a trainer is told and saves first; every other job ends in good order at once."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator

STOP = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)  # end of a lease, terminal closed, a scheduler's early warning


class Interrupted(BaseException):
    """A signal has ended the job in good order; not an Exception, so that no `except Exception` swallows it."""


class Stop:
    """Whether the training loop shall save and end: it asks `requested` each step, saves, and raises Interrupted.

    `Stop()` listens to nothing (set `requested` yourself). `Stop.install()` turns SIGTERM, SIGHUP, SIGUSR1 and the
    first SIGINT into `requested`, a second SIGINT into KeyboardInterrupt, until `restore()` or the end of a `with`.
    """

    def __init__(self) -> None:
        self.requested = False
        self.name = ""
        self.restore: Callable[[], None] = lambda: None

    @classmethod
    def install(cls) -> "Stop":
        """Listen; only the main thread can (elsewhere nothing ever arrives)."""
        stop = cls()
        stop.restore = _install((*STOP, signal.SIGINT), stop._note)
        return stop

    def _note(self, number: int, _frame: object) -> None:
        if self.requested and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.requested, self.name = True, signal.Signals(number).name

    def __enter__(self) -> "Stop":
        return self

    def __exit__(self, *_: object) -> None:
        self.restore()


signalled = Stop.install


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Inside, SIGTERM, SIGHUP and SIGUSR1 raise Interrupted, so that temporary files and locks are tidied away."""

    def stop(number: int, _frame: object) -> None:
        raise Interrupted(f"stopped by {signal.Signals(number).name}")

    restore = _install(STOP, stop)
    try:
        yield
    finally:
        restore()


def _install(numbers: tuple[signal.Signals, ...], handler: Callable) -> Callable[[], None]:
    """Handle `numbers`; those that are ignored stay so (nohup, a background job of a shell). Returns the undoing."""
    if threading.current_thread() is not threading.main_thread():
        return lambda: None
    before = {number: signal.getsignal(number) for number in numbers}
    before = {number: previous for number, previous in before.items() if previous is not signal.SIG_IGN}
    for number in before:
        signal.signal(number, handler)

    def restore() -> None:
        for number, previous in before.items():
            signal.signal(number, previous)

    return restore
