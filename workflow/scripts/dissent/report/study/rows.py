"""The table of a block: a row a method, what is bold in it, and the verdict in words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dissent.report.study.cells import Block, Cell, Interval, all_known, difference
from dissent.report.verdict import AGAINST


@dataclass(frozen=True)
class Row:
    """One method."""

    cell: Cell
    against: dict[str, Interval]
    """control: the difference to it; without the row's own"""
    best: bool
    """the highest mean, and better than every other row by more than the interval"""
    costs: dict[str, float]
    """seconds and cpu_seconds of all generations, mean over seeds"""
    beside: list[dict]
    """published numbers: name, score, theirs, ours, sd, unlike"""

    @property
    def recommended(self) -> bool:
        """Whether its whole interval against ALDT lies above 0; neither upper bounds nor controls are asked."""
        return _above(self, AGAINST[0]) and not (self.cell.upper_bound or self.cell.labels_alone)

    @property
    def paid(self) -> bool:
        """Recommended, and better than labels alone at equal steps by more than the interval: what the green bar means."""
        return self.recommended and _above(self, AGAINST[1])


def rows_of(block: Block) -> list[Row]:
    """The rows in the order of the study."""
    best = _best(block.cells)
    controls = [cell for name in AGAINST if (cell := block.cell(name))]
    return [
        Row(
            cell,
            {other.method: difference(cell, other) for other in controls if other is not cell},
            cell is best,
            _costs(cell),
            _beside(block, cell),
        )
        for cell in block.cells
    ]


def _best(cells: Sequence[Cell]) -> Cell | None:
    judged = [(cell.mean, cell) for cell in cells if not cell.upper_bound and cell.mean is not None]
    if len(judged) < 2:
        return None
    (_, top), *others = sorted(judged, key=lambda one: -one[0])
    lows = [difference(top, other)[1] for _, other in others]
    return top if all(low is not None and low > 0 for low in lows) else None


def _costs(cell: Cell) -> dict[str, float]:
    totals = [[one.cost["total"] for one in made] for made in cell.made.values()]
    return {
        name: float(np.mean([sum(total[name] for total in of_seed) for of_seed in totals]))
        for name in ("seconds", "cpu_seconds")
    }


def _beside(block: Block, cell: Cell) -> list[dict]:
    """The method's published values, each with ours in the same score: mean over seeds of the pools' means, sd over students."""
    found = []
    for table in block.about["published"]:
        if cell.method not in table["rows"]:
            continue
        row, scale = table["rows"][cell.method], table["scale"]
        scores = [
            _score_of(student[table["score"]], table["labels"], end.metrics.get("label_names", []))
            for end in cell.ends.values()
            for student in end.metrics[block.subset]["students"].values()
            if table["score"] in student
        ]
        students = all_known(scores)
        unlike = row["unlike"] + ([] if students else [f"{table['score']} is not among our scores"])
        unlike += [f"scored on {block.subset}"] if block.subset != table["subset"] else []
        ours = scale * float(np.mean(students)) if students else None
        sd = scale * float(np.std(students, ddof=1)) if len(students) > 1 else None
        told = {"name": table["name"], "score": table["score"], "better": table["better"], "theirs": row["value"]}
        found.append(told | {"ours": ours, "sd": sd, "unlike": unlike})
    return found


def _score_of(score: dict, labels: Sequence[str], names: Sequence[str]) -> float | None:
    """A student's score, or its mean over some labels (the papers' mIoU_ad is that of alive and dead)."""
    if not labels:
        return score["value"]
    values = [score["per_label"][names.index(label)] for label in labels if label in names]
    return float(np.mean(values)) if len(values) == len(labels) and None not in values else None


def verdict(block: Block, rows: Sequence[Row]) -> list[str]:
    """Sentences by the rule: recommended is what beats ALDT by more than the interval; what steps alone give is said."""
    judge = AGAINST[0]
    asked = [row for row in rows if not (row.cell.upper_bound or row.cell.labels_alone)]
    if block.cell(judge) is None:
        return [f"Nothing can be recommended: {judge} is not in the study, and has to be beaten; add it to `methods`."]
    if not asked:
        return ["There is no method to judge: upper bounds, and controls that learn from labels alone, are none."]
    said = []
    if good := [row for row in asked if row.recommended]:
        said += [
            f"Recommended, as better than {judge} by more than the interval: {_told(good, judge)}.",
            _also(block, good),
        ]
        if few := [row.cell.method for row in good if len(row.cell.whole) < 2]:
            said.append(f"This rests on one seed for {', '.join(few)}; add `more_seeds` before relying on it.")
    else:
        said.append(f"None is recommended: no method is better than {judge} by more than the interval.")
    if bad := [row for row in asked if not row.recommended]:
        said.append(f"Not recommended: {_told(bad, judge)}.")
    controls = [row for row in rows if row.cell.labels_alone and not row.cell.upper_bound]
    if strong := [row for row in controls if _above(row, judge)]:
        said.append(f"Beware: {_told(strong, judge)} beats {judge} without an unlabelled image.")
    return said


def _also(block: Block, good: Sequence[Row]) -> str:
    """Whether what is recommended is better than what steps alone give."""
    steps = AGAINST[1]
    if block.cell(steps) is None:
        return f"Whether this is more than additional steps give is not known: {steps} is not in the study."
    if also := [row.cell.method for row in good if _above(row, steps)]:
        return f"Of these, better than {steps} by more than the interval, too: {', '.join(also)}."
    return f"But none of these is better than {steps} by more than the interval: what they gain, steps alone may give."


def _above(row: Row, other: str) -> bool:
    """Whether the whole interval of the difference to a control lies above 0."""
    low = row.against.get(other, (None, None, None))[1]
    return low is not None and low > 0


def _told(rows: Sequence[Row], other: str) -> str:
    return ", ".join(f"{row.cell.method} ({points(row.against[other])})" for row in rows)


def points(one: Interval) -> str:
    """A difference with its interval, or that there is none."""
    if one[0] is None:
        return "cannot be compared"
    value, low, high = (f"{100 * part:+.1f}" for part in one)
    return f"{value} points, {low} to {high}"
