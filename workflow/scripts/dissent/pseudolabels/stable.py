"""How far those who vote on an image agree, and which images are the most reliable by that (ST++, CVPR 2022). numpy only."""

import math
from collections.abc import Sequence

import numpy as np

from dissent.core.task import Task

MEAN = "0"
"""the number of the mean, or of the best beside its checkpoints, among the teachers of predictions.csv"""


def most_reliable(scores: Sequence[float], share: float) -> list[bool]:
    """Whether each is among the first floor(n * share), by a stable sort from the highest on."""
    order = sorted(range(len(scores)), key=lambda index: -scores[index])
    chosen = set(order[: math.floor(len(scores) * share + 1e-9)])
    return [index in chosen for index in range(len(scores))]


def reliability(masks: Sequence[np.ndarray], task: Task) -> float:
    """The mean of the mean IoU of each mask but the first with the first: the last checkpoint, or the best teacher."""
    return float(np.mean([mean_iou(mask, masks[0], task) for mask in masks[1:]]))


def mean_iou(mask_HW: np.ndarray, other_HW: np.ndarray, task: Task) -> float:
    """Mean IoU of two masks over the classes that either has; 1 where neither has any.

    The background of a binary task is a class. Labels that overlap count by themselves.
    """
    one, two = (_planes(mask, task) for mask in (mask_HW, other_HW))
    both, either = ((one & two).sum((1, 2)), (one | two).sum((1, 2)))
    present = either > 0
    return float((both[present] / either[present]).mean()) if present.any() else 1.0


def _planes(mask_HW: np.ndarray, task: Task) -> np.ndarray:
    planes = task.planes_of(mask_HW)
    return np.concatenate([~planes, planes]) if task.one_foreground else planes
