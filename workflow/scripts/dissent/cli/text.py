"""Columns that stand in line on a terminal, and words in lines that fit it."""

from collections.abc import Sequence
from textwrap import fill

from dissent.core.words import printable


def columns(rows: Sequence[Sequence[object]], indent: str = "  ") -> str:
    """Rows as lines with aligned columns, numbers to the right."""
    if not rows:
        return ""
    texts = [[printable(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in texts) for i in range(len(texts[0]))]
    right = [all(_number(row[i]) for row in texts[1:]) for i in range(len(widths))]
    lines = []
    for row in texts:
        cells = [c.rjust(w) if r else c.ljust(w) for c, w, r in zip(row, widths, right, strict=True)]
        lines.append((indent + "  ".join(cells)).rstrip())
    return "\n".join(lines)


def filled(text: str, width: int = 100) -> str:
    """Paragraphs of plain words, which blank lines separate, in lines of at most `width`."""
    return "\n\n".join(fill(" ".join(part.split()), width) for part in text.split("\n\n"))


def described(commands: Sequence[tuple[str, str]]) -> list[str]:
    """Commands, and behind each, in line, what it is; "" says nothing."""
    wide = max((len(command) for command, _ in commands), default=0)
    return [f"{command:{wide}}  # {what}" if what else command for command, what in commands]


def duration(seconds: float) -> str:
    """A time as people say it: 40 s, 12 min, 3 h 20 min, 2 days 5 h."""
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {rest} min"
    days, hours = divmod(round(minutes / 60), 24)
    return f"{days} day{'s' * (days > 1)} {hours} h"


def gigabytes(size: float) -> str:
    """Bytes as people say them: 12 MB, 3.4 GB."""
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{max(1, round(size / 1e6))} MB"


def _number(text: str) -> bool:
    return text.replace(",", "").replace(".", "").rstrip("%").strip().isdigit() or text == ""
