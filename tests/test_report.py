"""The report: its verdict by rule, its sheets, names of files that are hostile."""

import numpy as np
import pytest

from dissent.files import read_image, sha256, write_image, write_mask, write_table
from dissent.report import sheets
from dissent.report.verdict import difference, pool_counts, verdict
from dissent.spec.task import Task

TASK = Task(kind="binary", labels=["x"]).model_dump(mode="json")
PALETTE = Task(kind="binary", labels=["x"]).palette
COLUMNS = ("side", "id", "who", "label", "tp", "fp", "fn", "tn")


def counts(path, right, images=40, students=2, seed=0):
    """counts.csv of a pool that finds about `right` of each image's 100 pixels, and invents none."""
    random = np.random.default_rng(seed)
    rows = []
    for image in range(images):
        hard = int(random.integers(-8, 8))
        for student in range(students):
            found = right + hard + student
            numbers = {"tp": found, "fp": 0, "fn": 100 - found, "tn": 50}
            rows.append({"side": "test", "id": f"i{image}", "who": f"student{student + 1}", "label": "x"} | numbers)
        rows.append(
            {"side": "test", "id": f"i{image}", "who": "ensemble", "label": "x", "tp": 0, "fp": 0, "fn": 0, "tn": 0}
        )
    write_table(path, rows, COLUMNS)
    return path


def metrics(score):
    return {"score": "iou", "test": {"images": 40, "pool": {"iou": {"mean": score}}}}


def test_pool_counts_leave_the_ensemble_out(in_tmp):
    ids, found = pool_counts(counts("a.csv", 60, images=3), "test")
    assert ids == ["i0", "i1", "i2"] and found.shape == (2, 3, 1, 4) and (found[..., 3] == 50).all()


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
    with pytest.raises(ValueError, match="different images"):
        difference("a.csv", "c.csv", "test", "iou", TASK)


@pytest.mark.parametrize(
    ("right", "seed", "words"),
    [
        ({"aldt": 60, "ldt": 50}, 0, "The generations were worth it here."),
        ({"aldt": 70, "ldt": 50}, 0, "Not worth it here: a control without pseudo-labels is better."),
        ({"aldt": 65, "ldt": 50}, 3, "Not worth it here as far as these images can tell"),
        ({}, 0, "Without controls nothing can be said"),
    ],
)
def test_the_verdict_follows_its_rule(in_tmp, right, seed, words):
    counts("gen1/counts.csv", 65)
    for name, value in right.items():
        counts(f"{name}/counts.csv", value, seed=seed)
    told = verdict(in_tmp / "gen1", {name: name for name in right}, metrics(0.655), "test", TASK)
    assert words in told and "65.5" in told
    assert all(name in told for name in right)


def test_sheets_are_chosen_by_rule():
    rows = [{"id": f"i{n}", "doubt_share": str(n / 10), "kept": str(int(n != 3))} for n in range(10)]
    groups = sheets.choose(rows, each=2)
    assert [row["id"] for row in groups["most doubtful"]] == ["i9", "i8"]
    assert [row["id"] for row in groups["least doubtful"]] == ["i0", "i1"]
    assert [row["id"] for row in groups["dropped"]] == ["i3"]
    assert groups == sheets.choose(rows, each=2) and "dropped" not in sheets.choose(rows[4:], each=2)


def test_a_sheet_shows_image_teachers_doubt_label(in_tmp):
    name = "a<b>&'\""
    write_image(f"{name}.png", np.full((16, 16), 80, np.uint8))
    masks = {key: np.zeros((16, 16), np.uint8) for key in ("t1", "t2", "label", "doubt")}
    masks["t1"][:8], masks["doubt"][:8] = 1, 1
    for key, mask in masks.items():
        write_mask(f"{key}.png", mask, PALETTE)
    write_table("u.csv", [{"id": name, "image": f"{name}.png"}], ("id", "image"))
    predictions = [{"id": name, "teacher": k, "prediction": f"t{k}.png", "sha256": sha256(f"t{k}.png")} for k in (1, 2)]
    write_table("p.csv", predictions, ("id", "teacher", "prediction", "sha256"))
    row = {"id": name, "label": "label.png", "doubt": "doubt.png", "doubt_share": "0.5", "kept": "1"}
    content = sheets.sheet([row], sheets.Tables("u.csv", "p.csv", "m.csv", None), PALETTE, 1)
    (in_tmp / "sheet.png").write_bytes(content)
    pixels = read_image("sheet.png", 3)
    assert pixels.shape == (128 + 22, 5 * (128 + 6) - 6, 3)
    columns = [pixels[22 + 30, column * 134 + 60] for column in range(5)]
    below = [pixels[22 + 100, column * 134 + 60] for column in range(5)]
    assert (
        columns[0].tolist() == [80, 80, 80] and columns[1].tolist() == PALETTE[1] and columns[2].tolist() == [0, 0, 0]
    )
    assert columns[3][0] > 150 > columns[3][2] and below[3].tolist() == [48, 48, 48]
    assert columns[4].tolist() == [90, 90, 90] and below[4].tolist() == [0, 0, 0]
