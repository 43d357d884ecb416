"""Real processes that die: a job in a child, killed where it is asked for, by the signal that a user's machine would send."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

from faults import rules
from faults.product import Said, heard
from faults.suite import Unnamed

WAIT = 120


def start(job: rules.Job, inside: Callable[[], contextlib.AbstractContextManager] = contextlib.nullcontext) -> int:
    """Start a job in a child process, in which `inside` is set up; returns its number."""
    pid = os.fork()
    if pid:
        return pid
    code = 99
    try:
        signal.alarm(0)
        for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGTERM):  # what nohup ignores, jobs ignore too
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        with inside():
            said = heard(lambda: rules.script(job) or 0)
        Path("child.txt").write_text(said.text, errors="backslashreplace")
        code = said.code
    finally:
        os._exit(code)


def end_of(pid: int) -> int:
    """The exit code of a child; minus the number of the signal that killed it."""
    deadline = time.monotonic() + WAIT
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    raise Unnamed(f"hung for {WAIT} s: {last_words()[-500:]}")


def last_words() -> str:
    """What the last child said, if it came to its end."""
    path = Path("child.txt")
    return path.read_text() if path.exists() else ""


def finished(job: rules.Job, inside: Callable = contextlib.nullcontext) -> Said:
    """Do a job in a child; its code and words."""
    Path("child.txt").unlink(missing_ok=True)
    code = end_of(start(job, inside))
    return Said(code, last_words())


def at_call(owner: object, name: str, number: int, act: Callable[[], None], after: bool = False) -> Callable:
    """For `inside`: `act` at the call of this number (from 1) of a function, before or after it does its work."""

    @contextlib.contextmanager
    def inside() -> Iterator[None]:
        real, calls = getattr(owner, name), []

        def counted(*arguments, **options):
            calls.append(1)
            if len(calls) == number and not after:
                act()
            result = real(*arguments, **options)
            if len(calls) == number and after:
                act()
            return result

        with mock.patch.object(owner, name, counted):
            yield

    return inside


def die() -> None:
    """What kill -9, the kernel out of memory, or a power cut do."""
    os.kill(os.getpid(), signal.SIGKILL)
