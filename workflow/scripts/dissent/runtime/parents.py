"""A job lives no longer than the Snakemake that started it: one that was killed with -9 leaves no orphan at work.

Snakemake hands no signal on to its jobs, and between the two may stand shells or a second Snakemake, which survive it.
"""

import ctypes
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

logger = logging.getLogger("dissent")

PR_SET_PDEATHSIG = 1


def follow_parents(seconds: float = 1.0) -> Callable[[], None]:
    """Send SIGTERM to this process soon after a process between it and its Snakemake has died; returns the undoing.

    Follows nothing where no ancestor is Snakemake. Without /proc the parent alone is watched.
    """
    chain = ancestors()
    if chain is None:
        parent = os.getppid()
        return _watch(seconds, lambda: None if os.getppid() == parent else parent)
    if not chain:
        return lambda: None
    _ask_kernel(signal.SIGTERM)  # at once for the parent; the watch sees those above it
    stop = _watch(seconds, lambda: next((pid for pid, start in chain if read_process(pid)[1] != start), None))

    def undo() -> None:
        stop()
        _ask_kernel(0)

    return undo


def _watch(seconds: float, dead: Callable[[], int | None]) -> Callable[[], None]:
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(seconds):
            pid = dead()
            if pid is not None:
                logger.warning("process %d, which ran this workflow, has died: this job stops too", pid)
                os.kill(os.getpid(), signal.SIGTERM)
                return

    threading.Thread(target=watch, name="follow_parents", daemon=True).start()
    return ended.set


def ancestors() -> list[tuple[int, str]] | None:
    """(pid, start time) from the parent up to the last ancestor that is Snakemake; [] if none; None without /proc."""
    if not Path("/proc/self/stat").exists():
        return None
    chain: list[tuple[int, str]] = []
    last = 0
    pid, _ = read_process(os.getpid())
    while pid > 1:
        parent, start = read_process(pid)
        chain.append((pid, start))
        if is_snakemake(_arguments(pid)):
            last = len(chain)
        pid = parent
    return chain[:last]


def is_snakemake(arguments: list[str]) -> bool:
    """Whether a command line runs Snakemake itself: `snakemake`, `python [-x] .../snakemake`, `python -m snakemake`.

    A shell, editor or wrapper that merely names it may end without Snakemake ending.
    """
    if not arguments:
        return False
    program, *rest = arguments
    if Path(program).name.startswith("python"):
        while rest and rest[0].startswith("-") and rest[0] not in ("-m", "-c"):
            rest = rest[2:] if rest[0] in ("-W", "-X") else rest[1:]
        if rest[:1] == ["-c"]:
            return "snakemake" in "".join(rest[1:2])
        if rest[:1] == ["-m"]:
            return "".join(rest[1:2]).split(".")[0] == "snakemake"
        program = "".join(rest[:1])
    return Path(program).name == "snakemake"


def read_process(pid: int) -> tuple[int, str]:
    """(parent, start time) of a process, from /proc; (0, "") when it is dead, a zombie included."""
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return 0, ""
    fields = text[text.rindex(b")") + 2 :].split()  # the name before it may hold blanks and brackets
    return (0, "") if fields[0] in (b"Z", b"X") else (int(fields[1]), fields[19].decode())


def _arguments(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


def _ask_kernel(number: int) -> None:
    """Have the kernel signal this process when its parent dies (Linux; best effort: the watch does the same)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
