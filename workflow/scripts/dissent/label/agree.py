"""Label by agreement: the Inconsistency Mask (section 5.1)."""

import numpy as np

from dissent.consensus import areas, consensus


def agree(predictions: np.ndarray, kind: str, erode: int, dilate: int) -> tuple[np.ndarray, np.ndarray, int, int]:
    """The label on which all teachers agree, the inconsistency mask, and the areas (doubt, agreed) before morphology."""
    label, inconsistent = consensus(predictions, kind, erode, dilate)
    doubted, agreed = areas(predictions, kind)
    return label, inconsistent, doubted, agreed
