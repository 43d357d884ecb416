"""What each kind of pseudo-label says, in words, and how far teachers disagree, whatever becomes of it. No torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from dissent.core.task import Task


@dataclass(frozen=True)
class Meaning:
    """What a person reads of one kind of label."""

    label: str
    left_out: str
    """where the inconsistency mask is red; "" where it is blank, as nothing is left out"""


MEANINGS = {
    "agreement": Meaning("the label on which all teachers agree", "where the teachers disagree"),
    "majority": Meaning("the label of more than half of the teachers", "where no label has more than half of them"),
    "unanimous": Meaning("the label on which all teachers agree, and the background where they do not", ""),
    "mean": Meaning("the label of the teachers' mean probabilities", ""),
    "best": Meaning("the label of the best teacher", ""),
    "scored": Meaning("the label of the highest estimated quality", ""),
}
"""`pseudo_label` of a method -> what it means"""


def disputed_share(row: Mapping[str, Any], pseudo_label: str, task: Task) -> float:
    """Share of an image's pixels on which teachers disagree, by its row of masks.csv.

    Of labels by agreement it is what the inconsistency mask has. Of labels that overlap it is else the mean over labels.
    """
    if pseudo_label == "agreement":
        return float(row["doubt_share"])
    return int(row["doubt_pixels"]) / int(row["pixels"]) / (task.outputs if task.bits else 1)


def differing(task: Task, predictions_KHW: np.ndarray) -> np.ndarray:
    """Non-zero (H, W) where the teachers' masks differ; of labels that overlap the bits of those on which they do."""
    apart = predictions_KHW ^ predictions_KHW[:1]
    found: np.ndarray = np.bitwise_or.reduce(apart, axis=0)
    return found if task.bits else (found != 0).astype(np.uint8)
