"""The interval of a mean score, and of a difference of two, that is honest for few students, seeds and groups of images.

Legend of shapes: S students of a pool, R rounds of the bootstrap, K seeds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np

Interval = tuple[float, float, float] | tuple[float, None, None] | tuple[None, None, None]
"""a value, and the ends of its interval; no ends where nothing tells how students differ, Nones where there is no score"""

ENOUGH = 5
"""students of a pool from which one seed may carry a verdict"""


@dataclass(frozen=True)
class Scores:
    """What the students of one pool score under one seed."""

    whole_S: np.ndarray
    """on all images; NaN where a student has no score"""
    drawn_SR: np.ndarray
    """on the groups of images that each round draws; rounds are the same for all pools that are compared"""
    groups: int
    """how many groups the images are of"""


Compared = Sequence[Sequence[Scores]]
"""under each seed the scores of one pool (its mean is asked for), or of two (their difference)"""


def interval(seeds: Compared, level: float = 0.95, images_alone: bool = False) -> Interval:
    """The mean over seeds of a pool's mean score, or of a difference, with its interval.

    Two parts are put together as independent errors are, the root of the sum of their squares: what the bootstrap of
    images gives at either end, and Student's t times the standard error of students and seeds (`spread`). Zou and Donner
    2008, "Construction of confidence limits about effect measures", call this MOVER. `images_alone`: what to do where one
    student of one seed is all there is: take the images' part, not none.
    """
    value = _value([[np.mean(one.whole_S) for one in pools] for pools in seeds])
    if np.isnan(value):
        return None, None, None
    error, freedom = spread(seeds)
    if seeds[0][0].groups < 2 or not (freedom or images_alone):
        return float(value), None, None
    drawn = np.nanquantile(_deviations(seeds, value), [(1 - level) / 2, (1 + level) / 2])
    low, high = np.maximum(0, drawn * [-1, 1]) * few_groups(seeds[0][0].groups, level)
    other = error * student_t((1 + level) / 2, freedom) if freedom else 0.0
    return float(value), float(value - np.hypot(low, other)), float(value + np.hypot(high, other))


def rounds(seeds: Compared, random: np.random.Generator) -> np.ndarray:
    """The same as draws `(R,)`, for what follows from several means at once: images of each round, and students drawn from Student's t."""
    value = _value([[np.mean(one.whole_S) for one in pools] for pools in seeds])
    error, freedom = spread(seeds)
    drawn = _deviations(seeds, value) * few_groups(seeds[0][0].groups)
    return value + drawn + (error * random.standard_t(freedom, len(drawn)) if freedom else 0.0)


def spread(seeds: Compared) -> tuple[float, int]:
    """Standard error of the value by students and seeds, and its degrees of freedom; 0 freedom: nothing tells it.

    Students are taken to differ as much in every pool that is compared, so their squares are pooled. Where the values of
    seeds differ by more than such students explain, seeds alone tell the error. Else both tell it.
    """
    pools = [one.whole_S for both in seeds for one in both]
    freedom = sum(len(pool) - 1 for pool in pools)
    squares = sum(float(((pool - pool.mean()) ** 2).sum()) for pool in pools)
    part = sum(1 / len(pool) for pool in pools) / len(seeds) ** 2  # of a student's variance in that of the value
    within = part * squares / freedom if freedom else 0.0
    if len(seeds) == 1:
        return within**0.5, freedom
    values = [_value([[np.mean(one.whole_S) for one in both]]) for both in seeds]
    between, more = float(np.var(values, ddof=1)) / len(seeds), len(seeds) - 1
    if between > within:
        return between**0.5, more
    return within**0.5, freedom + more


def few_groups(groups: int, level: float = 0.95) -> float:
    """What deviations of a bootstrap over so few groups are too small by: sqrt(n / (n - 1)), and Student's t over the normal."""
    if groups < 2:
        return 1.0
    end = (1 + level) / 2
    return (groups / (groups - 1)) ** 0.5 * student_t(end, groups - 1) / NormalDist().inv_cdf(end)


@lru_cache
def student_t(share: float, freedom: int) -> float:
    """The quantile of Student's t at `share`, from .5 on: with t = sqrt(freedom) tan(x) the density of x is cos(x) to the power freedom - 1."""
    x = np.linspace(0, np.pi / 2, 20_001)
    density = np.cos(x) ** (freedom - 1)
    below = np.concatenate([[0], np.cumsum(density[1:] + density[:-1])])
    return float(freedom**0.5 * np.tan(np.interp(2 * share - 1, below / below[-1], x)))


def enough(students: Sequence[int]) -> bool:
    """Whether a verdict may rest on these pools, one a seed: two seeds, or one seed with five students."""
    return len(students) > 1 or min(students, default=0) >= ENOUGH


def _value(means: Sequence[Sequence[float]]) -> float:
    """Mean over seeds of the first, or of the first minus the second."""
    return float(np.mean([one[0] - (one[1] if len(one) > 1 else 0.0) for one in means]))


def _deviations(seeds: Compared, value: float) -> np.ndarray:
    """What the value becomes on the images of each round, minus the value: `(R,)`."""
    apart = [both[0].drawn_SR.mean(0) - (both[1].drawn_SR.mean(0) if len(both) > 1 else 0.0) for both in seeds]
    return np.mean(apart, axis=0) - value
