"""Images without any object, to choose by and to be judged by: no false positive wins over no score, and all is told."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from cli_data import dissent
from discs import SETTINGS, draw
from PIL import Image
from resealed import reseal
from test_ranking_and_audit import student
from untrained_run import Untrained

from dissent.config.task import TaskSettings, merit
from dissent.core.files import read_json, read_table, sha256, write_mask, write_table, write_text
from dissent.core.task import Task
from dissent.evaluation import metrics
from dissent.evaluation.stopping import decide, sentence
from dissent.report.page import write_report
from dissent.steps.rank_students import rank_students
from dissent.training.loop import Progress

IOU = metrics.scorer("iou", TaskSettings(kind="binary", labels=["x"]).model_dump(mode="json"))


def test_no_score_is_better_than_finding_what_is_not_there_and_worse_than_finding_what_is():
    clean, wrong, right = ([[[0, 0, 0, 9]]], [[[0, 1, 0, 8]]], [[[1, 5, 2, 1]]])
    scores = [IOU(np.array(counts))["value"] for counts in (wrong, clean, right)]
    assert scores == [0.0, None, 1 / 8]
    assert sorted(reversed(scores), key=lambda score: merit(score, "iou")) == scores
    assert sorted([None, 3.0, 0.0], key=lambda score: merit(score, "mcce")) == [None, 3.0, 0.0]


@pytest.mark.parametrize(
    ("scores", "best"),
    [
        ([0.0, None, 0.0], 2),  # false positives, nothing, false positives
        ([None, 0.0, 0.0], 1),
        ([0.0, 0.0, None], 3),
        ([None, None, 0.0], 2),  # of two that found nothing the one that learned longer
        ([None, None, None], 3),
        ([0.0, 0.0, 0.0], 1),
        ([0.2, None, 0.1], 1),
    ],
)
def test_the_best_step(scores, best):
    progress, network = Progress(), torch.nn.Linear(1, 1)
    for number, score in enumerate(scores, 1):
        progress.step = number
        torch.nn.init.constant_(network.weight, number)
        progress.mark(score, network, {})
    assert progress.best_step == best == progress.best["weight"].item()
    assert progress.best_score == scores[best - 1]


def test_students_without_false_positives_teach(in_tmp):
    files = [f"{student(i, v)}/metrics.json" for i, v in ((1, 0.0), (2, None), (3, 0.0), (4, None))]
    rank_students(files, teachers=2, score="iou", out="teachers.json")
    assert [(row["student"], row["teacher"]) for row in read_json("teachers.json")["pool"]] == [
        (2, True), (4, True), (1, False), (3, False),
    ]  # fmt: skip


def test_the_generation_without_false_positives_is_kept_and_said_to_be_chance():
    nothing, wrong = np.array([[[0, 0, 0, 9]]] * 3), np.array([[[0, 2, 0, 7]]] * 3)
    pools = [np.stack([wrong, wrong]), np.stack([nothing, wrong]), np.stack([nothing, nothing])]
    found = decide(pools, IOU, 2)
    assert found.stop and found.kept == 2
    assert "gen2 is kept by chance, as validation gives no score" in sentence(found, 2, "iou")
    assert decide(pools[:2], IOU, 2).kept == 1 and decide(pools[:1], IOU, 2).kept == 0


def test_a_run_without_objects_to_choose_by_is_told_in_metrics_and_report(root, in_tmp, monkeypatch):
    run = Untrained(root, monkeypatch)
    palette = run.config.dataset(run.name).task.palette
    for subset in ("val", "test"):
        rows = read_table(run.subsets[subset])
        for row in rows:
            write_mask(row["label"], np.zeros((32, 32), np.uint8), palette)
            row["label_sha256"] = sha256(row["label"])
        write_table(run.subsets[subset], rows, rows[0])
        reseal(run.subsets[subset])
    arguments = run.report(controls=("aldt",))
    found = read_json("results/tiny/gen2/metrics.json")
    assert (found["val"]["images"], found["val"]["with_objects"]) == (4, 0)
    [alarm] = [one for one in found["alarms"] if one["alarm"] == "nothing_to_find"]
    assert alarm["seen"] == "none of 4 val images shows an object; none of 6 test images shows an object"
    write_report(**arguments, out="report.html")
    assert "<b>nothing_to_find</b>" in Path("report.html").read_text("utf-8")


@pytest.mark.parametrize("kind", ["tiny", "tiny_multiclass", "tiny_multilabel"])
def test_check_refuses_validation_images_without_an_object(in_tmp, capsys, kind):
    draw(Path())
    assert dissent("check", kind, "--config-dir", SETTINGS) == 0
    assert "validation images shows" not in capsys.readouterr().out
    given = (SETTINGS / "datasets" / f"{kind}.yaml").read_text()
    names = sorted(path.stem for path in Path("raw", kind, "masks").iterdir())
    subsets = {name: ("labelled", "val", "test", "pool")[number % 4] for number, name in enumerate(names)}
    write_text(
        f"raw/{kind}/subset.csv", "stem,subset\n" + "".join(f"{name},{subset}\n" for name, subset in subsets.items())
    )
    split = "{column: subset, labelled: [labelled], unlabelled: [pool], val: [val], test: [test]}"
    write_text(
        f"mine/datasets/{kind}.yaml",
        given[: given.index("splits:")] + f"table: {{path: subset.csv}}\nsplits: {{few: {split}}}\n",
    )
    for folder in ("experiments", "networks"):
        shutil.copytree(SETTINGS / folder, f"mine/{folder}")
    for name, subset in subsets.items():
        if subset in ("val", "test"):
            path = Path("raw", kind, "masks", f"{name}.png")
            Image.fromarray(np.asarray(Image.open(path)) * 0).save(path)
    assert dissent("check", kind, "--config-dir", "mine") == 1
    out = capsys.readouterr().out
    assert "error: none of 6 validation images shows " in out and "note: none of 6 test images shows " in out


def test_an_object_is_what_is_not_background():
    for spec, pixels, shown in (
        ({"kind": "binary", "labels": ["x"]}, [[0], [3]], [False, True]),
        ({"kind": "multiclass", "labels": ["background", "x"]}, [[9, 0], [6, 3]], [False, True]),
        ({"kind": "multiclass", "labels": ["sky", "road"]}, [[9, 0], [0, 0]], [True, False]),
        ({"kind": "multilabel", "labels": ["a", "b"]}, [[0, 0], [0, 1]], [False, True]),
    ):
        assert Task(TaskSettings(**spec).model_dump(mode="json")).shows(np.array(pixels)).tolist() == shown


def test_check_refuses_masks_without_background(in_tmp, capsys):
    draw(Path())
    for path in Path("raw/tiny/masks").iterdir():
        Image.fromarray(np.ones_like(np.asarray(Image.open(path)))).save(path)
    assert dissent("check", "tiny", "--config-dir", SETTINGS) == 1
    assert "none is background: there is nothing to tell apart" in capsys.readouterr().out
