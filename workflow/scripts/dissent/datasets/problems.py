"""Reasons to refuse a person's files: told all at once, one cause in many files as one line. No torch."""

import re
from pathlib import Path

from dissent.core.files import UserError, write_text
from dissent.core.words import printable

_SHOWN = 5
_DIFFERENT = re.compile(r"\S*\.(?:png|jpe?g|tiff?|bmp)\b|\d+", re.IGNORECASE)  # names and numbers tell causes not apart


class Problems(list):
    """Reasons, `FILE: reason` each."""

    def add(self, where: object, why: str) -> None:
        """One more file, with what is wrong."""
        self.append(f"{where}: {why}")

    def stop(self, of: str | Path, so: str = ", so nothing was written") -> None:
        """Raise UserError with every reason, if there is one. What is cut short stands whole in a file that is named."""
        if not self:
            return
        lines = sorted(map(printable, self))
        count = f"{len(lines)} problem{'s' * (len(lines) > 1)}"
        told = by_cause(lines)
        if len(told) < len(lines):
            try:
                told.append(f"all {len(lines)} of them: {_written(of, lines)}")
            except OSError:  # a full disk, or a folder that is not ours: nothing is cut short then
                told = lines
        raise UserError("\n  ".join([f"{of}: {count}{so}", *told]))


def by_cause(lines: list[str]) -> list[str]:
    """Lines `FILE: reason`, of which those of one cause in more than a few files are one."""
    causes: dict[str, list[str]] = {}
    for line in lines:
        where, _, why = line.partition(": ")
        causes.setdefault(_DIFFERENT.sub("#", why) or where, []).append(line)
    return [line for same in causes.values() for line in (same if len(same) <= _SHOWN else [_one_line(same)])]


def _one_line(same: list[str]) -> str:
    names = [line.partition(": ")[0] for line in same[1:_SHOWN]]
    return f"{same[0]}\n    and {len(same) - 1} more likewise: {', '.join(names)} ..."


def _written(of: str | Path, lines: list[str]) -> Path:
    path = Path("work", "problems", re.sub(r"[^A-Za-z0-9]+", "_", str(of)).strip("_")[-80:] + ".txt")
    write_text(path, "\n".join(lines) + "\n")
    return path
