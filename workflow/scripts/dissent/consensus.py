"""The inconsistency mask: where teachers agree there is a label, where they do not there is doubt. numpy only.

Source: sections 5.1 and 11 of the method notes on Inconsistency Masks (arXiv 2401.14387). Legend of shapes: K teachers,
L labels, H rows, W columns. Masks are uint8; a doubt mask is 1 where teachers disagree and 0 elsewhere.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np


def consensus(
    predictions: np.ndarray, kind: str, erode: int = 0, dilate: int = 0, background: int | None = 0
) -> tuple[np.ndarray, np.ndarray]:
    """What all teachers say of each pixel, and where they do not say the same.

    predictions: (K, H, W) of 0/1 (binary) or class ids 0..254 (multiclass), or (K, L, H, W) of 0/1 (multilabel); K >= 2.
    Returns label (H, W) or (L, H, W), the agreed value and 0 where there is none, and inconsistent (H, W), for
    multilabel the union over labels. The label is not blocked by that union or by the dilation: `block` does it, when
    a pair is loaded. `erode`, `dilate`, `background`: see `morphology`. ValueError says what is expected.
    """
    label, doubt = compare(predictions, kind)
    return morphology(label, union(doubt, kind), kind, erode, dilate, background)


def compare(predictions: np.ndarray, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Agreed label and doubt before any morphology, both of the shape of one prediction (multilabel: one doubt a label)."""
    rule = _rule(kind)
    return rule.compare(_checked(predictions, kind, rule))


def areas(predictions: np.ndarray, kind: str, background: int | None = 0) -> tuple[int, int]:
    """`im_size` and `pred_size`: pixels of doubt and of agreed foreground, before morphology; multilabel: summed over labels.

    Foreground is what is not `background`; None: whatever teachers agree on.
    """
    label, doubt = compare(predictions, kind)
    agreed = label if background == 0 else (doubt == 0) & (label != (-1 if background is None else background))
    return int(np.count_nonzero(doubt)), int(np.count_nonzero(agreed))


def union(doubt: np.ndarray, kind: str) -> np.ndarray:
    """Doubt as `compare` gives it -> inconsistent (H, W): 1 where teachers disagree on any label."""
    return _rule(kind).union(doubt)


def block(label: np.ndarray, inconsistent: np.ndarray) -> np.ndarray:
    """`label` (H, W) or (L, H, W) with 0 where `inconsistent` (H, W) is not 0; the argument stays as it is."""
    return np.where(inconsistent, label.dtype.type(0), label)


