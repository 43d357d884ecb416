"""Regions of a mask: whether each number is one, as numbers of single objects are, and how large they are."""

from collections import Counter

import numpy as np

_MOST = 50_000  # runs of equal pixels in a mask; more are noise, and no objects


def single(mask_HW: np.ndarray) -> tuple[int, int]:
    """How many numbers of a mask, 0 not counted, are one region (pixels that touch, at corners too), and how many there are."""
    numbers = set(np.unique(mask_HW).tolist()) - {0}
    counts = Counter(value for value, _ in _regions(mask_HW))
    return sum(counts[number] == 1 for number in numbers), len(numbers)


def areas_of(mask_HW: np.ndarray) -> list[int]:
    """Pixels of each region of one number, 0 not counted; none in a mask that is noise."""
    return [area for _, area in _regions(mask_HW)]


def _regions(mask_HW: np.ndarray) -> list[tuple[int, int]]:
    """(number, pixels) of each region: runs of pixels in rows that are joined."""
    high, wide = mask_HW.shape
    starts = np.ones((high, wide), bool)
    starts[:, 1:] = mask_HW[:, 1:] != mask_HW[:, :-1]
    first = np.flatnonzero(starts)
    value = mask_HW.ravel()[first]
    last = np.append(first[1:], high * wide) - 1
    kept = value != 0
    first, last, value = first[kept], last[kept], value[kept].tolist()
    if len(first) > _MOST:
        return []
    rows, left, right = (first // wide).tolist(), (first % wide).tolist(), (last % wide).tolist()
    root = list(range(len(rows)))

    def of(one: int) -> int:
        while root[one] != one:
            root[one] = one = root[root[one]]
        return one

    above = 0
    for one in range(len(rows)):
        while rows[above] < rows[one] - 1 or (rows[above] == rows[one] - 1 and right[above] < left[one] - 1):
            above += 1
        other = above
        while other < one and rows[other] == rows[one] - 1 and left[other] <= right[one] + 1:
            if value[other] == value[one]:
                root[of(one)] = of(other)
            other += 1
    areas: Counter[int] = Counter()
    for one in range(len(rows)):
        areas[of(one)] += right[one] - left[one] + 1
    return [(value[one], area) for one, area in areas.items()]
