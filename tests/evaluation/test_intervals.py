"""Scores of images that are drawn are those of a plain loop, and the interval of one network is over groups of images alone."""

import numpy as np
import pytest
from test_metrics import BINARY, TASKS, cases, random_pairs

from dissent.core.task import Task
from dissent.evaluation.metrics import SCORES, counts, scorer
from dissent.steps.evaluate import _summary


def image_counts(kind, number):
    return np.stack([counts(*pair, TASKS[kind]) for pair in random_pairs(kind, number)])


@pytest.mark.parametrize("name, kind", cases(SCORES, TASKS))
def test_scores_of_drawn_images_agree_with_a_loop(name, kind):
    made, a = scorer(name, TASKS[kind]), image_counts(kind, 12).astype(float)
    drawn = np.random.default_rng(3).integers(12, size=(40, 12))
    loops = [made.statistic(a[rows], np.ones((1, 12)))[0][0] for rows in drawn]
    times = np.array([np.bincount(rows, minlength=12) for rows in drawn], float)
    np.testing.assert_allclose(made.statistic(a, times)[0], loops, rtol=1e-9)


def best_interval(groups):
    right = np.repeat([50, 60, 70, 80], 10)
    one = np.stack([right, 100 - right, 0 * right, 0 * right], -1)[:, None]
    rows = [{"group": f"g{k * groups // 40}", "source": f"i{k}"} for k in range(40)]
    found = _summary(
        {"labels": {"student1": one, "ensemble": one}},
        ["student1"],
        Task(BINARY),
        {"task": BINARY, "metric_labels": {}},
        rows,
    )
    return found["best_interval"]["low"], found["best_interval"]["high"]


def test_few_groups_make_the_interval_of_one_network_wider_and_one_group_gives_none():
    assert best_interval(1) == (None, None), "a bootstrap would give one of no width"
    assert best_interval(40) == best_interval(40)
    low, high = best_interval(40)
    assert low < 0.65 < high and high - low == pytest.approx(4 * 0.112 / 40**0.5, rel=0.15)
    low, high = best_interval(4)
    assert high - low > 1.5 * (0.75 - 0.55), "what a bootstrap of four groups gives is scaled"