def morphology(
    label: np.ndarray,
    inconsistent: np.ndarray,
    kind: str,
    erode: int = 0,
    dilate: int = 0,
    background: int | None = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Shrink the doubt by an `erode` square, then grow it by a `dilate` square; 0 leaves a step out (section 5.1).

    After an erosion labels grow by a 3x3 square into the freed pixels, and over their neighbours: multiclass in
    ascending order of ids, the later over the earlier, the background never; multilabel each label; binary not at all.
    What no label reaches becomes background. Where every id is a class (`background` None) it stays in doubt.
    """
    for name, side in (("erode", erode), ("dilate", dilate)):
        if side < 0:
            raise ValueError(f"`{name}` is the side of a square in pixels or 0, not {side}")
    if erode:
        before, inconsistent = inconsistent, eroded(inconsistent, erode)
        if kind == "multiclass":
            label, inconsistent = _refill_ids(label, before, inconsistent, background)
        elif kind == "multilabel":
            label = dilated(label, 3)
    if dilate:
        inconsistent = dilated(inconsistent, dilate)
    return label, inconsistent


def eroded(mask: np.ndarray, side: int) -> np.ndarray:
    """Minimum over a `side` x `side` square of the last two axes; what lies outside the image does not shrink the mask."""
    return _slide(mask, side, np.minimum, np.iinfo(mask.dtype).max)


def dilated(mask: np.ndarray, side: int) -> np.ndarray:
    """Maximum over a `side` x `side` square of the last two axes; what lies outside the image adds nothing."""
    return _slide(mask, side, np.maximum, np.iinfo(mask.dtype).min)


def _slide(mask: np.ndarray, side: int, extreme: np.ufunc, outside: int) -> np.ndarray:
    # pixel x sees x - side // 2 ... x - side // 2 + side - 1, as OpenCV's default anchor does for even sides too
    before, after = side // 2, side - 1 - side // 2
    for axis in (-1, -2):
        length = mask.shape[axis]
        width = [(0, 0)] * mask.ndim
        width[axis] = (before, after)
        padded = np.moveaxis(np.pad(mask, width, constant_values=outside), axis, -1)
        mask = padded[..., :length].copy()
        for shift in range(1, side):
            extreme(mask, padded[..., shift : shift + length], out=mask)
        mask = np.moveaxis(mask, -1, axis)
    return np.ascontiguousarray(mask)


def _compare_bits(predictions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    everyone = np.bitwise_and.reduce(predictions, axis=0)
    someone = np.bitwise_or.reduce(predictions, axis=0)
    return everyone, someone ^ everyone


def _compare_ids(predictions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    agreed = predictions[0] == predictions[1]
    for other in predictions[2:]:
        agreed &= predictions[0] == other
    return predictions[0] * agreed, (~agreed).view(np.uint8)


def _refill_ids(
    label: np.ndarray, before: np.ndarray, inconsistent: np.ndarray, background: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """`before`: the doubt before its erosion, whose 0 in `label` is no id. Returns the label and the doubt."""
    known = np.where(before != 0, np.uint8(0), label + np.uint8(1))  # ids from 1 on, 0 = none
    result = known.copy()
    for number in np.flatnonzero(np.bincount(known.ravel())):
        if number and number - 1 != background:
            result[dilated((known == number).view(np.uint8), 3) != 0] = number
    if background is None:
        inconsistent = np.where(result == 0, np.uint8(1), inconsistent)
    return np.where(result == 0, np.uint8(background or 0), result - np.uint8(1)), inconsistent


class _Rule(NamedTuple):
    shape: str
    largest: int
    compare: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
    union: Callable[[np.ndarray], np.ndarray]


def _same(mask: np.ndarray) -> np.ndarray:
    return mask


_RULES = {
    "binary": _Rule("(K, H, W)", 1, _compare_bits, _same),
    "multiclass": _Rule("(K, H, W)", 254, _compare_ids, _same),
    "multilabel": _Rule("(K, L, H, W)", 1, _compare_bits, lambda doubt: np.bitwise_or.reduce(doubt, axis=0)),
}


def _rule(kind: str) -> _Rule:
    if kind not in _RULES:
        raise ValueError(f"`{kind}` is no kind of task; there are {', '.join(_RULES)}")
    return _RULES[kind]


def _checked(predictions: np.ndarray, kind: str, rule: _Rule) -> np.ndarray:
    """Predictions as uint8, or ValueError."""
    predictions = np.asarray(predictions)
    if predictions.ndim != rule.shape.count(",") + 1 or predictions.shape[0] < 2 or not predictions.size:
        raise ValueError(
            f"{kind} predictions have the shape {rule.shape} with K >= 2 teachers and at least one pixel, "
            f"not {predictions.shape}"
        )
    if predictions.dtype == np.bool_:
        return predictions.view(np.uint8)
    if predictions.dtype.kind not in "ui":
        raise ValueError(f"{kind} predictions are integers (decide before comparing), not {predictions.dtype}")
    low = 0 if predictions.dtype == np.uint8 else predictions.min()
    high = predictions.max()
    if low < 0 or high > rule.largest:
        raise ValueError(f"{kind} predictions hold 0 to {rule.largest}, not {low if low < 0 else high}")
    return predictions.astype(np.uint8, copy=False)
