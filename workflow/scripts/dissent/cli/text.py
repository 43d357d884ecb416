"""Words for the terminal: names that cannot disturb it, and columns that stand in line."""

from collections.abc import Sequence


def printable(name: object) -> str:
    """`name` without control characters and broken bytes, which would garble a terminal or stop a print."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(name))


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


def _number(text: str) -> bool:
    return text.replace(",", "").replace(".", "").rstrip("%").strip().isdigit() or text == ""


def some(names: Sequence[object], shown: int = 5) -> str:
    """The first names, and how many more there are."""
    rest = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(printable(name) for name in names[:shown]) + rest
