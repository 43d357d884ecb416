"""Lines of the console on single jobs: what was done, where, how long; and what went wrong, with the log."""

import contextlib
import socket
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from dissent.cli.text import duration
from dissent.core.files import UserError, read_json
from dissent.core.words import printable
from dissent.runtime.job_logs import read_log

_LINES = 12  # of an error, or of a log


def called(rule: str, wildcards: Mapping[str, str]) -> str:
    """A job by the words that a person has for it: train cells gen1 student 2."""
    words = [rule.removesuffix("_shard")]
    words += [
        wildcards[name] for name in ("dataset", "split", "raw", "study", "run", "table", "teacher") if name in wildcards
    ]
    words += [f"gen{wildcards['g']}"] if "g" in wildcards else []
    words += [f"student {wildcards['i']}" if "g" in wildcards else wildcards["i"]] if "i" in wildcards else []
    words += [f"shard {wildcards['s']}"] if "s" in wildcards else []
    return " ".join(words)


def finished_line(rule: str, wildcards: Mapping[str, str], output: Sequence[str], seconds: float) -> str:
    """What was done, where, and how long it took."""
    where = place_of(output)
    return f"{time.strftime('%H:%M')}  {called(rule, wildcards)}{f', {where}' if where else ''}, {duration(seconds)}"


def place_of(output: Sequence[str]) -> str:
    """The device that a job tells in its cost, and its machine if that is another; "" where it tells none."""
    cost = next((path for path in output if path.endswith("cost.json") or "/costs/" in path), None)
    if cost is None:
        return ""
    with contextlib.suppress(UserError, OSError):
        told = read_json(cost)
        host = told.get("host", "")
        words = [f"on {host}"] * (host not in ("", socket.gethostname())) + [str(told.get("device", ""))]
        return printable(" ".join(word for word in words if word not in ("", "none")))
    return ""


def error_lines(logs: Sequence[str]) -> list[str]:
    """The useful last lines of the logs of a job that failed, and where the logs are."""
    lines: list[str] = []
    for path in map(Path, logs):
        found = read_log(path)
        if found is None:  # a cluster's, or none
            lines += _tail(path)
            continue
        told = found.error.splitlines() if found.error else found.lines
        cut = told[:_LINES] if found.error else told[-_LINES:]
        lines += [f"    {printable(line)}" for line in cut]
        lines += [f"    its log: {path}"]
    return lines


def _tail(path: Path) -> list[str]:
    """The last lines of a file that is no log of ours."""
    try:
        told = path.read_text("utf-8", "replace").splitlines()[-_LINES:]
    except OSError:
        return [f"    its log was not written: {path}"]
    return [*(f"    {printable(line)}" for line in told), f"    its log: {path}"]
