"""The report's first sentence: paired intervals over students and images, and the rule that turns them into words."""

from pathlib import Path

import numpy as np
import pytest

from dissent.config.task import TaskSettings
from dissent.core.files import UserError, write_json, write_table
from dissent.evaluation import bootstrap as module
from dissent.evaluation.bootstrap import difference, pool_counts
from dissent.report.run_results import Generation
from dissent.report.verdict import verdict

TASK = TaskSettings(kind="binary", labels=["x"]).model_dump(mode="json")
COLUMNS = ("subset", "id", "who", "label", "tp", "fp", "fn", "tn")
RUN = {"method": "im", "upper_bounds": ["fdt"]}


def counts(path, right, images=40, students=2, seed=0):
    """counts.csv of a pool that finds about `right` of each image's 100 pixels, and invents none."""
    random = np.random.default_rng(seed)
    rows = []
    for image in range(images):
        hard = int(random.integers(-8, 8))
        for student in range(students):
            found = right + hard + student
            numbers = {"tp": found, "fp": 0, "fn": 100 - found, "tn": 50}
            rows.append({"subset": "test", "id": f"i{image}", "who": f"student{student + 1}", "label": "x"} | numbers)
        rows.append(
            {"subset": "test", "id": f"i{image}", "who": "ensemble", "label": "x", "tp": 0, "fp": 0, "fn": 0, "tn": 0}
        )
    write_table(path, rows, COLUMNS)
    return path


def generation(folder, right, number=0, steps=12, seed=0):
    counts(f"{folder}/counts.csv", right, seed=seed)
    mean = (right + 0.5) / 100
    part = {"images": 40, "pool": {"iou": {"mean": mean}}}
    write_json(f"{folder}/metrics.json", {"generation": number, "score": "iou", "test": part})
    write_json(f"{folder}/cost.json", {"jobs": {"train 1": {"steps": steps}, "predict": {}}})
    return Generation(Path(folder))


def test_pool_counts_leave_the_ensemble_out(in_tmp):
    ids, found = pool_counts(counts("a.csv", 60, images=3), "test")
    assert ids == ["i0", "i1", "i2"] and found.shape == (2, 3, 1, 4) and (found[..., 3] == 50).all()
    with pytest.raises(UserError, match=r"a.csv counts no val images; delete it"):
        pool_counts("a.csv", "val")


def test_difference_is_paired_over_images_and_knows_students(in_tmp):
    # one student each: images differ by up to 16 pixels, but in the same way for both, so the interval is a point
    value, low, high = difference(
        counts("a.csv", 62, students=1), counts("b.csv", 60, students=1), "test", "iou", TASK, repeats=50
    )
    assert value == pytest.approx(0.02) and low == pytest.approx(0.02) and high == pytest.approx(0.02)
    # students that differ by 1 pixel in 100 widen it by just that
    value, low, high = difference(counts("a.csv", 62), counts("b.csv", 60), "test", "iou", TASK, repeats=200)
    assert (value, low, high) == (pytest.approx(0.02), pytest.approx(0.01), pytest.approx(0.03))
    counts("c.csv", 60, images=39)
    with pytest.raises(UserError, match="different images"):
        difference("a.csv", "c.csv", "test", "iou", TASK)


def test_difference_over_seeds_is_their_mean_and_as_wide_as_they_differ(in_tmp):
    ours = [counts(f"a{seed}.csv", 60 + more, students=1) for seed, more in enumerate((0, 3, 6))]
    theirs = [counts(f"b{seed}.csv", 60, students=1) for seed in range(3)]
    value, low, high = difference(ours, theirs, "test", "iou", TASK, repeats=500)
    assert value == pytest.approx(0.03) and low == pytest.approx(0.0) and high == pytest.approx(0.06)
    assert difference(ours[:1], theirs[:1], "test", "iou", TASK) == difference(ours[0], theirs[0], "test", "iou", TASK)
    counts("b1.csv", 60, images=39)
    with pytest.raises(UserError, match=r"a0.csv and b1.csv were made on different images"):
        difference(ours, theirs, "test", "iou", TASK)


