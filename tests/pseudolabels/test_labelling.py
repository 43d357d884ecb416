"""`predict` and `build_masks` one after the other: which files are on the disk before the table that names them."""

import numpy as np
import torch
from test_generation import PALETTE, TASKS, settings

from dissent import networks
from dissent.config.method import Method
from dissent.config.network import Network
from dissent.core.files import read_table, sha256, write_image, write_json, write_table
from dissent.steps import build_masks, predict


def label(images, batch, threads, monkeypatch):
    """Both jobs for so many images; what was written or flushed, in turn."""
    happened = []

    def noted(module, name):
        whole = getattr(module, name)

        def note(path, *more, **named):
            happened.append((name, sorted(map(str, path)) if name == "flush" else str(path)))
            return whole(path, *more, **named)

        monkeypatch.setattr(module, name, note)

    monkeypatch.setattr(predict, "_CHUNK", 8)
    for module in (predict, build_masks):
        noted(module, "flush")
        noted(module, "write_table")
    rows = []
    for number, pixels in enumerate(np.random.default_rng(1).integers(0, 256, (images, 32, 32, 3), np.uint8)):
        write_image(path := f"i{number:03}.png", pixels)
        rows.append({"id": path[:-4], "image": path, "image_sha256": sha256(path)})
    write_table("unlabelled.csv", rows, tuple(rows[0]))
    spec = Network(architecture="unet1x1", width=0.125, steps=1, batch_size=batch).model_dump(mode="json")
    pool = []
    for student in (1, 2):
        torch.manual_seed(student)
        networks.save(networks.build(spec, 1, 3), f"{student}", spec, 1, 3, {})
        files = {name: sha256(f"{student}/{name}") for name in ("model.safetensors", "model.json")}
        pool.append({"student": student, "folder": str(student), "teacher": True, "score": 1, "sha256": files})
    write_json("teachers.json", {"pool": pool})
    about = {"task": TASKS["binary"], "palette": PALETTE, "channels": 3, "precision": "fp32", "part": [1, 1]}
    about |= {
        "batch_size": batch,
        "threads": threads,
        "first": "",
        "soft_labels": False,
        "checkpoints": 0,
        "tta": Method().at(0)["tta"],
    }
    predict.predict(about, "teachers.json", "unlabelled.csv", "predictions", "predictions.csv", "cpu")
    build_masks.build_masks(settings("binary"), "predictions.csv", None, "label", "doubt", "masks.csv")
    return happened


def test_masks_are_on_the_disk_before_the_table_that_names_them(in_tmp, monkeypatch):
    happened = label(12, 4, 2, monkeypatch)
    assert [what for what, _ in happened] == ["flush", "flush", "write_table", "flush", "write_table"]
    named = [row["prediction"] for row in read_table("predictions.csv")]
    assert len(named) == 24 and sorted(happened[0][1] + happened[1][1]) == sorted(named)
    masks = read_table("masks.csv")
    assert happened[3][1] == sorted(row[key] for row in masks for key in ("label", "doubt"))
    assert all(sha256(row[key]) == row[f"{key}_sha256"] for row in masks for key in ("label", "doubt"))
