"""The jobs of a generation that need no torch, on hand-made masks: label, select, pair, rank, audit, cost."""

from pathlib import Path

import numpy as np
import pytest

from dissent.config.task import TaskSettings
from dissent.core.files import UserError, read_mask, read_table, sha256, write_mask, write_table
from dissent.steps.assemble_pairs import assemble_pairs
from dissent.steps.build_masks import build_masks

PALETTE = TaskSettings(kind="binary", labels=["x"]).palette
TASKS = {
    "binary": TaskSettings(kind="binary", labels=["x"]).model_dump(mode="json"),
    "multiclass": TaskSettings(kind="multiclass", labels=["a", "b", "c", "d", "e", "f"]).model_dump(mode="json"),
    "multilabel": TaskSettings(kind="multilabel", labels=["a", "b", "c"]).model_dump(mode="json"),
}


def ids(text):
    return np.array([[int(digit) for digit in row] for row in text.split("/")], np.uint8)


def predictions(images):
    """{id: [one mask a teacher]} -> predictions.csv as `predict` writes it."""
    rows = []
    for name, masks in images.items():
        for teacher, mask in enumerate(masks, 1):
            path = f"predictions/teacher{teacher}/{name}.png"
            write_mask(path, mask, PALETTE)
            rows.append({"id": name, "teacher": teacher, "prediction": path, "sha256": sha256(path)})
    write_table("predictions.csv", rows, ("id", "teacher", "prediction", "sha256"))
    return "predictions.csv"


def settings(kind, select="all", erode=0, dilate=0, keep_labels=False):
    doubt = {"erode": erode, "dilate": dilate}
    return {
        "task": TASKS[kind],
        "palette": PALETTE,
        "threads": 1,
        "pseudo_label": "agreement",
        "select": select,
        "reliable_share": 0.5,
        "keep_labels": keep_labels,
        "inconsistency": doubt,
    }


def build(kind, images, previous=None, **more):
    build_masks(settings(kind, **more), predictions(images), previous, "consensus", "inconsistency", "masks.csv")
    return {row["id"]: row for row in read_table("masks.csv")}


T1 = {
    "ab": [ids("1100/1100/0110/0000"), ids("1110/1000/0110/0001")],
    "all": [ids("1100/1100/0110/0000"), ids("1100/1100/0110/0000")],
    "empty": [ids("1000/0000/0000/0000"), ids("0000/0000/0000/0001")],
}


def test_t1_as_files(in_tmp):
    rows = build("binary", T1, select="larger")
    assert (read_mask("consensus/ab.png") == ids("1100/1000/0110/0000")).all()
    assert (read_mask("inconsistency/ab.png") == ids("0010/0100/0000/0001")).all()
    assert (rows["ab"]["doubt_pixels"], rows["ab"]["agreed_foreground"], rows["ab"]["kept"]) == ("3", "5", "1")
    assert (rows["all"]["doubt_pixels"], rows["all"]["doubt_share"], rows["all"]["kept"]) == ("0", "0.0", "1")
    assert (rows["empty"]["kept"], rows["empty"]["why"]) == ("0", "teachers agree on no foreground")
    assert rows["ab"]["doubt_sha256"] == sha256("inconsistency/ab.png")
    assert (int(rows["ab"]["pixels_background"]), int(rows["ab"]["pixels_x"])) == (8, 5)


def test_the_area_rule_is_strict(in_tmp):
    # T1 with three teachers: sizes 4 and 4 are not enough
    images = {"abc": [*T1["ab"], ids("1100/1100/0100/0000")]}
    row = build("binary", images, select="larger")["abc"]
    assert (row["doubt_pixels"], row["agreed_foreground"], row["kept"]) == ("4", "4", "0")
    assert row["why"] == "doubt is not smaller than the agreed foreground"
    assert build("binary", images, select="all")["abc"]["kept"] == "1"


def test_the_area_rule_is_for_binary_alone(in_tmp):
    rows = build("multiclass", {"x": [ids("12/34"), ids("21/43")]}, select="larger")
    assert rows["x"]["kept"] == "1" and rows["x"]["doubt_share"] == "1.0"


def test_equal_classes(in_tmp):
    images = {"same": [ids("12/11"), ids("21/11")], "other": [ids("12/11"), ids("13/11")]}
    rows = build("multiclass", images, select="equal_classes")
    assert (rows["same"]["kept"], rows["other"]["kept"]) == ("1", "0")
    assert rows["other"]["why"] == "teachers see different classes"


def test_equal_classes_are_labels_however_they_overlap(in_tmp):
    # both teachers see labels a and b; the second one sees them on one pixel (byte 3)
    rows = build(
        "multilabel",
        {"same": [ids("12/00"), ids("30/00")], "other": [ids("12/00"), ids("10/00")]},
        select="equal_classes",
    )
    assert (rows["same"]["kept"], rows["other"]["kept"]) == ("1", "0")


