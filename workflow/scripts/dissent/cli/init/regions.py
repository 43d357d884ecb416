"""Whether each number of a mask is one region, as numbers of single objects are: runs of pixels in rows that are joined."""

from collections import Counter

import numpy as np

_MOST = 50_000  # runs of equal pixels in a mask; more are noise, and no objects


def single(mask_HW: np.ndarray) -> tuple[int, int]:
    """How many numbers of a mask, 0 not counted, are one region (pixels that touch, at corners too), and how many there are."""
    high, wide = mask_HW.shape
    numbers = set(np.unique(mask_HW).tolist()) - {0}
    starts = np.ones((high, wide), bool)
    starts[:, 1:] = mask_HW[:, 1:] != mask_HW[:, :-1]
    first = np.flatnonzero(starts)
    value = mask_HW.ravel()[first]
    last = np.append(first[1:], high * wide) - 1
    kept = value != 0
    first, last, value = first[kept], last[kept], value[kept].tolist()
    if len(first) > _MOST:
        return 0, len(numbers)
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
    regions = [value[one] for one in range(len(rows)) if root[one] == one]
    counts = Counter(regions)
    return sum(counts[number] == 1 for number in numbers), len(numbers)
