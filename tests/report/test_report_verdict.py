"""The report's first sentence: paired intervals over students and images, and the rule that turns them into words."""

from pathlib import Path

import numpy as np
import pytest

from dissent.config.task import TaskSettings
from dissent.core.files import UserError, read_table, write_json, write_table
from dissent.evaluation import bootstrap as module
from dissent.evaluation.bootstrap import difference, pool_counts
from dissent.report.run_results import Generation
from dissent.report.verdict import verdict

TASK = TaskSettings(kind="binary", labels=["x"]).model_dump(mode="json")
COLUMNS = ("subset", "id", "who", "label", "tp", "fp", "fn", "tn")
RUN = {"name": "mine", "method": "im", "upper_bounds": ["fdt"]}


def counts(path, right, images=40, students=2, seed=0, spread=1):
    """counts.csv of a pool that finds about `right` of each image's 100 pixels, and invents none."""
    random = np.random.default_rng(seed)
    rows = []
    for image in range(images):
        hard = int(random.integers(-8, 8))
        for student in range(students):
            found = right + hard + spread * student
            numbers = {"tp": found, "fp": 0, "fn": 100 - found, "tn": 50}
            rows.append({"subset": "test", "id": f"i{image}", "who": f"student{student + 1}", "label": "x"} | numbers)
        rows.append(
            {"subset": "test", "id": f"i{image}", "who": "ensemble", "label": "x", "tp": 0, "fp": 0, "fn": 0, "tn": 0}
        )
    write_table(path, rows, COLUMNS)
    return path


def generation(folder, right, number=0, steps=12, seed=0, students=2, spread=1):
    counts(f"{folder}/counts.csv", right, seed=seed, students=students, spread=spread)
    mean = (right + spread * (students - 1) / 2) / 100
    part = {"images": 40, "pool": {"iou": {"mean": mean}}}
    write_json(f"{folder}/metrics.json", {"generation": number, "score": "iou", "val": part, "test": part})
    write_json(f"{folder}/cost.json", {"jobs": {f"train {k + 1}": {"steps": steps} for k in range(students)}})
    return Generation(Path(folder))


def test_pool_counts_leave_the_ensemble_out(in_tmp):
    ids, groups, found = pool_counts(counts("a.csv", 60, images=3), "test")
    assert ids == groups == ["i0", "i1", "i2"], "a table of an earlier version has no groups"
    assert found.shape == (2, 3, 1, 4) and (found[..., 3] == 50).all()
    with pytest.raises(UserError, match=r"a.csv counts no val images; delete it"):
        pool_counts("a.csv", "val")


def test_difference_is_paired_over_images_and_knows_students(in_tmp):
    # one student each: nothing tells how the next would score
    value, low, high = difference(
        counts("a.csv", 62, students=1), counts("b.csv", 60, students=1), "test", "iou", TASK, repeats=50
    )
    assert value == pytest.approx(0.02) and low is None and high is None
    # images differ by up to 16 pixels, but in the same way for both. Students differ by 1 pixel in 100: the sd of a mean of
    # two is .005, that of the difference .5 ** .5 * .01, and Student's t of 2 degrees of freedom 4.303
    value, low, high = difference(counts("a.csv", 62), counts("b.csv", 60), "test", "iou", TASK, repeats=200)
    assert (value, low, high) == pytest.approx((0.02, 0.02 - 0.0304, 0.02 + 0.0304), abs=1e-4)
    counts("c.csv", 60, images=39)
    with pytest.raises(UserError, match="different images"):
        difference("a.csv", "c.csv", "test", "iou", TASK)


def test_difference_over_seeds_is_their_mean_and_as_wide_as_they_tell(in_tmp):
    ours = [counts(f"a{seed}.csv", 60 + more, students=1) for seed, more in enumerate((0, 3, 6))]
    theirs = [counts(f"b{seed}.csv", 60, students=1) for seed in range(3)]
    value, low, high = difference(ours, theirs, "test", "iou", TASK, repeats=500)
    assert (value, low, high) == pytest.approx(
        (0.03, 0.03 - 4.303 * 0.03 / 3**0.5, 0.03 + 4.303 * 0.03 / 3**0.5), abs=1e-4
    )
    assert difference(ours[:1], theirs[:1], "test", "iou", TASK) == difference(ours[0], theirs[0], "test", "iou", TASK)
    counts("b1.csv", 60, images=39)
    with pytest.raises(UserError, match=r"a0.csv and b1.csv were made on different images"):
        difference(ours, theirs, "test", "iou", TASK)


