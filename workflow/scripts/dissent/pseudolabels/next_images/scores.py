"""How much teachers differ on an image, label by label, and which labels the labelled images lack.

Legend of shapes: K teachers, L labels (the foreground, every class, or every label that overlaps), H rows, W columns, N images.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dissent.core.files import UNKNOWN
from dissent.core.task import Task

LEAST = 0.001
"""share of pixels, below which a label counts as this large: one that is hardly ever said shall not decide alone"""
MOST = 3.0
"""a label is asked for by this factor at most, and by its inverse at least"""


@dataclass(frozen=True)
class Said:
    """What teachers say of one image."""

    doubt: float
    """share of its pixels where they differ on any label"""
    differs_L: np.ndarray
    """share of its pixels where one says the label and another does not"""
    said_L: np.ndarray
    """share of its pixels with the label, the mean of the teachers"""
    planes_LHW: np.ndarray
    """at each pixel the share of the teachers that say the label"""


def said(masks: Sequence[np.ndarray], task: Task) -> Said:
    """`masks`: the teachers' masks (H, W) of one image, in which nothing is unknown."""
    planes = np.stack([task.planes_of(mask) for mask in masks])
    mean = planes.mean(0, dtype=np.float32)
    differs = (mean > 0) & ~planes.all(0)
    return Said(float(differs.any(0).mean()), differs.mean((1, 2)), mean.mean((1, 2)), mean)


def known_planes(label_HW: np.ndarray, task: Task) -> np.ndarray:
    """The planes (L, H, W) of an annotator's label, as floats; what is unknown has no label."""
    known = label_HW != UNKNOWN
    planes: np.ndarray = (task.planes_of(np.where(known, label_HW, np.uint8(0))) & known).astype(np.float32)
    return planes


def share_of(labels: Sequence[np.ndarray], task: Task) -> np.ndarray:
    """The share (L,) of the known pixels of annotators' labels that each label has; zeros without any."""
    pixels, known = np.zeros(task.outputs), 0
    for label in labels:
        pixels += known_planes(label, task).sum((1, 2))
        known += int((label != UNKNOWN).sum())
    return pixels / max(1, known)


def need(labelled_L: np.ndarray, pool_L: np.ndarray) -> np.ndarray:
    """How much each label is asked for: its share in the pool over its share in the labelled images, 1/MOST to MOST."""
    return np.asarray(np.clip((pool_L + LEAST) / (labelled_L + LEAST), 1 / MOST, MOST))


def worth(differs_NL: np.ndarray, said_NL: np.ndarray, need_L: np.ndarray) -> np.ndarray:
    """What each label adds to each image's score (N, L); their sum is the score.

    Scores of a task are means over labels, so a pixel of a small label counts more than one of a large label: it is divided by how many
    pixels the label has in an image of the pool, on average. Where nobody differs on anything (one teacher alone),
    what is said takes the place of what differs.
    """
    asked = differs_NL if differs_NL.any() else said_NL
    usual_L = np.maximum(said_NL.mean(0), LEAST)
    return np.asarray(asked * need_L / usual_L / len(need_L))
