"""The pictures of docs/results.md, drawn from the tables of that page itself, so that the two cannot differ.

    python benchmarks/studies/figures.py [--out docs/images]

A table is found by the heading above it; one that is missing, or a cell of another form, stops the script with its name. A
picture holds the digest of the table that it was drawn from; a test compares it with today's.
"""

import argparse
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "workflow" / "scripts"))

from matplotlib.figure import Figure

from dissent.files import UserError, digest, write_atomic
from dissent.report.chart import COLOURS, DASHES, INK, Mark, axes, panels, picture

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "results.md"
ALDT, ALONE = "against `aldt`", "against `ldt_equal_steps`"
_DIFFERENCE = re.compile(r"([+-]?\d+\.\d) \(([+-]\d+\.\d) to ([+-]\d+\.\d)\)")

Row = dict[str, str]
Span = tuple[float, float, float]
"""a difference, and the ends of its interval, in points"""


def table(page: str, heading: str, number: int = 0) -> list[Row]:
    """Rows of the table number `number` (from 0) below the heading that starts so; UserError where there is none."""
    lines = page.splitlines()
    starts = [place for place, line in enumerate(lines) if line.startswith(heading)]
    if len(starts) != 1:
        raise UserError(f"{PAGE.name} has {len(starts)} headings that start with `{heading}`, not one")
    level = len(heading) - len(heading.lstrip("#"))
    tables: list[list[str]] = []
    before = ""
    for line in lines[starts[0] + 1 :]:
        if re.match(rf"#{{1,{level}}} ", line):
            break
        if line.startswith("|"):
            if not before.startswith("|"):
                tables.append([])
            tables[-1].append(line)
        before = line
    if len(tables) <= number:
        raise UserError(f"{PAGE.name} has {len(tables)} tables below `{heading}`, and number {number + 1} is wanted")
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in tables[number]]
    return [dict(zip(cells[0], row, strict=True)) for row in cells[2:]]


def difference(row: Row, column: str) -> Span | None:
    """`+1.2 (+0.6 to +1.9)` as numbers; None for an empty cell (a control against itself, or not run)."""
    if row[column] in ("", "not run"):
        return None
    found = _DIFFERENCE.fullmatch(row[column])
    if not found:
        raise UserError(f"`{row[column]}` in the column `{column}` of {PAGE.name} is no difference with an interval")
    return tuple(float(part) for part in found.groups())


def plain(cell: str) -> str:
    """A cell without Markdown; upper bounds stand in brackets."""
    name = cell.replace("`", "")
    return f"({name.removesuffix(' (upper bound)')})" if name.endswith(" (upper bound)") else name


def forest(names: list[str], columns: dict[str, list[Span | None]], width: float = 4.6) -> Figure:
    """A panel a column: differences and intervals, one line a row. Whole marks lie beside 0, open ones may be 0."""
    figure, several = panels(len(columns), width, 0.9 + 0.24 * len(names))
    places = list(range(len(names)))[::-1]
    for found, (title, spans) in zip(several, columns.items(), strict=True):
        found.axvline(0, color=INK, linewidth=1)
        for place, name, span in zip(places, names, spans, strict=True):
            if span is None:
                continue
            value, low, high = span
            colour = COLOURS[3] if name.startswith("(") else COLOURS[0]
            sure = low > 0 or high < 0
            found.plot([low, high], [place, place], "-", color=colour, linewidth=2)
            found.plot([value], [place], "o", color=colour, markersize=6, markerfacecolor=colour if sure else "white")
        found.set_yticks(places, names)
        found.set_ylim(-0.6, len(names) - 0.4)
        found.set_title(f"points {title.replace('`', '')}", fontsize=10)
        found.grid(axis="y", visible=False)
        found.grid(axis="x")
    return figure


def controls(rows: list[Row]) -> Figure:
    """A line a method, or a line a data set and its steps, against the two controls."""
    return forest(
        [
            plain(row["method"]) if "method" in row else f"{plain(row['data set'])}, {row['steps']} steps"
            for row in rows
        ],
        {column: [difference(row, column) for row in rows] for column in (ALDT, ALONE)},
    )


def generations(rows: list[Row]) -> Figure:
    """Test score against generation, seed 1."""
    figure, found = axes(6.4, 4.0)
    numbers = ("gen0", "gen1", "gen2")
    for index, row in enumerate(rows):
        dash = DASHES[(index + index // len(COLOURS)) % len(DASHES)]  # another one where a colour comes again
        mark = Mark(index, dash, "os^D"[index % 4])
        found.plot(numbers, [float(row[number]) for number in numbers], label=plain(row["run"]), **mark.line)
    found.set_ylabel("iou on test, %: mean of the pool")
    found.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def seeds(rows: list[Row]) -> Figure:
    """The pool of each seed as a dot, and their mean as a line."""
    figure, found = axes(6.4, 0.9 + 0.34 * len(rows))
    places = list(range(len(rows)))[::-1]
    columns = [column for column in rows[0] if re.fullmatch(r"seed \d+", column)]
    for place, row in zip(places, rows, strict=True):
        values = [float(row[column]) for column in columns]
        found.plot([sum(values) / len(values)] * 2, [place - 0.3, place + 0.3], color=INK, linewidth=1.5)
        for index, value in enumerate(values):
            label = columns[index] if place == places[0] else None
            found.plot([value], [place], **Mark(index, None, "os^"[index]).line, markersize=7, alpha=0.8, label=label)
    found.set_yticks(places, [plain(row["method"]) for row in rows])
    found.set_xlabel("iou on test, %: mean of the pool (line: of the seeds)")
    found.grid(axis="y", visible=False)
    found.grid(axis="x")
    found.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


PICTURES = {
    "own": ("## Our own recipe on three data sets", 0, controls),
    "study_small": ("## study_small", 0, controls),
    "generations": ("## study_small", 1, generations),
    "seeds": ("### Two more seeds", 0, seeds),
}
"""of each picture the heading above its table, which of the tables there, and what draws it"""


def main() -> None:
    """Draw all of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default=ROOT / "docs" / "images", type=Path)
    args = parser.parse_args()
    page = PAGE.read_text(encoding="utf-8")
    for name, (heading, number, draw) in PICTURES.items():
        rows = table(page, heading, number)
        write_atomic(args.out / f"{name}.png", picture(draw(rows), "png", digest(rows)))
        print(args.out / f"{name}.png")


if __name__ == "__main__":
    main()
