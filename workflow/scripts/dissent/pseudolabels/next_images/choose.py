"""The choice itself: one image after the other, of those left the one with the most worth times distance.

Distance is to the nearest image that is labelled or was chosen before, as in the greedy k-center (Gonzalez 1985; for labels: Sener and
Savarese, ICLR 2018). Legend of shapes: N images of the pool, M labelled ones, F numbers that describe each.
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
    nearly one image; of a pair only one is chosen.
    """
    count = len(worth_N)
    twins: dict[int, list[int]] = {}
    for one, other in alike:
        twins.setdefault(one, []).append(other)
        twins.setdefault(other, []).append(one)
    free = np.ones(count, bool)
    distance, nearest = _to_known(pool_NF, known_MF)
    usual = _usual(distance, pool_NF)
    taken: Counter[str] = Counter()
    most = max(1, math.ceil(SHARE * number / max(1, len(set(groups)))))
    chosen: list[Choice] = []
    while len(chosen) < number and free.any():
        open_N = free & np.array([taken[group] < most for group in groups])
        if not open_N.any():
            most += 1
            continue
        score = worth_N * (distance if np.isfinite(distance).all() else 1)
        index = int(np.where(open_N, score, -np.inf).argmax())
        apart = distance[index]
        chosen.append(
            Choice(
                index,
                float(apart / usual) if np.isfinite(apart) else None,
                int(nearest[index]) if np.isfinite(apart) else None,
            )
        )
        taken[groups[index]] += 1
        free[[index, *twins.get(index, [])]] = False
        to_it = np.sqrt(((pool_NF - pool_NF[index]) ** 2).sum(1))
        nearest = np.where(to_it < distance, index, nearest)
        distance = np.minimum(distance, to_it)
    return chosen


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
