"""The jobs of a generation that need no torch, on hand-made masks: label, select, pair, rank, audit, cost."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from dissent.config.task import TaskSettings
from dissent.core.files import UserError, read_json, read_mask, read_table, sha256, write_json, write_mask, write_table
from dissent.steps.assemble_pairs import assemble_pairs
from dissent.steps.audit import audit
from dissent.steps.build_masks import build_masks
from dissent.steps.cost import add_costs, write_cost
from dissent.steps.rank_students import rank_students

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
    assert (rows["ab"]["doubt_pixels"], rows["ab"]["agreed_pixels"], rows["ab"]["kept"]) == ("3", "5", "1")
    assert (rows["all"]["doubt_pixels"], rows["all"]["doubt_share"], rows["all"]["kept"]) == ("0", "0.0", "1")
    assert (rows["empty"]["kept"], rows["empty"]["why"]) == ("0", "teachers agree on no foreground")
    assert rows["ab"]["doubt_sha256"] == sha256("inconsistency/ab.png")
    assert (int(rows["ab"]["pixels_background"]), int(rows["ab"]["pixels_x"])) == (8, 5)


def test_the_area_rule_is_strict(in_tmp):
    # T1 with three teachers: sizes 4 and 4 are not enough
    images = {"abc": [*T1["ab"], ids("1100/1100/0100/0000")]}
    row = build("binary", images, select="larger")["abc"]
    assert (row["doubt_pixels"], row["agreed_pixels"], row["kept"]) == ("4", "4", "0")
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


def student(number, value):
    folder = f"students/{number}"
    write_json(f"{folder}/metrics.json", {"val": {"iou": {"value": value}}})
    for name in ("model.safetensors", "model.json"):
        write_json(f"{folder}/{name}", {"number": number})
    return folder


def test_ranking(in_tmp):
    files = [
        f"{student(i, v)}/{name}"
        for i, v in ((1, 0.5), (2, 0.7), (3, None), (4, 0.7))
        for name in ("metrics.json", "model.json")
    ]
    rank_students(files, teachers=2, score="iou", out="teachers.json")
    pool = read_json("teachers.json")["pool"]
    assert [row["student"] for row in pool] == [2, 4, 1, 3]  # ties: the earlier number; no score: last
    assert [row["teacher"] for row in pool] == [True, True, False, False]
    assert pool[0]["sha256"]["model.safetensors"] == sha256("students/2/model.safetensors")


def test_weights_that_rotted_after_their_training_are_not_ranked(in_tmp):
    files = [f"{student(i, 0.5)}/metrics.json" for i in (1, 2)]
    weights = Path("students/2/model.safetensors")
    write_json("students/2/model.json", {"sha256": sha256(weights)})
    rank_students(files, teachers=1, score="iou", out="teachers.json")
    before = Path("teachers.json").read_bytes()
    weights.write_bytes(weights.read_bytes() + b" ")
    with pytest.raises(
        UserError, match=r"students/2/model\.safetensors is not the file that students/2/model\.json names"
    ):
        rank_students(files, teachers=1, score="iou", out="teachers.json")
    assert Path("teachers.json").read_bytes() == before


def test_audit_by_hand(in_tmp):
    truth = ids("1100/1100/0000/0000")
    build("binary", {"ab": [ids("1110/1100/0000/0001"), ids("1100/1100/0000/0001")]})
    write_mask("m/ab.png", truth, PALETTE)
    hidden = [{"id": "ab", "image": "-", "label": "m/ab.png", "image_sha256": "-", "label_sha256": sha256("m/ab.png")}]
    write_table("hidden.csv", hidden, tuple(hidden[0]))
    params = {"task": TASKS["binary"], "run": "r", "generation": 1, "voters": ["teacher 1", "sam"], "best": 1}
    audit(params, "hidden.csv", "masks.csv", "predictions.csv", "audit.json")
    found = read_json("audit.json")["all_images"]
    # teacher 1 is wrong at (0,2), doubted, and at (3,3), where both agree on their error
    assert (found["pixels"], found["precision"], found["recall"]) == (16, 1.0, 0.5)
    assert found["wrong_of_teacher"] == pytest.approx(2 / 16) and found["doubt"] == pytest.approx(1 / 16)
    assert found["wrong_outside"] == pytest.approx(1 / 15, abs=1e-6)
    assert found["classes"]["x"]["wrong_of_teacher"] == 0 and found["classes"]["background"]["pixels"] == 12


def test_audit_without_hidden_masks(in_tmp):
    build("binary", T1)
    write_table("hidden.csv", [], ("id", "image", "label", "image_sha256", "label_sha256"))
    params = {"task": TASKS["binary"], "run": "r", "generation": 1, "voters": ["teacher 1", "sam"], "best": 1}
    audit(params, "hidden.csv", "masks.csv", "predictions.csv", "audit.json")
    found = read_json("audit.json")
    assert found.pop("made_from")["masks.csv"] == sha256("masks.csv")
    assert found == {"run": "r", "generation": 1, "hidden_masks": 0}


def test_audit_ignores_unknown_truth_and_counts_labels(in_tmp):
    build("multilabel", {"x": [np.array([[3, 1]], np.uint8), np.array([[1, 1]], np.uint8)]})
    write_mask("m/x.png", np.array([[1, 255]], np.uint8), PALETTE)
    hidden = [{"id": "x", "image": "-", "label": "m/x.png", "image_sha256": "-", "label_sha256": sha256("m/x.png")}]
    write_table("hidden.csv", hidden, tuple(hidden[0]))
    params = {"task": TASKS["multilabel"], "run": "r", "generation": 1, "voters": ["teacher 1", "sam"], "best": 1}
    audit(params, "hidden.csv", "masks.csv", "predictions.csv", "audit.json")
    found = read_json("audit.json")["all_images"]
    assert found["pixels"] == 3  # one known pixel, three labels
    assert found["classes"]["b"] == {
        "pixels": 1,
        "wrong_of_teacher": 1.0,
        "doubt": 1.0,
        "precision": 1.0,
        "recall": 1.0,
        "wrong_outside": None,
    }


def test_the_cost_of_a_resumed_training_counts_the_starts_before(in_tmp):
    spent = SimpleNamespace(as_dict=lambda: {"seconds": 2.0, "cpu_seconds": 1.5, "device": "cpu"})
    write_cost("cost.json", spent, {"steps": 12, "earlier": {"seconds": 7.5, "cpu_seconds": 6.25}})
    assert read_json("cost.json") == {"seconds": 9.5, "cpu_seconds": 7.75, "device": "cpu", "steps": 12}


def test_costs_add_up(in_tmp):
    one = {
        "seconds": 2.0,
        "cpu_seconds": 3.0,
        "peak_memory_mb": 100,
        "host": "h",
        "device": "cpu",
        "steps": 5,
        "images": 10,
    }
    write_json("students/1/cost.json", one)
    write_json("costs/predict.json", one | {"peak_memory_mb": 300, "steps": 0})
    shards = ["costs/predict/shard1.json", "costs/build_masks/shard1.json"]
    for shard in shards:
        write_json(shard, one)
    add_costs(shards, "shards.json")
    found = json.loads((in_tmp / "shards.json").read_text())
    assert set(found["jobs"]) == {"predict shard1", "build_masks shard1"} and found["total"]["seconds"] == 4.0
    add_costs(["students/1/cost.json", "costs/predict.json"], "cost.json")
    found = json.loads((in_tmp / "cost.json").read_text())
    assert set(found["jobs"]) == {"train 1", "predict"}
    assert found["total"] == {
        "seconds": 4.0,
        "cpu_seconds": 6.0,
        "steps": 5,
        "images": 20,
        "peak_memory_mb": 300,
        "devices": ["cpu"],
    }


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
