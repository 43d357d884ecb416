"""Between which labels the teachers of an image disagree, pixel by pixel."""

from dataclasses import dataclass

import numpy as np

from dissent.core.task import Task

_MOST = 254  # sets of labels that have a number of their own; the others share the last one


@dataclass(frozen=True)
class Dispute:
    """`codes` (H, W): 0 where nothing is in doubt, else 1 + the place in `sets`. `pixels`: how many each set has, the most first.

    A set has the labels that were said there; of labels that overlap, those that some teachers say and others do not.
    An empty set stands for all that are too rare to have a number.
    """

    codes: np.ndarray
    sets: list[list[int]]
    pixels: list[int]

    def by_label(self, labels: int) -> list[int]:
        """Pixels in doubt about each label."""
        found = [0] * labels
        for names, pixels in zip(self.sets, self.pixels, strict=True):
            for label in names:
                found[label] += pixels
        return found


def disputed(task: Task, predictions_KHW: np.ndarray, doubt_HW: np.ndarray) -> Dispute:
    """Group the pixels that `doubt_HW` marks by what the teachers say there (bytes of masks, as predictions.csv names them).

    Where morphology grew the doubt over pixels on which all agree, the set has the one label that they say.
    """
    inside = doubt_HW != 0
    said_KP = doubt_HW[inside][None] if task.bits else _each_once(predictions_KHW[:, inside])
    columns_KS, code_P, count_S = np.unique(said_KP, axis=1, return_inverse=True, return_counts=True)
    order = np.argsort(-count_S, kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    codes = np.zeros(doubt_HW.shape, np.uint8)
    codes[inside] = 1 + np.minimum(place[code_P.reshape(-1)], _MOST)
    sets = [_labels(task, columns_KS[:, index]) for index in order[:_MOST]]
    pixels = [int(count_S[index]) for index in order[:_MOST]]
    if len(order) > _MOST:
        sets, pixels = [*sets, []], [*pixels, int(count_S[order[_MOST:]].sum())]
    return Dispute(codes, sets, pixels)


def _each_once(said_KP: np.ndarray) -> np.ndarray:
    """Columns of ids -> columns in which each id stands once, in order, and -1 fills the rest."""
    ordered = np.sort(said_KP.astype(np.int16), axis=0)
    again = np.zeros(ordered.shape, bool)
    again[1:] = ordered[1:] == ordered[:-1]
    return np.sort(np.where(again, np.int16(-1), ordered), axis=0)


def _labels(task: Task, column: np.ndarray) -> list[int]:
    if task.bits:
        return [bit for bit in range(task.outputs) if int(column[0]) >> bit & 1]
    return [int(value) for value in column if value >= 0]
