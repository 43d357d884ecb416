"""What students are told of each label, counted: masks.csv after the rule by which doubt becomes a target. Needs no torch."""

from collections.abc import Mapping, Sequence

import numpy as np

from dissent.core.files import MOST_BY_LABEL
from dissent.core.task import Task


def columns_of(task: Task) -> list[str]:
    """Columns of masks.csv that count labels.

    `pixels_NAME`: where no label is in doubt. Labels that overlap have two more: `own_NAME` where that label itself is not
    in doubt, and `known_NAME`, all pixels where it is not.
    """
    more = [f"{kind}_{name}" for kind in ("own", "known") for name in task.labels] if task.bits else []
    return [f"pixels_{name}" for name in task.histogram_names] + more


def counted(task: Task, label_HW: np.ndarray, doubt_HW: np.ndarray) -> dict[str, int]:
    """The values of `columns_of` for one label and its doubt."""
    found = task.pixels(np.where(doubt_HW != 0, np.uint8(255), label_HW))
    if task.bits:
        found += task.pixels(label_HW & ~doubt_HW)
        found += [int((doubt_HW >> bit & 1 == 0).sum()) for bit in range(task.outputs)]
    return dict(zip(columns_of(task), found, strict=True))


def shares(rows: Sequence[Mapping], task: Task, target: str) -> dict[str, float | None]:
    """{label: its share of the pixels at which it is learned}. `rows` are those of masks.csv, `target` is `inconsistency.target`.

    Doubt that is learned as background counts as that. Labels that overlap may have all pixels at once.
    """
    pixels = sum(int(row["pixels"]) for row in rows)
    doubted = sum(round(int(row["pixels"]) * float(row["doubt_share"])) for row in rows)
    names = task.histogram_names
    told = target in ("background", "own_class")
    by_label = target == "ignore_label" and task.bits and len(task.labels) <= MOST_BY_LABEL
    found = {}
    for number, name in enumerate(names):
        own = sum(int(row[f"{'own' if by_label else 'pixels'}_{name}"]) for row in rows)
        if told and not task.bits and number == task.background:
            own += doubted
        known = pixels if told else pixels - doubted
        if by_label:
            known = sum(int(row[f"known_{name}"]) for row in rows)
        found[name] = own / known if known else None
    return found
