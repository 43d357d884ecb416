"""Counts of right and wrong pixels per image, and the scores and intervals that follow from them. numpy only.

Legend of shapes: N images, L labels, R resamples of the images, and last the four counts `tp, fp, fn, tn`. L is the
foreground alone in a binary task, every id in a multiclass task, every label in a multilabel task. `task` is
`config.task.TaskSettings.model_dump(mode="json")`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dissent.evaluation.confusion import counts as counts

# counts (N, L, 4) and how often each image counts (R, N) -> score (R,), score of each label (R, L); NaN where none
Statistic = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Score:
    """A score for one task. It is called with the counts `(N, L, 4)` of a set of images."""

    definition: str
    """a sentence for the reader of metrics.json"""
    statistic: Statistic
    digits: int | None = None
    """decimals to which the published code rounds the score of a set"""

    def __call__(self, counts_NL4: np.ndarray) -> dict:
        """`{"value": float or None, "per_label": [float or None, ...]}`; None where no image has anything to score."""
        value, per_label = self.statistic(_checked(counts_NL4), np.ones((1, len(counts_NL4))))
        return {"value": self._plain(value[0]), "per_label": [self._plain(one) for one in per_label[0]]}

    def _plain(self, value: float) -> float | None:
        if np.isnan(value):
            return None
        return float(value if self.digits is None else np.round(value, self.digits))


def scorer(name: str, task: dict) -> Score:
    """The score called `name` for this task; ValueError lists the names there are."""
    names = names_for(task)
    if name not in names:
        raise ValueError(f"`{name}` is no score; there are {', '.join(names)}")
    return (SCORES | CELL_SCORES)[name](task)


def names_for(task: dict) -> list[str]:
    """Every score that the task has: those of pixels, and where it marks cells those of cells."""
    return [*SCORES, *(CELL_SCORES if task["cells"] else ())]


def _checked(counts_NL4: np.ndarray) -> np.ndarray:
    counts_NL4 = np.asarray(counts_NL4)
    if counts_NL4.ndim != 3 or counts_NL4.shape[-1] != 4:
        raise ValueError(f"counts have the shape (images, labels, 4), not {counts_NL4.shape}")
    return counts_NL4.astype(np.float64)  # sums stay exact up to 2^53 pixels


def _divide(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.divide(above, below, out=np.full(below.shape, np.nan), where=below != 0)


def _mean(values: np.ndarray) -> np.ndarray:
    """Mean over the last axis of what is not NaN; NaN where nothing is left."""
    return _divide(np.nansum(values, axis=-1), np.count_nonzero(~np.isnan(values), axis=-1))


def _total(counts_NL4: np.ndarray, times_RN: np.ndarray) -> np.ndarray:
    """Counts summed over the images of each resample: `(4, R, L)`, the four counts first."""
    return np.moveaxis(np.tensordot(times_RN, counts_NL4, axes=1), -1, 0)


def _over_images(per_image: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]) -> Statistic:
    """Mean over images of `per_image`; NaN is not scored.

    It maps counts `(N, L, 4)` to the scores of images `(N,)` and of each label `(N, L)`.
    """

    def statistic(counts_NL4: np.ndarray, times_RN: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        seen = counts_NL4.sum(axis=(1, 2)) > 0
        means = []
        for values in per_image(counts_NL4):
            scored = (~np.isnan(values).T & seen).T
            means.append(_divide(times_RN @ np.where(scored, values, 0), times_RN @ scored))
        return means[0], means[1]

    return statistic


def _overlap(name: str, formula: str, ratio: Callable) -> Callable[[dict], Score]:
    """IoU or Dice of the set as a whole: counts summed over images, the ratio of each label, the mean over labels."""

    def build(task: dict) -> Score:
        scored = np.array([not (task["doubt_class"] and label == 0) for label in range(len(task["labels"]))])

        def statistic(counts_NL4: np.ndarray, times_RN: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            tp, fp, fn, _ = _total(counts_NL4, times_RN)
            per_label_RL = np.where(scored, ratio(tp, fp, fn), np.nan)
            return _mean(per_label_RL), per_label_RL

        labels = {"binary": "the foreground", "multiclass": "all classes", "multilabel": "all labels"}[task["kind"]]
        but = " but id 0, which is kept for doubt" if task["doubt_class"] else ""
        return Score(
            f"{name} = {formula}, from counts summed over all images, mean over {labels}{but}; what occurs in neither "
            "target nor prediction has no score and is left out, and so are pixels whose target is 255",
            statistic,
        )

    return build


def _right_planes(counts_NL4: np.ndarray, times_RN: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    tp, fp, fn, tn = _total(counts_NL4, times_RN)
    per_label_RL = _divide(tp + tn, tp + fp + fn + tn)
    return _mean(per_label_RL), per_label_RL


def _right_ids(counts_NL4: np.ndarray, times_RN: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    tp, fp, fn, tn = _total(counts_NL4, times_RN)
    return _divide(tp.sum(axis=-1), (tp + fp + fn + tn)[..., 0]), _divide(tp, tp + fn)


_ACCURACY = {
    "binary": ("right pixels / all pixels", _right_planes),
    "multiclass": ("right pixels / all pixels; of a class: those of the target's pixels", _right_ids),
    "multilabel": ("right pixels / all pixels of each label, mean over labels", _right_planes),
}


def _pixel_accuracy(task: dict) -> Score:
    definition, statistic = _ACCURACY[task["kind"]]
    return Score(f"{definition}; summed over all images, without pixels whose target is 255", statistic)


def _paper(name: str, formula: str, ratio: Callable, policies: dict) -> Callable[[dict], Score]:
    """A score of an image, then the mean over images, rounded as the published code does (sections 6.1 to 6.3)."""

    def build(task: dict) -> Score:
        sentence, combine = policies[task["kind"]]

        def per_image(counts_NL4: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            tp, fp, fn, _ = np.moveaxis(counts_NL4, -1, 0)
            return combine(ratio(tp, fp, fn), tp + fn > 0)

        definition = f"{name} = {formula} {sentence}; mean over images, rounded to 3 decimals, as the papers do"
        return Score(definition, _over_images(per_image), digits=3)

    return build


def _every_label(values_NL: np.ndarray, _: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    values_NL = np.round(values_NL, 4)
    return values_NL.mean(axis=-1), values_NL


def _present_labels(values_NL: np.ndarray, present_NL: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    values_NL = np.where(present_NL, values_NL, np.nan)
    return np.round(_mean(values_NL), 4), values_NL


_ONE = ("per image, rounded to 4 decimals", _every_label)
_ALL = ("per image and label, rounded to 4 decimals, mean over labels", _every_label)
_PRESENT = ("per image and label, mean over labels that occur in its target, rounded to 4 decimals", _present_labels)

SCORES = {
    "iou": _overlap("IoU", "tp / (tp + fp + fn)", lambda tp, fp, fn: _divide(tp, tp + fp + fn)),
    "dice": _overlap("Dice", "2 tp / (2 tp + fp + fn)", lambda tp, fp, fn: _divide(2 * tp, 2 * tp + fp + fn)),
    "published_iou": _paper(
        "IoU",
        "tp / (tp + fp + fn + 1e-7)",
        lambda tp, fp, fn: tp / (tp + fp + fn + 1e-7),
        {"binary": _ONE, "multiclass": _PRESENT, "multilabel": _ALL},
    ),
    "published_dice": _paper(
        "Dice",
        "(2 tp + 1) / (2 tp + fp + fn + 1)",
        lambda tp, fp, fn: (2 * tp + 1) / (2 * tp + fp + fn + 1),
        {"binary": _ONE, "multiclass": _PRESENT, "multilabel": _PRESENT},
    ),
    "pixel_accuracy": _pixel_accuracy,
}


def _mcce(task: dict) -> Score:
    """Mean cell count error (section 6.4), from counts of cells (`cell_counting.cell_counts`) in place of pixels."""
    states = task["cells"]["states"]
    counted = np.array([label in states for label in task["labels"]])

    def statistic(counts_NL4: np.ndarray, times_RN: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        errors_NL = counts_NL4[..., 1] + counts_NL4[..., 2]
        images_R1 = times_RN.sum(axis=-1, keepdims=True)
        per_label_RL = _divide(times_RN @ errors_NL, np.broadcast_to(images_R1, (len(times_RN), len(counted))))
        value_R = np.where(images_R1[:, 0] > 0, per_label_RL[:, counted].sum(axis=-1), np.nan)
        return value_R, np.where(counted, per_label_RL, np.nan)

    sentence = (
        f"|predicted - true number of {states[0]} cells| + the same of {states[1]} cells, counted at the positions"
    )
    return Score(
        f"{sentence}; mean over images, rounded to 3 decimals, as the papers do; lower is better", statistic, 3
    )


CELL_SCORES = {"mcce": _mcce}
CELL_ROWS = "cells:"
"""how labels begin in the rows of counts.csv that count cells"""
