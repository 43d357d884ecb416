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


def _number(text: str) -> bool:
    return text.replace(",", "").replace(".", "").rstrip("%").strip().isdigit() or text == ""
