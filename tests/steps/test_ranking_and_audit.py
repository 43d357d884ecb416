"""Who teaches, how good the doubt was, and what a generation cost: small tables by hand."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from test_generation import PALETTE, T1, TASKS, build, ids

from dissent.core.files import UserError, read_json, sha256, write_json, write_mask, write_table
from dissent.steps.audit import audit
from dissent.steps.cost import add_costs, write_cost
from dissent.steps.rank_students import rank_students


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
