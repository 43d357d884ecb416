"""Bootstrap intervals of scores: they are those of a plain loop, and cover as often as they say."""

import numpy as np
import pytest
from test_metrics import BINARY, TASKS, cases, random_pairs

from dissent.evaluation.metrics import SCORES, counts, interval, scorer


def image_counts(kind, number):
    return np.stack([counts(*pair, TASKS[kind]) for pair in random_pairs(kind, number)])


def drawn(seed, repeats, images):
    return np.random.default_rng(seed).integers(images, size=(repeats, images))


@pytest.mark.parametrize("name, kind", cases(SCORES, TASKS))
def test_intervals_agree_with_a_loop_that_draws_images(name, kind):
    made, a = scorer(name, TASKS[kind]), image_counts(kind, 12)
    loops = [made.statistic(a[rows].astype(float), np.ones((1, 12)))[0][0] for rows in drawn(3, 40, 12)]
    expected = np.quantile(loops, [0.05, 0.95])
    np.testing.assert_allclose(interval(a, made, seed=3, repeats=40, level=0.9), expected, rtol=1e-9)


def test_intervals_are_the_same_twice_and_move_with_the_seed():
    made, a = scorer("iou", BINARY), image_counts("binary", 20)
    assert interval(a, made, seed=1) == interval(a, made, seed=1)
    assert interval(a, made, seed=1) != interval(a, made, seed=2)
    low, high = interval(a, made, seed=1)
    assert low < made(a)["value"] < high
    narrow = interval(a, made, seed=1, level=0.5)
    assert low < narrow[0] < narrow[1] < high


def test_a_bootstrap_interval_covers_as_often_as_it_says():
    """200 samples of 40 images from one population: a 90 % interval misses its mean about one time in ten."""
    rng, made, hits = np.random.default_rng(4), scorer("pixel_accuracy", BINARY), 0
    for trial in range(200):
        right = rng.binomial(100, rng.beta(4, 2, 40))
        low, high = interval(np.stack([right, 100 - right, 0 * right, 0 * right], -1)[:, None], made, trial, 200, 0.9)
        hits += low <= 2 / 3 <= high
    assert 160 <= hits <= 194


def test_wrong_requests_for_intervals_are_refused():
    made, a = scorer("iou", BINARY), image_counts("binary", 4)
    with pytest.raises(ValueError, match="between 0 and 1, not at 95"):
        interval(a, made, seed=1, level=95)
