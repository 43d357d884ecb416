"""How good a mask truly is, as EvalNets learn to say it (section 5.2), and what follows from it. numpy only."""

from typing import NamedTuple

import numpy as np

from dissent.core.files import UNKNOWN
from dissent.core.task import Task

SEEN = 0.01  # share of the image that a class must cover to be one that can be detected
LEFT, LEFT_OF_IMAGE = 0.3, 0.1  # of what doubt leaves of a class: share of itself, or of the image


class Truth(NamedTuple):
    """IoU of each name of `histogram_names` that is no background of a binary task, and 1 where it is detected."""

    iou: np.ndarray
    detected: np.ndarray

    @property
    def heads(self) -> np.ndarray:
        """What an EvalNet is to say: `(1, 1)` the IoU of one foreground, or `(2, classes)` IoU and detection."""
        return np.stack([self.iou] if len(self.iou) == 1 else [self.iou, self.detected])


def truth(mask_HW: np.ndarray, label_HW: np.ndarray, doubt_HW: np.ndarray | None, task: Task) -> Truth:
    """How well the bytes of a mask fit a label.

    `doubt_HW` says what was blocked in the mask. Pixels whose label is 255 (nobody knows) are not compared; in an
    exclusive mask 255 is no class.

    IoU of a class that the label lacks is 0, but 1 for the class kept for doubt when the mask has doubt. A class is
    detected where it covers more than a hundredth of the label. Under doubt it is detected where .3 of it, or a tenth
    of the image, is left.
    """
    known = label_HW != UNKNOWN
    guess, right = (task.planes_of(np.where(known, mask, np.uint8(0)))[:, known] for mask in (mask_HW, label_HW))
    both, either = (guess & right).sum(1), (guess | right).sum(1)
    size = right.sum(1)
    iou = np.where(size > 0, both / np.maximum(1, either), 0.0)
    if doubt_HW is None:
        detected = size > SEEN * known.sum()
    else:
        left = (right & (doubt_HW[known] == 0)).sum(1)
        detected = (left >= LEFT * size) & (size > 0) | (left >= LEFT_OF_IMAGE * known.sum())
    if task.doubt_class and doubt_HW is not None and (doubt_HW != 0).any():
        iou[0], detected[0] = 1.0, True
    return Truth(iou.astype(np.float32), detected.astype(np.float32))


def rating(told: np.ndarray, skip_doubt: bool = False) -> float:
    """One number from IoU and detection `(heads, classes)`: the mean IoU of what is detected, 0 where nothing is.

    With one head it is the IoU of the one foreground. `skip_doubt`: leave out class 0, which a task keeps for doubt
    (IM++).
    """
    iou = told[0]
    if len(told) == 1:
        return float(iou[0])
    seen = told[1] >= 0.5
    if skip_doubt:
        seen = seen.copy()
        seen[0] = False
    return float(iou[seen].mean()) if seen.any() else 0.0


def copies(score: float, low: float, high: float) -> int:
    """How many copies a pair gets, by the quality of its mask.

    It is one up to `low` and five above `high` (section 5, 11; table T6).
    """
    if score > high:
        return 5
    if score <= low:
        return 1
    return min(5, 1 + int((score - low) / ((high - low) / 5)))
