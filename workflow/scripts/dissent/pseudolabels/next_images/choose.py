"""The choice itself: one image after the other, of those left the one that stands for most of what is worth a label.

An image stands for those that are more like it than like any that is labelled or was chosen before. This is the greedy choice of
k medoids, weighted by worth (facility location: Cornuejols, Fisher and Nemhauser 1977). Without groups and duplicates the greedy choice has at least
1 - 1/e of the best sum (Nemhauser et al. 1978).
The farthest image (k-center) is an odd one as a rule, and teaches little of the others.
Legend of shapes: N images of the pool, M labelled ones, F numbers that describe each.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

SHARE = 2
"""of one group at most this many times as many as if all groups had equally many"""


@dataclass(frozen=True)
class Choice:
    """An image that was chosen."""

    index: int
    """its number in the pool"""
    stands_for: int
    """other images of the pool that are more like it than like any that was labelled or chosen before"""
    distance: float | None
    """to the nearest image that was labelled or chosen before; 1 is usual in the pool; None where there was none"""
    nearest: int | None
    """that image: its number in the pool, or -1 and below: the labelled ones from the last to the first"""


def choose(
    worth_N: np.ndarray,
    pool_NF: np.ndarray,
    known_MF: np.ndarray,
    groups: Sequence[str],
    alike: Iterable[tuple[int, int]],
    number: int,
) -> list[Choice]:
    """The `number` images to label, the first one first; fewer where no more are left.

    `groups`: of each image of the pool. No group gives more than `SHARE` times its part, while others have images left. `alike`: pairs that are
    nearly one image; of a pair only one is chosen. Memory grows with the square of N.
    """
    count = len(worth_N)
    twins: dict[int, list[int]] = {}
    for one, other in alike:
        twins.setdefault(one, []).append(other)
        twins.setdefault(other, []).append(one)
    free = np.ones(count, bool)
    apart_NN = _apart(pool_NF)
    distance, nearest = _to_known(pool_NF, known_MF)
    usual = _usual(distance, pool_NF)
    # without a labelled image each is as far from what is known as the two farthest are from each other
    far_N = np.where(np.isfinite(distance), distance, apart_NN.max(initial=0)).astype(np.float32)
    weight_N = (worth_N if worth_N.any() else np.ones(count)).astype(np.float32)
    taken: Counter[str] = Counter()
    most = max(1, math.ceil(SHARE * number / max(1, len(set(groups)))))
    chosen: list[Choice] = []
    while len(chosen) < number and free.any():
        open_N = free & np.array([taken[group] < most for group in groups])
        if not open_N.any():
            most += 1
            continue
        candidates = np.flatnonzero(open_N)
        gains = np.array([_gain(weight_N, far_N - apart_NN[one]) for one in candidates])
        # where none is left to stand for, the most worth
        index = int(candidates[np.lexsort((-candidates, worth_N[candidates], gains))[-1]])
        apart = distance[index]
        chosen.append(
            Choice(
                index,
                int(np.count_nonzero(apart_NN[index] < far_N)) - int(far_N[index] > 0),
                float(apart / usual) if np.isfinite(apart) else None,
                int(nearest[index]) if np.isfinite(apart) else None,
            )
        )
        taken[groups[index]] += 1
        free[[index, *twins.get(index, [])]] = False
        nearest = np.where(apart_NN[index] < distance, index, nearest)
        distance, far_N = np.minimum(distance, apart_NN[index]), np.minimum(far_N, apart_NN[index])
    return chosen


def _gain(weight_N: np.ndarray, nearer_N: np.ndarray) -> float:
    """By how much all images together come nearer to what is known, each by its weight."""
    return float(weight_N @ np.maximum(nearer_N, 0))


def _apart(pool_NF: np.ndarray) -> np.ndarray:
    """Distances between all images of the pool (N, N)."""
    squares = (pool_NF**2).sum(1)
    apart = np.sqrt(np.maximum(squares[:, None] + squares[None] - 2 * pool_NF @ pool_NF.T, 0))
    np.fill_diagonal(apart, 0)
    return apart.astype(np.float32)


def _to_known(pool_NF: np.ndarray, known_MF: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distance of each to the nearest labelled image, infinite without any, and which one that is (-M for the first)."""
    distance, nearest = np.full(len(pool_NF), np.inf), np.zeros(len(pool_NF), np.int64)
    for number, one in enumerate(known_MF):
        to_it = np.sqrt(((pool_NF - one) ** 2).sum(1))
        nearest = np.where(to_it < distance, number - len(known_MF), nearest)
        distance = np.minimum(distance, to_it)
    return distance, nearest


def _usual(distance: np.ndarray, pool_NF: np.ndarray) -> float:
    """The middle of the distances to labelled images; without any, that to the middle of the pool."""
    if not np.isfinite(distance).all():
        distance = np.sqrt(((pool_NF - pool_NF.mean(0)) ** 2).sum(1)) if len(pool_NF) else np.ones(1)
    return max(float(np.median(distance)), 1e-9) if len(distance) else 1.0