def test_t3_multilabel_bits(in_tmp):
    first = ids("110/001") + 2 * ids("001/010") + 4 * ids("100/010")
    second = ids("100/001") + 2 * ids("001/011") + 4 * ids("100/110")
    row = build("multilabel", {"x": [first, second]})["x"]
    assert (read_mask("consensus/x.png") == ids("100/001") + 2 * ids("001/010") + 4 * ids("100/010")).all()
    assert (read_mask("inconsistency/x.png") == np.array([[0, 1, 0], [4, 0, 2]])).all()
    assert row["doubt_pixels"] == "3" and row["doubt_share"] == "0.5"


def test_churn_counts_pixels_sure_in_both(in_tmp):
    before = build("binary", {"x": [ids("1100/1111"), ids("1100/1110")]})
    assert before["x"]["changed_share"] == ""
    for folder in ("consensus", "inconsistency"):
        (in_tmp / folder).rename(f"before_{folder}")
    (in_tmp / "masks.csv").write_text(
        (in_tmp / "masks.csv")
        .read_text()
        .replace("consensus/", "before_consensus/")
        .replace("inconsistency/", "before_inconsistency/")
    )
    (in_tmp / "masks.csv").rename("before.csv")
    row = build("binary", {"x": [ids("1000/1111"), ids("1001/1111")]}, previous="before.csv")["x"]
    # sure in both: all but (1,3) of before and (0,3) of now; changed: (0,1)
    assert float(row["changed_share"]) == pytest.approx(1 / 6, abs=1e-6)


def test_a_changed_prediction_is_refused(in_tmp):
    table = predictions(T1)
    write_mask("predictions/teacher1/ab.png", ids("0000/0000/0000/0000"), PALETTE)
    with pytest.raises(UserError, match=r"predictions/teacher1/ab.png is not the file that predictions.csv names"):
        build_masks(settings("binary"), table, None, "consensus", "inconsistency", "masks.csv")


def split_tables():
    labelled = [{"id": "l", "image": "i/l.png", "label": "m/l.png", "image_sha256": "1", "label_sha256": "2"}]
    hidden = [{"id": "ab", "image": "i/ab.png", "label": "m/ab.png", "image_sha256": "3", "label_sha256": "4"}]
    unlabelled = [{"id": name, "image": f"i/{name}.png", "image_sha256": "3"} for name in T1]
    write_table("labelled.csv", labelled, tuple(labelled[0]))
    write_table("hidden.csv", hidden, tuple(hidden[0]))
    write_table("unlabelled.csv", unlabelled, tuple(unlabelled[0]))


def test_pairs(in_tmp):
    split_tables()
    copies = {"noise_copies": 1, "labelled_noise_copies": 9}
    assemble_pairs(copies, "labelled.csv", None, "unlabelled.csv", None, "gen0.csv")
    assert [(row["id"], row["origin"], row["noise_copies"], row["doubt"]) for row in read_table("gen0.csv")] == [
        ("l", "labelled", "9", "")
    ]
    assemble_pairs(copies, "labelled.csv", None, "unlabelled.csv", "hidden.csv", "all.csv")
    assert [(row["id"], row["origin"]) for row in read_table("all.csv")] == [("l", "labelled"), ("ab", "hidden")]
    build("binary", T1, select="larger")
    assemble_pairs(copies, "labelled.csv", "masks.csv", "unlabelled.csv", None, "gen1.csv")
    rows = read_table("gen1.csv")
    assert [(row["id"], row["origin"], row["noise_copies"]) for row in rows] == [
        ("l", "labelled", "9"), ("ab", "pseudo", "1"), ("all", "pseudo", "1"),
    ]  # fmt: skip
    assert rows[1]["doubt"] == "inconsistency/ab.png" and rows[1]["image"] == "i/ab.png"


def test_the_images_on_which_all_agree_most_are_kept_and_their_labels_stay(in_tmp):
    """The half of five images, rounded down; of two alike the first. What was kept before is as it was then."""
    one = ids("1100/0000")
    images = {
        "a": [one, ids("1000/0000")],
        "b": [one, ids("0011/0000")],
        "c": [one, one],
        "d": [one, one],
        "e": [one, one],
    }
    rows = build("binary", images, select="stable")
    assert [name for name, row in rows.items() if row["kept"] == "1"] == ["c", "d"]
    assert rows["c"]["score"] == "1.000000" and rows["b"]["why"] == "agreement 0.250 is not among the best"
    Path("masks.csv").rename("before.csv")
    Path("masks.json").rename("before.json")
    for folder in ("consensus", "inconsistency"):
        Path(folder).rename(f"before_{folder}")
    for table in ("before.csv", "before.json"):
        text = Path(table).read_text()
        Path(table).write_text(
            text.replace("consensus/", "before_consensus/").replace("inconsistency/", "before_inconsistency/")
        )
    Path("before.json").unlink()
    now = {name: [ids("1111/0000"), ids("1110/0000")] for name in images}
    for keep in (False, True):
        build("binary", now, previous="before.csv", keep_labels=keep)
        assert (read_mask("consensus/c.png") == (one if keep else ids("1110/0000"))).all()
        assert read_mask("inconsistency/c.png").any() == (not keep)
        assert (read_mask("consensus/a.png") == ids("1110/0000")).all()  # it was not kept before