def test_difference_is_that_of_the_pool_means_of_metrics_json(in_tmp):
    """A pool's sum of counts has another IoU than the mean of its students': one invents 300 pixels, one none."""
    rows = [
        {"subset": "test", "id": one, "who": f"student{k}", "label": "x", "tp": 100, "fp": fp, "fn": 0, "tn": 0}
        for k, fp in ((1, 0), (2, 300))
        for one in "ij"
    ]
    write_table("a.csv", rows, COLUMNS)
    write_table("b.csv", [row | {"fp": 0} for row in rows], COLUMNS)
    value, low, high = difference("a.csv", "b.csv", "test", "iou", TASK)
    assert value == pytest.approx((1 + 0.25) / 2 - 1) and low < -0.75 and high > 0


def test_images_are_drawn_in_pieces_where_there_are_many(in_tmp, monkeypatch):
    tables = counts("a.csv", 64, students=3), counts("b.csv", 60, seed=1)
    whole = difference(*tables, "test", "iou", TASK)
    monkeypatch.setattr(module, "_AT_ONCE", 40 * 7)
    assert difference(*tables, "test", "iou", TASK) == pytest.approx(whole, abs=0.004)


def test_what_has_no_score_has_no_difference(in_tmp):
    rows = [{"subset": "test", "id": "i", "who": "student1", "label": "x", "tp": 0, "fp": 0, "fn": 0, "tn": 9}]
    write_table("a.csv", rows, COLUMNS)
    assert difference("a.csv", "a.csv", "test", "iou", TASK) == (None, None, None)


SURE = {"students": 5}


@pytest.mark.parametrize(
    ("right", "seed", "said"),
    [
        ({"aldt": 60, "ldt_equal_steps": 50}, 0, "Worth it here, for this seed: gen1 of im reaches iou 67.0"),
        ({"aldt": 80, "ldt_equal_steps": 50}, 0, "Worse here, as aldt is better:"),
        ({"aldt": 80, "ldt_equal_steps": 85}, 0, "Worse here, as aldt and ldt_equal_steps are better:"),
        ({"aldt": 65, "ldt_equal_steps": 50}, 3, "Cannot tell yet (the interval against aldt includes 0):"),
        ({"aldt": 65, "ldt_equal_steps": 65}, 3, "(the intervals against aldt and ldt_equal_steps include 0):"),
        ({}, 0, "Cannot tell yet (no controls): gen1"),
        ({"fdt": 10, "gen0": 10}, 0, "Cannot tell yet (no controls)"),
        ({"aldt": 60, "ldt_equal_steps": 50, "fdt": 90, "gen0": 80}, 0, "Worth it here"),
        ({"aldt": 60}, 0, "Cannot tell yet: gen1"),
        ({"aldt": 60, "ldt_equal_steps": 50, "ldt_equal_compute": 80}, 0, "Worse here, as ldt_equal_compute is better"),
    ],
)
def test_the_verdict_follows_its_rule(in_tmp, right, seed, said):
    last = generation("gen1", 65, number=1, **SURE)
    others = {name: generation(name, value, seed=seed, **SURE) for name, value in right.items()}
    told = verdict(RUN, [last, last], last, others, "test", TASK, 600)
    assert said in told.sentence and "67.0 on 40 test images" in told.sentence
    assert told.paid is told.sentence.startswith("Worth it")
    assert [one.name for one in told.against] == list(right)
    assert [one.name for one in told.against if one.judged] == [name for name in right if name not in ("fdt", "gen0")]
    assert told.sentence.count(". ") == 0, "one sentence"


def test_less_than_a_point_is_no_gain(in_tmp):
    """The interval against aldt holds 0 and ends below one point; that against labels alone lies above 0."""
    last = generation("gen1", 65, number=1, spread=0, **SURE)
    others = {
        name: generation(name, value, spread=0, **SURE) for name, value in (("aldt", 65), ("ldt_equal_steps", 60))
    }
    told = verdict(RUN, [last, last], last, others, "test", TASK)
    assert told.sentence.startswith("No gain here, as the interval leaves less than one point over aldt:")
    assert told.further == [
        "Use a control, which is as good or better and costs less: its last generation has a folder like this one's."
    ]


