"""`generations: auto`: the rule on stored curves of real runs, on many that are made up to look like those, and its words."""

from pathlib import Path

import numpy as np
import pytest

from dissent.config.task import TaskSettings
from dissent.evaluation import metrics
from dissent.evaluation.stopping import decide, sentence

SCORER = metrics.scorer("iou", TaskSettings(kind="binary", labels=["x"]).model_dump(mode="json"))
CAP = 10


def pool(values_S, hard_N, random, noise=0.05):
    """Counts of students with these scores on images of this hardness, each image seen by each student in its own way."""
    shape = (len(values_S), len(hard_N))
    share = np.asarray(values_S)[:, None] + hard_N + random.normal(0, noise, shape)
    found = np.rint(400 * share).clip(0, 400).astype(int)
    zero = np.zeros(shape, int)
    return np.stack([found, zero, 400 - found, zero + 600], -1)[:, :, None]


def curve(number):
    """A run to the cap: the score that each generation's students have in truth, their sd, and the counts of each pool.

    A third rises and stays, a third falls again after a peak, a third starts with a fall. The sd is that of one student's
    score on the validation images, students and images drawn: what validation can tell apart.
    """
    random = np.random.default_rng(number)
    sd, gain = random.choice([0.005, 0.01, 0.02]), random.choice([0, 0.01, 0.03, 0.06]) * random.uniform(0.5, 1.5)
    g = np.arange(CAP + 1)
    truth = random.uniform(0.4, 0.75) + gain * (1 - np.exp(-g / random.uniform(0.4, 1.5)))
    if number % 3 == 1:
        truth = truth - np.maximum(0, g - random.integers(1, 5)) * random.uniform(0.002, 0.02)
    if number % 3 == 2:
        truth = truth - random.uniform(0, 1) * gain * (g > 0)
    students, images = random.choice([3, 5]), random.choice([50, 100])
    hard = random.normal(0, 0.12, images)
    pools = [pool(value + random.normal(0, sd, students), hard, random) for value in truth]
    return truth, np.sqrt(sd**2 + (0.12**2 + 0.05**2) / images), sd, pools


def followed(pools, patience=2):
    """The generation at which a run stops, and the decision there."""
    for last in range(1, len(pools)):
        found = decide(pools[: last + 1], SCORER, patience, repeats=60)
        if found.stop:
            break
    return last, found


def stored():
    """{run: (validation counts of each generation, mean test score of each)}, from benchmarks/studies/curves.py."""
    found = {}
    with np.load(Path(__file__).with_name("stored_curves.npz")) as file:
        for key in file.files:
            run, what, g = key.split("/")
            found.setdefault(run, ({}, {}))[what == "test"][int(g)] = file[key]
    return {run: ([val[g] for g in sorted(val)], [test[g] for g in sorted(test)]) for run, (val, test) in found.items()}


@pytest.mark.parametrize("patience", [1, 2])
@pytest.mark.parametrize("run", sorted(stored()))
def test_of_real_runs_no_generation_is_kept_that_is_worse_on_test_than_the_best_by_an_sd(run, patience):
    pools, test = stored()[run]
    last, found = followed(pools, patience)
    sd = sd_of_a_student(pools)
    assert 0.005 < sd < 0.05
    assert max(test) - test[found.kept] <= sd and last <= len(pools) - 1


def sd_of_a_student(pools):
    """What validation can tell apart: of one student's score on validation images, students and images drawn."""
    random = np.random.default_rng(0)
    found = []
    for counts in pools:
        students, images = counts.shape[:2]
        draws = [counts[random.integers(students), random.integers(images, size=images)] for _ in range(200)]
        found.append(np.std([SCORER(one)["value"] for one in draws]))
    return np.mean(found)


def test_on_made_up_curves_no_generation_is_kept_that_is_worse_than_the_best_by_an_sd():
    lost, made, of_students = [], [], []
    for number in range(240):
        truth, sd, sd_of_students, pools = curve(number)
        last, found = followed(pools)
        lost.append((truth.max() - truth[found.kept]) / sd)
        of_students.append((truth.max() - truth[found.kept]) / sd_of_students)
        made.append(last)
        assert found.kept == max(range(last + 1), key=lambda g: found.turns[g].mean)
    assert max(lost) <= 1, f"curve {np.argmax(lost)}"
    assert np.mean(np.array(of_students) <= 1) > 0.95
    assert np.mean(made) < 0.5 * CAP, "and it saves more than half of the generations"


def steady(values, images=30, students=2):
    """Pools whose students hardly differ: what they gain is plain."""
    random = np.random.default_rng(0)
    hard = random.normal(0, 0.1, images)
    return [pool(value + 0.001 * np.arange(students), hard, random, 0.002) for value in values]


@pytest.mark.parametrize(
    ("values", "patience", "stop", "kept"),
    [
        ([0.5], 1, False, 0),
        ([0.5, 0.6], 1, False, 1),
        ([0.5, 0.6, 0.6], 1, True, None),
        ([0.5, 0.6, 0.55, 0.5], 2, True, 1),
        ([0.5, 0.6, 0.55], 2, False, 1),
        ([0.6, 0.5, 0.45], 2, True, 0),
        ([0.6, 0.5, 0.55, 0.58], 2, False, 0),  # below the best, but rising
        ([0.6, 0.5, 0.55, 0.58, 0.57], 2, True, 0),
    ],
)
def test_the_rule_by_hand(values, patience, stop, kept):
    found = decide(steady(values), SCORER, patience, repeats=100)
    assert found.stop is stop and (kept is None or found.kept == kept)


def test_small_gains_add_up():
    random = np.random.default_rng(3)
    hard = random.normal(0, 0.1, 60)
    pools = [pool(0.5 + 0.004 * g + np.array([-0.006, 0, 0.006]), hard, random, 0.005) for g in range(6)]
    turns = decide(pools, SCORER, 2, repeats=200).turns
    assert any(turn.gain and turn.generation - turn.against > 1 for turn in turns)


def test_the_same_counts_give_the_same_decision():
    pools = curve(4)[3]
    assert decide(pools, SCORER, 2, repeats=50) == decide(pools, SCORER, 2, repeats=50)


def test_pools_without_a_score_bring_no_gain():
    nothing = np.zeros((2, 5, 1, 4), int)
    found = decide([nothing, nothing], SCORER, 1)
    assert found.stop and found.kept == 0 and found.turns[1].low is None
    assert "no score" in sentence(found, 1, "iou")


def test_the_sentence_says_what_is_kept_and_why():
    stopped = sentence(decide(steady([0.5, 0.6, 0.55, 0.5]), SCORER, 2, repeats=50), 2, "iou")
    assert stopped.startswith("stopped after gen3, as 2 generations brought no gain over gen1; gen1 is kept")
    assert stopped.endswith("the highest mean iou 58.8 on validation")
    going = sentence(decide(steady([0.5, 0.6]), SCORER, 2, repeats=50), 2, "iou")
    assert going.startswith("of gen0 to gen1, gen1 is kept")
