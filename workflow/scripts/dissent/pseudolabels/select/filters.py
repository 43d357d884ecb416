"""Filters: the functions that keep or drop a pseudo-labelled image.

Each takes `(row of masks.csv, classes that each voter sees, task, label)` and gives the reason to drop an image, or "".
"""

from collections.abc import Mapping, Sequence

import numpy as np

from dissent.consensus import eroded
from dissent.core.task import Task


def everything(row: Mapping, seen: Sequence[frozenset[int]], task: Task, label_HW: np.ndarray) -> str:
    """Keep every image."""
    return ""


def larger(row: Mapping, seen: Sequence[frozenset[int]], task: Task, label_HW: np.ndarray) -> str:
    """Keep where the agreed foreground is larger than the doubt and not empty (published for ISIC, section 5.1).

    Other kinds of task than binary have no such foreground: there every image is kept, as published.
    """
    if not task.one_foreground:
        return ""
    if row["agreed_foreground"] == 0:
        return "teachers agree on no foreground"
    if row["agreed_foreground"] <= row["doubt_pixels"]:
        return "doubt is not smaller than the agreed foreground"
    return ""


def same_classes(row: Mapping, seen: Sequence[frozenset[int]], task: Task, label_HW: np.ndarray) -> str:
    """Keep where all teachers predict the same set of classes (published as an option, section 5.1)."""
    return "" if len(set(seen)) == 1 else "teachers see different classes"


def outlasts_erosion(row: Mapping, seen: Sequence[frozenset[int]], task: Task, label_HW: np.ndarray) -> str:
    """Keep where some foreground is left after an erosion by 5x5.

    Other kinds of task keep all. (Input ensemble for ISIC, section 5, 6.)
    """
    if not task.one_foreground or eroded(label_HW, 5).any():
        return ""
    return "no foreground outlasts an erosion by a square of 5"


def reliable(row: Mapping, seen: Sequence[frozenset[int]], task: Task, label_HW: np.ndarray) -> str:
    """Keep where those who vote agree more than on most other images (ST++; pseudolabels/stable.py)."""
    return "" if row["passes"] == "1" else f"agreement {float(row['score']):.3f} is not among the best"


def rated_well(row: Mapping, seen: Sequence[frozenset[int]], task: Task, label_HW: np.ndarray) -> str:
    """Keep where the estimated quality reaches the threshold (EvalNet, section 5.2)."""
    return "" if row["passes"] == "1" else f"estimated quality {float(row['score']):.3f} is below the threshold"
