"""Labels from votes on one image: by agreement (the Inconsistency Mask, section 5.1), by more than half, by unanimity."""

import numpy as np

from dissent.consensus import areas, consensus, union

Labelled = tuple[np.ndarray, np.ndarray, int, int]
"""The label as `Task.unpack` gives it, the inconsistency mask (H, W), and the areas of doubt and of agreement"""


def agreement(votes: np.ndarray, kind: str, erode: int = 0, dilate: int = 0, background: int | None = 0) -> Labelled:
    """The label on which all agree, the inconsistency mask, and the areas before morphology."""
    label, inconsistent = consensus(votes, kind, erode, dilate, background)
    return label, inconsistent, *areas(votes, kind, background)


def unanimous(votes: np.ndarray, kind: str, erode: int = 0, dilate: int = 0, background: int | None = 0) -> Labelled:
    """The label on which all agree, background elsewhere, and no doubt (the hard model ensemble, section 5, 5).

    The areas tell of the disagreement that is not acted upon.
    """
    assert background is not None, "where all ids are classes the plan refuses this label (config/compatibility.py)"
    label, inconsistent = consensus(votes, kind)
    if background:
        label = np.where(inconsistent, np.uint8(background), label)
    return label, np.zeros_like(inconsistent), *areas(votes, kind, background)


def majority(votes: np.ndarray, kind: str, erode: int = 0, dilate: int = 0, background: int | None = 0) -> Labelled:
    """What more than half of the voters say; where there is no such label the pixel is in doubt (multilabel: of any label)."""
    doubted, agreed = areas(votes, kind, background)
    need = len(votes) // 2 + 1
    label, undecided = np.zeros_like(votes[0]), np.ones_like(votes[0])
    for value in np.unique(votes):
        wins = np.count_nonzero(votes == value, axis=0) >= need
        label[wins], undecided[wins] = value, 0
    return label, union(undecided, kind), doubted, agreed