@pytest.mark.parametrize(("students", "paid"), [(2, False), (4, False), (5, True)])
def test_one_seed_with_fewer_than_five_students_gives_no_verdict(in_tmp, students, paid):
    last = generation("gen1", 65, number=1, students=students)
    others = {name: generation(name, 30, students=students) for name in ("aldt", "ldt_equal_steps")}
    told = verdict(RUN, [generation("gen0", 60, students=students), last], last, others, "test", TASK, 600)
    assert told.paid is paid
    if not paid:
        assert told.sentence.startswith("Cannot tell yet (one seed with fewer than five students): gen1")
        assert "(95 % interval +" in told.sentence, "an interval that is honest is told all the same"
        assert told.further[0].startswith(
            "What would settle it: two more seeds: about 20 minutes of jobs, one after the other (a study,"
        )
        assert "Until then: use gen1: `dissent predict results/mine/gen1 PHOTOS OUT`" in told.further[-1]


def test_what_all_labels_would_be_worth_and_what_to_use_is_said(in_tmp):
    last = generation("gen1", 65, number=1, **SURE)
    right = {"aldt": 60, "ldt_equal_steps": 60, "fdt": 75}
    told = verdict(
        RUN, [last, last], last, {name: generation(name, value, **SURE) for name, value in right.items()}, "test", TASK
    )
    assert told.further == [
        "All labels would be worth +15.0 points here over ldt_equal_steps; im takes +5.0 of it.",
        "Use gen1: `dissent predict results/mine/gen1 PHOTOS OUT` takes its best student by validation, `--pool` its teachers.",
    ]


def test_all_labels_at_other_steps_are_told_as_such(in_tmp):
    last = generation("gen1", 65, number=1, **SURE)
    others = {"ldt_equal_steps": generation("a", 60, **SURE), "fdt": generation("b", 75, steps=120, **SURE)}
    told = verdict(RUN, [last, last], last, others, "test", TASK).further
    assert any(
        one.startswith("All labels at 120 steps a student, not 12 would be worth +15.0 points here") for one in told
    )


def test_windows_of_one_image_are_said(in_tmp):
    last = generation("gen1", 65, number=1)
    last.metrics["test"]["drawn"] = {"groups": 10, "unit": "windows", "of": "images"}
    assert "on 40 test windows of 10 images" in verdict(RUN, [last, last], last, {}, "test", TASK).sentence


def test_the_sentence_tells_difference_interval_and_unequal_steps(in_tmp):
    last = generation("gen1", 65, number=1, steps=4050)
    others = {"ldt_equal_steps": generation("a", 60, steps=4050), "aldt": generation("b", 55, steps=400)}
    told = verdict(RUN, [last, last], last, others, "test", TASK).sentence
    assert "+5.0 points against ldt_equal_steps (95 % interval +2.0 to +8.0)" in told, "t of 2 times .71"
    assert "+10.0 points against aldt at 400 steps a student, not 4,050 (95 % interval +7.0 to +13.0)." in told
    alone = generation("gen1", 65, number=1, students=1)
    told = verdict(RUN, [alone, alone], alone, {"aldt": generation("b", 55, students=1)}, "test", TASK).sentence
    assert "+10.0 points against aldt (no interval: one student a pool tells nothing of the next)" in told


def test_images_of_one_group_are_the_reason_that_is_told(in_tmp):
    last = generation("gen1", 65, number=1, **SURE)
    others = {name: generation(name, 50, **SURE) for name in ("aldt", "ldt_equal_steps")}
    for one in (last, *others.values()):
        rows = read_table(one.folder / "counts.csv")
        write_table(one.folder / "counts.csv", [row | {"group": "video1"} for row in rows], (*COLUMNS, "group"))
    told = verdict(RUN, [last, last], last, others, "test", TASK)
    assert told.sentence.startswith("Cannot tell yet (all images that were scored are of one group): gen1")
    assert "(no interval: all images that were scored are of one group, which tells nothing" in told.sentence
    assert told.further[0] == "What would settle it: images of more groups to score."


def test_a_run_without_generations_is_not_judged(in_tmp):
    one = generation("gen0", 65)
    told = verdict(RUN, [one], one, {"aldt": generation("a", 60)}, "test", TASK)
    assert told.sentence.startswith("No generations to judge") and not told.paid
