"""Counts of right and wrong pixels of one image, from which every score follows. numpy only."""

import numpy as np

from dissent.core.files import UNKNOWN


def counts(prediction: np.ndarray, target: np.ndarray, task: dict) -> np.ndarray:
    """The counts `tp, fp, fn, tn` of every label in one image: int64 `(L, 4)`.

    `prediction` and `target` are masks `(H, W)` of one byte a pixel: 0/1, class ids, or one bit a label. Pixels that
    are 255 in `target` are left out. ValueError where shapes differ or a value is none of the task's.
    """
    prediction, target = np.asarray(prediction), np.asarray(target)
    if prediction.shape != target.shape or prediction.ndim != 2:
        raise ValueError(f"prediction {prediction.shape} and target {target.shape} must be masks (H, W) of one size")
    labels, (values, count) = len(task["labels"]), _COUNTS[task["kind"]]
    known = target != UNKNOWN
    largest = values(labels) - 1
    for name, mask in (("prediction", prediction), ("target", target[known])):
        if mask.size and (mask.min() < 0 or mask.max() > largest):
            wrong = mask.max() if mask.max() > largest else mask.min()
            raise ValueError(f"a {name} of this {task['kind']} task holds 0 to {largest}, not {wrong}")
    return count(prediction, target, known, labels)


def _count_plane(prediction: np.ndarray, target: np.ndarray, known: np.ndarray) -> list[int]:
    prediction, target = prediction & known, target & known
    tp, said, there, seen = (int(np.count_nonzero(plane)) for plane in (prediction & target, prediction, target, known))
    fp, fn = said - tp, there - tp
    return [tp, fp, fn, seen - tp - fp - fn]


def _count_binary(prediction: np.ndarray, target: np.ndarray, known: np.ndarray, _: int) -> np.ndarray:
    return np.array([_count_plane(prediction == 1, target == 1, known)], np.int64)


def crossed(prediction: np.ndarray, target: np.ndarray, labels: int) -> np.ndarray:
    """How many pixels of each class are called what, in masks of class ids: (classes of the target, classes said) of int64."""
    known = target != UNKNOWN
    both = target[known].astype(np.intp) * labels + prediction[known]
    return np.bincount(both, minlength=labels * labels).reshape(labels, labels)


def _count_ids(prediction: np.ndarray, target: np.ndarray, known: np.ndarray, labels: int) -> np.ndarray:
    table = crossed(prediction, target, labels)
    tp = np.diagonal(table)
    fp, fn = table.sum(axis=0) - tp, table.sum(axis=1) - tp
    return np.stack([tp, fp, fn, table.sum() - tp - fp - fn], axis=-1).astype(np.int64)


def _count_bits(prediction: np.ndarray, target: np.ndarray, known: np.ndarray, labels: int) -> np.ndarray:
    bits = [1 << label for label in range(labels)]
    return np.array([_count_plane((prediction & bit) != 0, (target & bit) != 0, known) for bit in bits], np.int64)


_COUNTS = {  # kind: how many values a mask may have, how they are counted
    "binary": (lambda labels: 2, _count_binary),
    "multiclass": (lambda labels: labels, _count_ids),
    "multilabel": (lambda labels: 1 << labels, _count_bits),
}
