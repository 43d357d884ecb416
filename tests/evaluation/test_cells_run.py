"""Cells through the jobs of a generation: trained and ranked by, redrawn in pseudo-labels, scored."""

from pathlib import Path

import numpy as np
import torch
from discs import config, prepared

from dissent import networks
from dissent.config.task import TaskSettings
from dissent.core.files import read_image, read_json, read_mask, read_table, sha256, write_mask, write_table
from dissent.core.task import Task
from dissent.evaluation.bootstrap import pool_counts
from dissent.evaluation.cell_counting import cell_counts, redraw_labels, redrawn_mask
from dissent.evaluation.confusion import counts
from dissent.evaluation.metrics import scorer
from dissent.planning import rule_params
from dissent.planning.closure import Library
from dissent.steps.assemble_pairs import assemble_pairs
from dissent.steps.build_masks import build_masks
from dissent.steps.evaluate import evaluate
from dissent.steps.rank_students import rank_students
from dissent.steps.train import train_student

torch.set_num_threads(1)
NAME = "tiny_multilabel"
LABELS = ["disc", "rim", "heart"]
CELLS = {"position": "disc", "states": ["rim", "heart"], "redraw": "published"}
TASK = TaskSettings(kind="multilabel", labels=LABELS, cells=CELLS, rank_by="mcce", mse_targets=[3, 1, 1])
TASK_JSON = TASK.model_dump(mode="json")


def code(*names):
    return "code"


def said(folder, row):
    network, _ = networks.load(folder)
    image = torch.from_numpy(read_image(row["image"], 3)).permute(2, 0, 1)[None].float()
    with torch.inference_mode():
        return Task(TASK_JSON).decide(Task(TASK_JSON).probabilities(network(image)))[0].numpy()


def test_students_are_ranked_and_scored_by_cells(root, in_tmp):
    split = prepared(root, NAME)
    run = config(root).run(f"{NAME}.ldt")
    assemble_pairs(
        {"noise_copies": 0, "labelled_noise_copies": 0},
        f"{split}/labelled.csv",
        None,
        f"{split}/unlabelled.csv",
        None,
        "p.csv",
    )
    tables = {subset: f"{split}/{subset}.csv" for subset in ("val", "unlabelled")}
    for member in (1, 2):
        params = rule_params.student(run, 0, member, code) | {"task": TASK_JSON}
        train_student(params, "p.csv", **tables, out=f"students/{member}", state="state", device="cpu")
    files = [str(path) for path in Path("students").glob("*/metrics.json")]
    rank_students(files, 2, TASK.rank_by, "teachers.json")
    errors = [read_json(f"students/{i}/metrics.json")["val"]["mcce"]["value"] for i in (1, 2)]
    assert read_json("teachers.json")["pool"][0]["score"] == min(errors)

    params = rule_params.evaluation(run, 0, code) | {"task": TASK_JSON}
    subsets = {subset: f"{split}/{subset}.csv" for subset in ("val", "test")}
    about = f"data/{NAME}/dataset.json"
    evaluate(params, "teachers.json", subsets, None, f"{split}/labelled.csv", about, "m.json", "c.csv", "cpu")
    found = read_json("m.json")
    rows = read_table(subsets["test"])
    pairs = [(said("students/1", row), read_mask(row["label"])) for row in rows]
    cells = np.stack([cell_counts(*pair, LABELS, CELLS) for pair in pairs])
    redrawn = np.stack([counts(redrawn_mask(mask, LABELS, CELLS), truth, TASK_JSON) for mask, truth in pairs])
    student = found["test"]["students"]["student1"]
    assert student["mcce"] == scorer("mcce", TASK_JSON)(cells)
    assert student["published_iou"] == scorer("published_iou", TASK_JSON)(redrawn)
    assert "redrawn as discs first" in found["definitions"]["published_iou"] and found["test"]["pool"]["mcce"]["n"] == 2
    assert "redrawn" not in found["definitions"]["iou"]

    told = [row for row in read_table("c.csv") if row["label"].startswith("cells:")]
    mine = [row for row in told if (row["subset"], row["who"]) == ("test", "student1")]
    assert [row["label"] for row in mine[:3]] == ["cells:disc", "cells:rim", "cells:heart"]
    assert [[int(row[name]) for name in ("tp", "fp", "fn", "tn")] for row in mine] == cells.reshape(-1, 4).tolist()
    pixels = pool_counts("c.csv", "test").counts_SNL4
    assert pixels.shape == (2, 6, 3, 4) and pixels.sum() == 2 * 6 * 3 * 32 * 32


def test_agreed_positions_are_redrawn(in_tmp):
    """Section 5.1: consensus, then discs of 6.4 b; what doubt there is stays."""
    rows, columns = np.mgrid[:48, :48]
    disc = np.hypot(rows - 20, columns - 24) < 6
    masks = [disc * np.uint8(1) + np.uint8(2), disc * np.uint8(3)]
    table = []
    for teacher, mask in enumerate(masks, 1):
        write_mask(f"p/{teacher}.png", mask, TASK.palette)
        table.append(
            {"id": "x", "teacher": teacher, "prediction": f"p/{teacher}.png", "sha256": sha256(f"p/{teacher}.png")}
        )
    write_table("p.csv", table, list(table[0]))
    params = {
        "palette": TASK.palette,
        "threads": 1,
        "pseudo_label": "agreement",
        "select": "all",
        "keep_labels": False,
        "inconsistency": {"erode": 0, "dilate": 0},
    }
    for how in ("none", "published"):
        task = TASK_JSON | {"cells": CELLS | {"redraw": how}}
        build_masks(params | {"task": task}, "p.csv", None, how, "doubt", f"{how}.csv")
        label = read_mask(f"{how}/x.png")
        assert np.array_equal(label & 1 == 1, redraw_labels(disc, how))
        assert np.array_equal(label & 2 == 2, disc) and np.array_equal(read_mask("doubt/x.png"), ~disc * np.uint8(2))
    assert not np.array_equal(read_mask("none/x.png"), read_mask("published/x.png"))


def test_a_change_of_the_contours_reaches_every_job_that_uses_them(root):
    used = {}
    run = config(root).run(f"{NAME}.im")
    for job in (rule_params.student, rule_params.masks, rule_params.evaluation):
        arguments = (1, 1) if job is rule_params.student else (1,)
        job(run, *arguments, lambda *names, job=job: used.setdefault(job.__name__, names) and "code")
    wanted = {"cell_counting.py", "contours.py"}
    assert len(used) == 3
    assert all(wanted <= {path.name for path in Library().files(*names)} for names in used.values())
