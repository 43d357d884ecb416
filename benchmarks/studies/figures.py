"""The pictures of docs/results/, drawn from the numbers in docs/results/data/. `benchmarks/studies/results.py` calls this.

A picture holds the digest of the rows that it was drawn from; a test compares it with today's.
"""

import re
from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure

from dissent.core.files import digest, read_table, write_atomic
from dissent.report.chart import COLOURS, DASHES, INK, MARKERS, Mark, axes, panels, picture

CONTROLS = ("aldt", "ldt_equal_steps")

Row = dict[str, str]
Span = tuple[float, float, float]
"""a difference, and the ends of its interval, in points"""


def span(row: Row, control: str) -> Span | None:
    """The difference to a control; None where there is none: a control against itself, or not run."""
    value, low, high = (row[f"against_{control}{end}"] for end in ("", "_low", "_high"))
    return (100 * float(value), 100 * float(low), 100 * float(high)) if value else None


def name_of(row: Row) -> str:
    """The method, or the data set and the steps; upper bounds stand in brackets."""
    if "alone_mean" in row:
        return f"{row['dataset']}, {int(row['steps']):,} steps"
    return f"({row['method']})" if row.get("upper_bound") == "1" else row["method"]


def forest(names: list[str], columns: dict[str, list[Span | None]], width: float = 4.6) -> Figure:
    """A panel a column: differences and intervals, one line a row. Whole marks lie beside 0, open ones may be 0."""
    figure, several = panels(len(columns), width, 0.9 + 0.24 * len(names))
    places = list(range(len(names)))[::-1]
    for found, (title, spans) in zip(several, columns.items(), strict=True):
        found.axvline(0, color=INK, linewidth=1)
        for place, name, one in zip(places, names, spans, strict=True):
            if one is None:
                continue
            value, low, high = one
            colour = COLOURS[3] if name.startswith("(") else COLOURS[0]
            sure = low > 0 or high < 0
            found.plot([low, high], [place, place], "-", color=colour, linewidth=2)
            found.plot([value], [place], "o", color=colour, markersize=6, markerfacecolor=colour if sure else "white")
        found.set_yticks(places, names)
        found.set_ylim(-0.6, len(names) - 0.4)
        found.set_title(f"points {title}", fontsize=10)
        found.grid(axis="y", visible=False)
        found.grid(axis="x")
    return figure


def controls(rows: list[Row]) -> Figure:
    """A line a method, or a line a data set and its steps, against the two controls."""
    columns = {f"against {name}": [span(row, name) for row in rows] for name in CONTROLS}
    return forest([name_of(row) for row in rows], columns)


def generations(rows: list[Row]) -> Figure:
    """Test score against generation, a line a method that has more than one."""
    figure, found = axes(6.4, 4.0)
    for index, row in enumerate(row for row in rows if row["gen1"]):
        numbers = [name for name in row if re.fullmatch(r"gen\d+", name) and row[name]]
        dash = DASHES[(index + index // len(COLOURS)) % len(DASHES)]  # another one where a colour comes again
        mark = Mark(index, dash, MARKERS[index % len(MARKERS)])
        found.plot(numbers, [100 * float(row[number]) for number in numbers], label=name_of(row), **mark.line)
    found.set_ylabel("iou on test, %: mean of the pool")
    found.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def seeds(rows: list[Row]) -> Figure:
    """The pool of each seed as a dot, and their mean as a line."""
    figure, found = axes(6.4, 0.9 + 0.34 * len(rows))
    places = list(range(len(rows)))[::-1]
    columns = [column for column in rows[0] if re.fullmatch(r"seed_\d+", column)]
    for place, row in zip(places, rows, strict=True):
        values = [100 * float(row[column]) for column in columns]
        found.plot([sum(values) / len(values)] * 2, [place - 0.3, place + 0.3], color=INK, linewidth=1.5)
        for index, value in enumerate(values):
            label = columns[index].replace("_", " ") if place == places[0] else None
            found.plot([value], [place], **Mark(index, None, "os^"[index]).line, markersize=7, alpha=0.8, label=label)
    found.set_yticks(places, [name_of(row) for row in rows])
    found.set_xlabel("iou on test, %: mean of the pool (line: of the seeds)")
    found.grid(axis="y", visible=False)
    found.grid(axis="x")
    found.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def rounds(rows: list[Row]) -> Figure:
    """Test score against the number of labelled images: a panel a data set, a line a rule, and how far seeds spread."""
    names = list(dict.fromkeys(row["dataset"] for row in rows))
    rules = list(dict.fromkeys(row["rule"] for row in rows))
    figure, several = panels(len(names), 3.4, 3.0)
    for found, name in zip(several, names, strict=True):
        for row in (row for row in rows if row["dataset"] == name):
            index = rules.index(row["rule"])
            labelled = [int(number) for number in row["labelled"].split()]
            values = [100 * float(row[f"round_{turn}"]) for turn in range(len(labelled))]
            spread = [100 * float(row[f"round_{turn}_sd"] or 0) for turn in range(len(labelled))]
            mark = Mark(index, DASHES[index], MARKERS[index])
            places = [number + 0.4 * (index - 1) for number in labelled]  # bars beside each other
            found.plot(places, values, label=row["rule"], **mark.line)
            found.errorbar(places, values, spread, fmt="none", ecolor=COLOURS[index], alpha=0.5)
        found.set_title(name, fontsize=10)
        found.set_xlabel("labelled images")
        found.set_xticks(labelled)
    several[0].set_ylabel("iou on test, %")
    several[-1].legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def labels(rows: list[Row]) -> Figure:
    """Test score against the number of labelled images, which ends the split's name: a line a method, a small dot a seed."""
    figure, found = axes(6.4, 3.6)
    columns = [column for column in rows[0] if re.fullmatch(r"seed_\d+", column)]
    for index, name in enumerate(dict.fromkeys(row["method"] for row in rows)):
        points = [(int(re.sub(r"\D", "", row["split"])), row) for row in rows if row["method"] == name]
        counts = [count for count, _ in points]
        mark = Mark(index, DASHES[index], MARKERS[index])
        found.plot(counts, [100 * float(row["mean"]) for _, row in points], label=name, **mark.line)
        for column in columns:
            values = [100 * float(row[column]) for _, row in points]
            found.plot(counts, values, ".", color=COLOURS[index], markersize=5, alpha=0.6)
    if max(counts) > 4 * min(counts):
        found.set_xscale("log")
    found.set_xticks(counts, [str(count) for count in counts])
    found.set_xticks([], minor=True)
    found.set_xlabel("labelled images")
    found.set_ylabel("iou on test, %")
    found.legend(frameon=False, fontsize=8, loc="lower right")
    return figure


PICTURES: dict[str, tuple[str, Callable[[list[Row]], Figure]]] = {
    "own": ("own", controls),
    "study_small": ("study_small", controls),
    "generations": ("study_small", generations),
    "seeds": ("study_small_seeds", seeds),
    "next_images": ("next_images", rounds),
    "study_demo": ("study_demo", labels),
    "study_tiny_isic_labels": ("study_tiny_isic_labels", labels),
}
"""of each picture the file of its numbers, and what draws it"""


def draw_all(data: Path, out: Path) -> None:
    """Draw all of them into `out`."""
    for name, (file, draw) in PICTURES.items():
        rows = read_table(data / f"{file}.csv")
        write_atomic(out / f"{name}.png", picture(draw(rows), "png", digest(rows)))
