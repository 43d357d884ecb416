"""Score against labelled images, and how many labels a method is worth: those with which a control scores as high."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dissent.core.files import read_table
from dissent.evaluation.intervals import Interval, interval
from dissent.report.judge import AGAINST
from dissent.report.study.cells import Block, Cell


@dataclass(frozen=True)
class Point:
    """A method in one block: under a label fraction, or on a split."""

    block: Block
    labelled: int
    cell: Cell


@dataclass(frozen=True)
class Worth:
    """A method's labels, and those that a control needs for the same score; -inf and inf: fewer and more than were tried."""

    method: str
    control: str
    point: Point
    labels: Interval
    tried: tuple[int, int]

    def bound(self, labels: float | None) -> str:
        """A number of labels, or whether it lies below or above all that were tried; "-" where there is none."""
        if labels is None:
            return "-"
        if np.isinf(labels):
            return f"fewer than {self.tried[0]:,}" if labels < 0 else f"more than {self.tried[1]:,}"
        return f"{labels:,.0f}"


def curves(blocks: Sequence[Block]) -> dict[str, dict[str, list[Point]]]:
    """{panel: {method: its points, few labels first}}, of blocks with a label fraction or a split of their own."""
    found: dict[str, dict[str, list[Point]]] = {}
    drawn = [(len(read_table(block.about["labelled"])), block) for block in blocks if block.about["curve"]]
    for labelled, block in sorted(drawn, key=lambda one: one[0]):
        for cell in block.cells:
            points = found.setdefault(block.about["curve"], {}).setdefault(cell.method, [])
            points.append(Point(block, labelled, cell))
    return found


def worths(methods: dict[str, list[Point]]) -> list[Worth]:
    """What each method that uses unlabelled images is worth in labels of each control, at each label fraction."""
    return [
        Worth(method, control, point, _labels(point, methods[control]), _tried(methods[control]))
        for method, points in methods.items()
        for control in AGAINST
        for point in points
        if control in methods and not (point.cell.labels_alone or point.cell.upper_bound)
    ]


def _tried(points: Sequence[Point]) -> tuple[int, int]:
    return points[0].labelled, points[-1].labelled


def _labels(point: Point, control: Sequence[Point]) -> Interval:
    """Labels with which the control scores as the method does, interpolated over their logarithm, with its interval.

    Every round has its own curve, on the images of that round and with what students and seeds tell of the error (`intervals.rounds`).
    There is no interval where one of the scores has none. A control's curve that falls somewhere counts as flat there: more
    labels are never worth less.
    """
    cells = [point.cell, *(one.cell for one in control)]
    seeds = [seed for seed in point.cell.whole if all(seed in cell.whole for cell in cells)]
    if not seeds or any(cell.mean is None for cell in cells):
        return None, None, None
    counts = np.log([one.labelled for one in control])
    value = _crossing(cells[0].mean_of(seeds), [cell.mean_of(seeds) for cell in cells[1:]], counts)
    if any(interval([[cell.scores[seed]] for seed in seeds])[1] is None for cell in cells):
        return value, None, None
    drawn = np.stack([cell.means(seeds) for cell in cells], axis=1)
    found = np.sort([_crossing(row[0], row[1:], counts) for row in drawn])
    ends = (found[int(len(found) * 0.025)], found[int(np.ceil(len(found) * 0.975)) - 1])
    return value, float(ends[0]), float(ends[1])


def _crossing(score: float, curve: Sequence[float], counts: np.ndarray) -> float:
    rising = np.maximum.accumulate(curve)
    if score < rising[0]:
        return -np.inf
    if score > rising[-1]:
        return np.inf
    first = int(np.searchsorted(rising, score))  # the least labels that reach it
    if not first:
        return float(np.exp(counts[0]))
    below, above = rising[first - 1], rising[first]
    part = (score - below) / (above - below)
    return float(np.exp(counts[first - 1] + part * (counts[first] - counts[first - 1])))
