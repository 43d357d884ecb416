"""What a job costs: wall and processor time, memory."""

import resource
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from dissent.core.seal import FIELD

MB = 1e6


_RECORD = (FIELD, "made_from", "made")


def spent_of(cost: Mapping) -> dict:
    """A job's cost without the record of what it read and wrote."""
    return {name: value for name, value in cost.items() if name not in _RECORD}


class Cost:
    """Measures from its making on, for a device of the given name; the end of a `with` block stops the clock.

    Imports come before it: they are no work, and take longer on a cold disk.
    """

    def __init__(self, device: str = "cpu"):
        self.device = device
        self._start, self._cpu_start = time.monotonic(), _cpu_seconds()
        self._end: dict | None = None

    def as_dict(self) -> dict:
        """Give seconds, cpu_seconds, peak_memory_mb, host, device.

        Ended child processes count; the peak (units of 1e6 bytes) is the whole process's plus its largest child's.
        """
        return self._end or {
            "seconds": round(time.monotonic() - self._start, 3),
            "cpu_seconds": round(_cpu_seconds() - self._cpu_start, 3),
            "peak_memory_mb": round((_own_peak() + _maximum(resource.RUSAGE_CHILDREN)) / MB, 1),
            "host": socket.gethostname(),
            "device": self.device,
        }

    def __enter__(self) -> "Cost":
        return self

    def __exit__(self, *_: object) -> None:
        self._end = self.as_dict()


cost = Cost


def _cpu_seconds() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _own_peak() -> float:
    """Bytes. From /proc where there is one: Linux starts ru_maxrss at the size of the process that forked us."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return _maximum(resource.RUSAGE_SELF)
    peak = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    return 1024 * int(peak[0]) if peak else _maximum(resource.RUSAGE_SELF)


def _maximum(who: int) -> float:
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(who).ru_maxrss
