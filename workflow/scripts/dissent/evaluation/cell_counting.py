"""Cells counted at their positions, as the papers' HeLa code does with OpenCV (section 6.4). numpy only.

Legend: N cells, H rows, W columns; centres_N2 holds x, y. A plane is a bool array (H, W); `cells` is `config.task.Cells` as a dict.
"""

import numpy as np

from dissent.core.files import UNKNOWN
from dissent.evaluation.contours import contour_moments

_LEAST, _MOST = 3, 8  # radius of a disc
_LONE = {"evaluation": 0, "labels": 99}  # "distance" to the next centre where there is none
_PAD = 12  # beside the image, so that discs at its border need no care


def positions(plane_HW: np.ndarray, shift: int = 1) -> np.ndarray:
    """Sorted centres `(N, 2)` of the blobs of a plane that outlast a 3x3 erosion, holes included.

    Each lies `shift` right of and below the true centre, by 1 in the published code. Blobs that an erosion leaves without
    area (discs of radius 2) have none.
    """
    padded = np.pad(plane_HW, 1, constant_values=True)  # OpenCV's erosion takes the outside for set
    high, wide = plane_HW.shape
    eroded = np.logical_and.reduce([padded[y : y + high, x : x + wide] for y in range(3) for x in range(3)])
    area, sum_x, sum_y = contour_moments(eroded)
    # OpenCV's factors in its order: a quotient just below a whole number would lose one
    x, y = ((total * (1 / 6) / (area * 0.5)).astype(np.int64) + shift for total in (sum_x, sum_y))
    return np.array(sorted(zip(x.tolist(), y.tolist(), strict=True)), np.int64).reshape(-1, 2)


def redraw_for_evaluation(plane_HW: np.ndarray) -> np.ndarray:
    """Position discs drawn anew (6.4 a): a lone one gets radius 3, and every disc loses its upper and left rim."""
    drawn = _discs(positions(plane_HW), plane_HW.shape, "evaluation")
    wider = np.pad(drawn, ((1, 0), (1, 0)), mode="reflect")  # as the published 2x2 blur does at its border
    return wider[1:, 1:] & wider[:-1, 1:] & wider[1:, :-1] & wider[:-1, :-1]


def redraw_labels(plane_HW: np.ndarray, how: str) -> np.ndarray:
    """Position discs of a pseudo-label drawn anew (6.4 b): a lone one gets radius 8. `how`: Cells.redraw."""
    if how == "none":
        return plane_HW
    return _discs(positions(plane_HW, shift=int(how == "published")), plane_HW.shape, "labels")


def tell_apart(centres_N2: np.ndarray, first_HW: np.ndarray, second_HW: np.ndarray) -> tuple[int, int, int]:
    """Cells in the first state, in the second, and undecided: which has more pixels in the 6x6 window about the centre."""
    tops, lefts = (_window(centres_N2[:, axis], side) for axis, side in zip((1, 0), first_HW.shape, strict=True))
    sums = [
        [plane[y : y + 6, x : x + 6].sum() for y, x in zip(tops, lefts, strict=True)] for plane in (first_HW, second_HW)
    ]
    more = np.sign(np.subtract(*np.array(sums, np.int64)))
    first, second, undecided = (int((more == sign).sum()) for sign in (1, -1, 0))
    return first, second, undecided


def cell_counts(prediction_HW: np.ndarray, target_HW: np.ndarray, labels: list[str], cells: dict) -> np.ndarray:
    """Counts of cells `(L, 4)`, for the state of each label: matched in number, too many, too few, 0.

    They take the places of `tp, fp, fn, tn`. Masks hold one bit a label. There is no matching in space, as published;
    labels that are no state have zeros.
    """
    names = [cells["position"], *cells["states"]]
    known = target_HW != UNKNOWN
    planes = [[(mask >> labels.index(name) & 1 == 1) & known for name in names] for mask in (prediction_HW, target_HW)]
    (position, *states), (true_position, *true_states) = planes
    ours = tell_apart(positions(redraw_for_evaluation(position)), *states)
    theirs = tell_apart(positions(true_position), *true_states)
    counts = np.zeros((len(labels), 4), np.int64)
    for name, our, their in zip(cells["states"], ours, theirs, strict=False):
        counts[labels.index(name)] = min(our, their), max(our - their, 0), max(their - our, 0), 0
    return counts


def redrawn_mask(mask_HW: np.ndarray, labels: list[str], cells: dict) -> np.ndarray:
    """A predicted mask whose positions are redrawn for evaluation, as published_iou takes it (section 6.3)."""
    bit = np.uint8(1 << labels.index(cells["position"]))
    plane = redraw_for_evaluation(mask_HW & bit != 0)
    return np.where(plane, mask_HW | bit, mask_HW & ~bit)


def _window(places: np.ndarray, side: int) -> np.ndarray:
    """First row or column of the windows, moved inside at the borders as the published code does."""
    places = np.where(places - 3 <= 0, places + 3, places)
    return np.where(places + 3 > side, side - 3, places) - 3


def _discs(centres_N2: np.ndarray, shape: tuple[int, int], purpose: str) -> np.ndarray:
    """A disc about each centre, of a quarter of the distance to the next one as radius, 3 to 8."""
    high, wide = shape
    plane = np.zeros((high + 2 * _PAD, wide + 2 * _PAD), bool)
    for x, y in centres_N2:
        distances = np.hypot(*(centres_N2 - (x, y)).T.astype(np.float64))
        distance = distances[distances > 0].min(initial=np.inf)
        distance = distance if np.isfinite(distance) else _LONE[purpose]
        radius = min(max(int(distance // 4), _LEAST), _MOST)
        top, left = y + _PAD - radius, x + _PAD - radius
        plane[top : top + 2 * radius + 1, left : left + 2 * radius + 1] |= _disc(radius)
    return plane[_PAD:-_PAD, _PAD:-_PAD]


def _disc(radius: int) -> np.ndarray:
    """The pixels of OpenCV's filled circle: Bresenham's circle, filled row by row."""
    plane = np.zeros((2 * radius + 1, 2 * radius + 1), bool)
    error, wide, narrow = 0, radius, 0
    while wide >= narrow:
        for half, rows in ((wide, narrow), (narrow, wide)):
            for row in (radius - rows, radius + rows):
                plane[row, radius - half : radius + half + 1] = True
        error += 2 * narrow + 1
        narrow += 1
        if error > 0:
            error -= 2 * wide - 1
            wide -= 1
    return plane
