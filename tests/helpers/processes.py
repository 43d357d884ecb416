"""Help for tests of real processes."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

LIBRARY = Path(__file__).resolve().parents[2] / "workflow" / "scripts"


def python(*arguments: object, **options) -> subprocess.Popen:
    """Start Python with the library on its path; stdout and stderr are piped text."""
    environment = os.environ | {"PYTHONPATH": str(LIBRARY)} | options.pop("env", {})
    options = {"stderr": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, **options}
    return subprocess.Popen([sys.executable, *map(str, arguments)], env=environment, **options)


def wait_until(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Whether `condition` comes true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False
