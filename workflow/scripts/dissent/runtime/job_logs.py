"""What the logs of jobs say: whether a job runs, has ended and how, and how far a training is. Nothing is written."""

import os
import re
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from dissent.runtime.logs import DONE
from dissent.runtime.parents import read_process

_BEGIN = re.compile(r"(\w+)((?: \w+=\S+)*) \(process (\d+) on (.+), (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\)")
_STEP = re.compile(r"[\d:]{8} step (\d+)/(\d+)  .*score (\S+)  (\d+):(\d\d):(\d\d) left")
_STOPPED = ("interrupted: ", "stopped by Ctrl-C")
_TAIL = 64_000  # bytes of a log that are looked at: its last start


@dataclass(frozen=True)
class JobLog:
    """The last start of a job, as its log tells."""

    path: Path
    rule: str
    wildcards: dict[str, str]
    pid: int
    host: str
    started: float
    """seconds since the epoch"""
    touched: float
    """when its log was written last"""
    lines: list[str] = field(repr=False)
    """what it said since it started"""

    @property
    def state(self) -> str:
        """done, failed, stopped, running, or lost: it ended without a word, as after a kill -9 or where memory ran out.

        Of a job on another machine, `running` is what its log leaves open.
        """
        if self.lines[-1:] == [DONE]:
            return "done"
        if any(line.startswith(_STOPPED) for line in self.lines[-2:]):
            return "stopped"
        if self._error is not None:
            return "failed"
        if self.host != socket.gethostname():
            return "running"
        return "running" if _lives(self.pid, self.started) else "lost"

    @property
    def error(self) -> str:
        """The message of one that failed, or the line of its traceback that says what was wrong; "" of others."""
        found = self._error
        if found is None:
            return ""
        if self.lines[found].startswith("Traceback"):
            return next((line for line in reversed(self.lines) if line and not line.startswith(" ")), self.lines[-1])
        return "\n".join(self.lines[found:]).removeprefix("error: ")

    @property
    def last(self) -> str:
        """Its last line."""
        return next((line for line in reversed(self.lines) if line.strip()), "")

    @property
    def progress(self) -> tuple[int, int, str, float] | None:
        """Of a training: step, steps, score, and the seconds that are left from now on."""
        for line in reversed(self.lines):
            if match := _STEP.fullmatch(line):
                step, steps, score, *clock = match.groups()
                hours, minutes, seconds = map(int, clock)
                since = time.time() - self.touched
                return int(step), int(steps), score, max(1.0, 3600 * hours + 60 * minutes + seconds - since)
        return None

    @property
    def _error(self) -> int | None:
        """The line at which its error begins."""
        begins = [n for n, line in enumerate(self.lines) if line.startswith(("error: ", "Traceback (most recent"))]
        return begins[-1] if begins else None


def logs_below(folders: Iterator[Path] | list[Path]) -> list[JobLog]:
    """The last start of each job whose log lies in one of the folders, or below."""
    found = (read_log(path) for folder in folders for path in sorted(folder.rglob("*.log")))
    return [one for one in found if one is not None]


def read_log(path: Path) -> JobLog | None:
    """The last start that a log tells of; None of a file that tells of none."""
    try:
        with open(path, "rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - _TAIL))
            tail = stream.read().decode("utf-8", "replace").splitlines()
            if not any(_BEGIN.fullmatch(line) for line in tail):
                stream.seek(0)
                tail = stream.read().decode("utf-8", "replace").splitlines()
        touched = path.stat().st_mtime
    except OSError:
        return None
    for number in range(len(tail) - 1, -1, -1):
        if match := _BEGIN.fullmatch(tail[number]):
            rule, words, pid, host, start = match.groups()
            wildcards = dict(word.split("=", 1) for word in words.split())
            started = time.mktime(time.strptime(start, "%Y-%m-%d %H:%M:%S"))
            return JobLog(path, rule, wildcards, int(pid), host, started, touched, tail[number + 1 :])
    return None


def _lives(pid: int, started: float) -> bool:
    """Whether the process that wrote a log lives still; another one may have its number."""
    if not Path("/proc/self/stat").exists():
        try:
            os.kill(pid, 0)
        except OSError as error:
            return isinstance(error, PermissionError)
        return True
    ticks = read_process(pid)[1]
    return bool(ticks) and _booted() + int(ticks) / os.sysconf("SC_CLK_TCK") < started + 2


@cache
def _booted() -> float:
    """When the machine started, in seconds since the epoch."""
    lines = Path("/proc/stat").read_text().splitlines()
    return float(next((line.split()[1] for line in lines if line.startswith("btime ")), 0))
