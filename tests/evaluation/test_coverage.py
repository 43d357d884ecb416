"""Intervals of 95 % hold the truth in 93 to 98 % of simulated studies, for as few students, seeds and groups as are shipped."""

from itertools import product

import numpy as np
import pytest

from dissent.config.task import TaskSettings
from dissent.evaluation import metrics
from dissent.evaluation.bootstrap import paired
from dissent.evaluation.intervals import Scores, enough, interval, rounds, spread, student_t

TRIES = 200  # simulated comparisons, each with the effects of one line of SIZES
SIZES = [(0.3, 0.8), (0.6, 0.6), (1.0, 0.5), (1.4, 0.3)]
"""points: sd of students and of what images add to a difference, as docs/results have them"""
ACCURACY = metrics.scorer("pixel_accuracy", TaskSettings(kind="binary", labels=["x"]).model_dump(mode="json"))


def compared(random, design, sizes, groups=48, rounds=200, seed_share=0.0):
    """Scores of two pools without a difference in truth, under each seed.

    Images are as hard for both pools. Besides, each pool does better on some images, and each student on some. `seed_share`: the sd of what a seed does to its pool, in sd of a student.
    """
    (seeds, students), (of_students, of_images) = design, sizes
    times = random.multinomial(groups, np.full(groups, 1 / groups), size=rounds) / groups
    hard = random.normal(0, 8, groups)
    own_images = random.normal(0, of_images * np.sqrt(groups / 2), (2, 1, 1, groups))
    luck = random.normal(0, 1, (2, seeds, students, groups))
    own = random.normal(0, of_students, (2, seeds, students, 1))
    own += random.normal(0, of_students * seed_share, (2, seeds, 1, 1))
    scores = hard + own_images + luck + own
    whole, drawn = scores.mean(-1), scores @ times.T
    return [[Scores(whole[pool, seed], drawn[pool, seed], groups) for pool in range(2)] for seed in range(seeds)]


def covers(one):
    _, low, high = interval(one)
    return low <= 0 <= high


@pytest.mark.parametrize("design", [(1, 2), (1, 3), (1, 5), (2, 2), (3, 2), (3, 3)])
def test_an_interval_holds_the_truth_as_often_as_it_says(design):
    """One seed has no effect of seeds by definition: nothing could tell it from an effect of the method."""
    random = np.random.default_rng(design)
    shares = (0.0,) if design[0] == 1 else (0.0, 1.0)
    found = {
        (sizes, share): np.mean(
            [covers(compared(random, design, sizes, seed_share=share)) for _ in range(TRIES * 2 // len(shares))]
        )
        for sizes, share in product(SIZES, shares)
    }
    assert 0.93 <= np.mean(list(found.values())) <= 0.98, found
    assert min(found.values()) > 0.89 and max(found.values()) < 1, found


def percentile_of_draws(seeds, random):
    """What was shipped before: seeds, students and images drawn with replacement, and the middle of the draws."""
    apart = []
    for both in seeds:
        drawn = []
        for one in both:
            picks = random.integers(len(one.drawn_SR), size=one.drawn_SR.shape)
            drawn.append(np.take_along_axis(one.drawn_SR, picks, 0).mean(0))
        apart.append(drawn[0] - drawn[1])
    low, high = np.quantile(np.mean(apart, axis=0), [0.025, 0.975])
    return low <= 0 <= high


def test_students_drawn_with_replacement_do_not():
    """The test can tell: two students whose sd is larger than the images'."""
    random = np.random.default_rng(1)
    found = np.mean([percentile_of_draws(compared(random, (1, 2), SIZES[-1]), random) for _ in range(TRIES)])
    assert found < 0.8


def pool_of(random, groups, each, sd):
    """Counts `(5, N, 1, 4)` of students on `each` windows of every image, all of which do well or badly together."""
    together = np.repeat(random.normal(0, sd, groups), each)
    right = 700 + together + random.normal(0, 20, (5, groups * each)) + random.normal(0, 3, (5, 1))
    right = np.rint(right).astype(int)
    return np.stack([right, 0 * right, 1000 - right, 0 * right], -1)[:, :, None]


@pytest.mark.parametrize("groups", [2, 3, 12])
def test_windows_of_one_image_are_drawn_together(groups):
    """They share what a method does to their image. Drawn one by one they are many times too sure."""
    random, each = np.random.default_rng(groups), 8
    names = [f"image{number}" for number in range(groups) for _ in range(each)]
    found = {"together": [], "one by one": []}
    for _ in range(TRIES):
        pools = [(pool_of(random, groups, each, 40), pool_of(random, groups, each, 40))]
        for how, of in (("together", names), ("one by one", None)):
            _, low, high = paired(pools, ACCURACY, random, 200, groups=of)
            found[how].append(low <= 0 <= high)
    assert 0.9 <= np.mean(found["together"]) <= 0.99, "200 tries: one point is one and a half sd"
    assert np.mean(found["one by one"]) < 0.7


def test_what_nothing_tells_has_no_interval():
    alone = compared(np.random.default_rng(0), (1, 1), (1, 1))
    value, *ends = interval(alone)
    assert ends == [None, None] and value == pytest.approx(alone[0][0].whole_S[0] - alone[0][1].whole_S[0])
    assert spread(alone) == (0.0, 0)
    _, low, high = interval(alone, images_alone=True)
    assert low < value < high, "stopping has to decide all the same"
    one_group = [[Scores(np.array([1.0, 2.0]), np.ones((2, 9)), 1)] * 2]
    assert interval(one_group) == (0.0, None, None)
    nothing = Scores(np.array([np.nan, 1.0]), np.ones((2, 9)), 4)
    assert interval([[nothing]]) == (None, None, None)


def test_the_error_is_of_students_or_of_seeds_whichever_is_larger():
    def pools(*means):
        return [[Scores(np.array([mean - 1.0, mean + 1.0]), np.zeros((2, 9)), 9)] for mean in means]

    assert spread(pools(5)) == (pytest.approx(1.0), 1)  # variance 2, of a mean of two: 1
    assert spread(pools(5, 5)) == (pytest.approx(0.5**0.5), 3), "two seeds that agree tell of students too"
    assert spread(pools(0, 10)) == (pytest.approx(5.0), 1), "seeds that do not are all that tells"


@pytest.mark.parametrize(
    ("share", "freedom", "value"),
    [(0.975, 1, 12.706), (0.975, 2, 4.303), (0.975, 4, 2.776), (0.8, 2, 1.061), (0.975, 100, 1.984), (0.975, 5000, 1.960)],
)  # fmt: skip
def test_students_t(share, freedom, value):
    assert student_t(share, freedom) == pytest.approx(value, abs=0.001)


def test_rounds_are_as_wide_as_the_interval():
    random = np.random.default_rng(0)
    seeds = compared(random, (1, 5), (1, 0.5), rounds=4000)
    _, low, high = interval(seeds)
    drawn = np.quantile(rounds(seeds, random), [0.025, 0.975])
    assert drawn == pytest.approx([low, high], abs=0.15 * (high - low))


def test_one_seed_with_few_students_is_not_enough():
    assert not enough([4]) and enough([5]) and enough([2, 2]) and not enough([])
