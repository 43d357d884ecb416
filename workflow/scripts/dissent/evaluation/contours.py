"""Areas and centres of all contours of a plane, as OpenCV's findContours(RETR_TREE) and moments give them. numpy only.

OpenCV's contour of a blob is the polygon through the centres of its border pixels. That of a hole goes through the
pixels around it. So its moments are sums over the 2x2 blocks of pixels that it covers: a square where all four belong
to it, a triangle where three do. Blobs are 8-connected, holes 4-connected. A blob's polygon covers its holes, and a
hole's polygon covers the blobs in it.
"""

import numpy as np

_CORNERS = ((0, 0), (0, 1), (1, 1), (1, 0))  # row, column of the pixels of a block, around it


def contour_moments(plane_HW: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Three arrays `(N,)`, of each contour that has an area: twice the area, and six times the moments of x and of y.

    Whole numbers in float64, as OpenCV sums them before it divides; in no order that means anything.
    """
    plane = np.pad(plane_HW, 1)
    runs, parent = _components(plane)
    labels = parent[runs]
    totals = _own_moments(plane, labels, len(parent))
    first = np.flatnonzero(np.diff(runs.ravel(), prepend=-1))  # the pixel at which each run begins
    components = np.unique(parent)[1:]  # without the outside, which is the first
    for component in components[::-1]:  # a contour begins above what it encloses
        totals[:, labels.flat[first[component] - plane.shape[1]]] += totals[:, component]
    totals = totals[:, components]
    return tuple(totals[:, totals[0] > 0])


def _components(plane: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The number of each pixel's horizontal run, and for each run the first run of its component."""
    starts = np.ones(plane.shape, bool)
    starts[:, 1:] = plane[:, 1:] != plane[:, :-1]
    runs = starts.ravel().cumsum().reshape(plane.shape) - 1
    above, below = plane[:-1], plane[1:]
    touching = [(runs[:-1], runs[1:], above == below)]
    touching += [(runs[:-1, :-1], runs[1:, 1:], above[:, :-1] & below[:, 1:])]
    touching += [(runs[:-1, 1:], runs[1:, :-1], above[:, 1:] & below[:, :-1])]
    pairs = np.concatenate([np.stack([a[both], b[both]], 1) for a, b, both in touching])
    pairs = pairs[np.diff(pairs, axis=0, prepend=-1).any(1)]  # along two runs the same pair comes again and again
    parent = list(range(int(runs[-1, -1]) + 1))

    def root(run: int) -> int:
        while parent[run] != run:
            parent[run] = parent[parent[run]]
            run = parent[run]
        return run

    for a, b in pairs.tolist():
        a, b = root(a), root(b)
        parent[max(a, b)] = min(a, b)
    return runs, np.array([root(run) for run in range(len(parent))])


def _own_moments(plane: np.ndarray, labels: np.ndarray, count: int) -> np.ndarray:
    """(3, count) sums over the squares and triangles of each component, without what it encloses."""
    high, wide = plane.shape
    at = [(slice(y, high - 1 + y), slice(x, wide - 1 + x)) for y, x in _CORNERS]
    filled, label = np.stack([plane[where] for where in at]), np.stack([labels[where] for where in at])
    rows, columns = (axis - 1 for axis in np.indices((high - 1, wide - 1)))  # the plane was padded by one
    number = filled.sum(0)
    diagonal = (number == 2) & (filled[0] == filled[2])
    inside, outside = (np.where(chosen, label, -1).max(0) for chosen in (filled, ~filled))
    totals = np.zeros((3, count))

    def add(where: np.ndarray, owner: np.ndarray, area: int, x: np.ndarray, y: np.ndarray) -> None:
        weights = (np.full(x.shape, area), x, y)
        totals[:] += [np.bincount(owner[where], each[where], count) for each in weights]

    square = (number != 3) & ~diagonal
    add(square, np.where(number == 4, inside, outside), 2, 6 * columns + 3, 6 * rows + 3)
    for corner in range(4):
        empty = ~filled[corner]
        for where, owner, left_out in (
            (empty & (number == 3), inside, corner),  # the three that are set
            (empty & ((number == 3) | diagonal), label[corner], (corner + 2) % 4),  # the empty one and its neighbours
        ):
            x, y = (
                3 * base + sum(c[axis] for i, c in enumerate(_CORNERS) if i != left_out)
                for base, axis in ((columns, 1), (rows, 0))
            )
            add(where, owner, 1, x, y)
    return totals