def test_difference_is_that_of_the_pool_means_of_metrics_json(in_tmp):
    """A pool's sum of counts has another IoU than the mean of its students': one invents 300 pixels, one none."""
    rows = [
        {"subset": "test", "id": "i", "who": f"student{k}", "label": "x", "tp": 100, "fp": fp, "fn": 0, "tn": 0}
        for k, fp in ((1, 0), (2, 300))
    ]
    write_table("a.csv", rows, COLUMNS)
    write_table("b.csv", [row | {"fp": 0} for row in rows], COLUMNS)
    value, low, high = difference("a.csv", "b.csv", "test", "iou", TASK)
    assert value == pytest.approx((1 + 0.25) / 2 - 1) and (low, high) == (pytest.approx(-0.75), pytest.approx(0))


def test_images_are_drawn_in_pieces_where_there_are_many(in_tmp, monkeypatch):
    tables = counts("a.csv", 64, students=3), counts("b.csv", 60, seed=1)
    whole = difference(*tables, "test", "iou", TASK)
    monkeypatch.setattr(module, "_AT_ONCE", 40 * 7)
    assert difference(*tables, "test", "iou", TASK) == pytest.approx(whole, abs=0.004)


def test_what_has_no_score_has_no_difference(in_tmp):
    rows = [{"subset": "test", "id": "i", "who": "student1", "label": "x", "tp": 0, "fp": 0, "fn": 0, "tn": 9}]
    write_table("a.csv", rows, COLUMNS)
    assert difference("a.csv", "a.csv", "test", "iou", TASK) == (None, None, None)


@pytest.mark.parametrize(
    ("right", "seed", "paid", "words"),
    [
        (
            {"aldt": 60, "ldt_equal_steps": 50},
            0,
            True,
            "The generations were worth it here: gen1 of im reaches iou 65.5",
        ),
        ({"aldt": 70, "ldt_equal_steps": 50}, 0, False, "Not worth it here, as aldt is better:"),
        ({"aldt": 70, "ldt_equal_steps": 75}, 0, False, "as aldt and ldt_equal_steps are better:"),
        (
            {"aldt": 65, "ldt_equal_steps": 50},
            3,
            False,
            "Not worth it here as far as these images can tell (the interval against aldt includes 0):",
        ),
        (
            {},
            0,
            False,
            "Without controls nothing can be said on whether the generations paid; add `controls: [aldt, ldt_equal",
        ),
        ({"aldt": 65, "ldt_equal_steps": 65}, 3, False, "(the intervals against aldt and ldt_equal_steps include 0):"),
        ({"fdt": 10, "gen0": 10}, 0, False, "Without controls nothing can be said"),
        ({"aldt": 60, "ldt_equal_steps": 50, "fdt": 90, "gen0": 80}, 0, True, "The generations were worth it here"),
        ({"aldt": 60}, 0, True, "; not compared with ldt_equal_steps, which did not run."),
    ],
)
def test_the_verdict_follows_its_rule(in_tmp, right, seed, paid, words):
    last = generation("gen1", 65, number=1)
    others = {name: generation(name, value, seed=seed) for name, value in right.items()}
    told = verdict(RUN, last, others, "test", TASK)
    assert words in told.sentence and "65.5 on 40 test images" in told.sentence and told.paid is paid
    assert [one.name for one in told.against] == list(right)
    assert [one.name for one in told.against if one.judged] == [name for name in right if name not in ("fdt", "gen0")]
    assert told.sentence.count(". ") == 0, "one sentence"


def test_the_sentence_tells_difference_interval_and_unequal_steps(in_tmp):
    last = generation("gen1", 65, number=1, steps=4050)
    others = {"ldt_equal_steps": generation("a", 60, steps=4050), "aldt": generation("b", 55, steps=400)}
    told = verdict(RUN, last, others, "test", TASK).sentence
    assert "+5.0 points against ldt_equal_steps (95 % interval +4.0 to +6.0)" in told
    assert "+10.0 points against aldt at 400 steps a student, not 4,050 (95 % interval +9.0 to +11.0)." in told


def test_a_run_without_generations_is_not_judged(in_tmp):
    told = verdict(RUN, generation("gen0", 65), {"aldt": generation("a", 60)}, "test", TASK)
    assert told.sentence.startswith("No generations to judge") and not told.paid
