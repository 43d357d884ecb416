"""`dissent export`: files that other programs open, and that say what the networks say."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from cli_data import GENERATION, TASKS, dissent, generation
from PIL import Image

from dissent import networks
from dissent.cli.export import compare, formats
from dissent.cli.export.coco import run_lengths
from dissent.cli.export.nnunet import _numbers
from dissent.config.task import TaskSettings
from dissent.core.files import read_json, read_mask, read_table
from dissent.core.task import Task
from dissent.report.kept import to_use
from dissent.training.inference import probabilities

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def project(finished, tmp_path_factory):
    """A finished run, exported in every form below `model`."""
    import os
    import shutil

    folder, before = tmp_path_factory.mktemp("export") / "project", Path.cwd()
    shutil.copytree(finished, folder)
    os.chdir(folder)
    try:
        forms = ("onnx", "pool", "torch", "nnunet", "coco")
        assert dissent("export", "results/tiny/gen2", "model", "--as", *forms, "--licence", "CC BY 4.0") == 0
    finally:
        os.chdir(before)
    return folder


@pytest.fixture
def here(project, monkeypatch):
    monkeypatch.chdir(project)
    return project


def of_networks(folders, images, task):
    pool = [networks.load(folder)[0] for folder in folders]
    [several] = probabilities(pool, images, task, "cpu", "fp32", len(images))
    return torch.stack(several).mean(0).numpy()


@pytest.mark.parametrize(("name", "students"), [("model.onnx", 1), ("pool.onnx", 2), ("model.pt2", 1)])
def test_a_file_says_what_the_networks_say_at_any_size(here, name, students):
    run = (formats.run_torch if name.endswith("pt2") else formats.run_onnx)(Path("model", name))
    pool = read_json("results/tiny/gen2/teachers.json")["pool"]
    folders = [Path(row["folder"]) for row in pool[:students]]
    task = Task(networks.load(folders[0])[1]["task"])
    images = np.stack([np.array(Image.open(row["image"])) for row in read_table("data/tiny/splits/few/test.csv")])
    ours = of_networks(folders, images, task)
    assert np.abs(run(images.transpose(0, 3, 1, 2).astype(np.float32)) - ours).max() < 1e-4
    height, width = images.shape[1:3]
    large = np.array(Image.fromarray(images[0]).resize((2 * width, 3 * height), Image.Resampling.BILINEAR))
    found = run(large.transpose(2, 0, 1)[None].astype(np.float32))
    assert found.shape == (1, 1, 3 * height, 2 * width)
    small = np.array(Image.fromarray(large).resize((width, height), Image.Resampling.BILINEAR))
    back = torch.nn.functional.interpolate(
        torch.from_numpy(of_networks(folders, small[None], task)), found.shape[2:], mode="bilinear"
    )
    assert np.abs(found - back.numpy()).max() < 0.02  # Pillow rounds to whole grey levels


def test_of_a_run_the_generation_is_taken_that_its_report_names(finished, monkeypatch):
    monkeypatch.chdir(finished)
    folder, why = to_use(Path("results/tiny"))
    assert f"dissent predict {folder} " in Path("results/tiny/report.html").read_text() and "cannot tell yet" in why


def test_what_was_measured_stands_in_export_json(here):
    files = read_json("model/export.json")["files"]
    one = files["model.onnx"]
    tests = len(read_table("data/tiny/splits/few/test.csv"))
    assert (one["images"], one["on"], one["other_decisions"], one["equal"]) == (tests, f"{tests} test images", 0, True)
    assert one["largest_difference"] < 1e-4 and files["pool.onnx"]["networks"] == 2


def test_a_file_that_says_something_else_is_told(here, monkeypatch, capsys):
    right = formats.run_onnx
    monkeypatch.setattr(formats, "run_onnx", lambda path: lambda images: right(path)(images) + np.float32(2e-4))
    assert dissent("export", "results/tiny/gen1", "wrong") == 1
    assert "DIFFERS FROM the networks" in capsys.readouterr().out
    assert not read_json("wrong/export.json")["files"]["model.onnx"]["equal"]


def test_the_card_has_the_scores_of_the_run_and_the_licence(here):
    card = Path("model/MODEL_CARD.md").read_text()
    metrics = read_json("results/tiny/gen2/metrics.json")
    low, high = (100 * metrics["test"]["best_interval"][end] for end in ("low", "high"))
    assert f"95 % interval {low:.1f} to {high:.1f}" in card
    assert f"| iou | {100 * metrics['test']['best']['iou']['value']:.1f} |" in card
    assert "CC BY 4.0" in card and "| test | 6 |" in card and "`model.onnx`" in card


def test_nnunet_gets_pairs_with_doubt_as_ignore(here):
    [folder] = Path("model/nnunet").iterdir()
    about = json.loads((folder / "dataset.json").read_text())
    rows = read_table("results/tiny/gen2/pairs.csv")
    assert about["labels"] == {"background": 0, "disc": 1, "ignore": 2} and folder.name == "Dataset900_tiny"
    [split] = json.loads((folder / "splits_final.json").read_text())
    assert split["train"] == [row["id"] for row in rows] and len(split["val"]) + len(rows) == about["numTraining"]
    for row in rows:
        mask, label = read_mask(folder / "labelsTr" / f"{row['id']}.png"), read_mask(row["label"])
        doubt = read_mask(row["doubt"]) != 0 if row["doubt"] else np.zeros(label.shape, bool)
        assert (mask == np.where(doubt | (label == 255), 2, label)).all()
        assert (folder / "imagesTr" / f"{row['id']}_0000.png").read_bytes() == Path(row["image"]).read_bytes()
    assert any(row["doubt"] for row in rows)


def test_coco_has_a_mask_for_each_label_without_doubt(here):
    found = json.loads(Path("model/coco.json").read_text())
    rows = [row for row in read_table("results/tiny/gen2/pairs.csv") if row["origin"] == "pseudo"]
    assert [one["file_name"] for one in found["images"]] == [f"../{row['image']}" for row in rows]
    for one in found["annotations"]:
        row = rows[one["image_id"] - 1]
        wanted = (read_mask(row["label"]) == 1) & (read_mask(row["doubt"]) == 0)
        counts = one["segmentation"]["counts"]
        flat = np.repeat(np.arange(len(counts)) % 2, counts)
        assert (wanted == flat.reshape(wanted.shape[::-1]).T).all() and one["area"] == wanted.sum()
    assert found["annotations"]


def test_run_lengths_are_those_of_coco():
    plane = np.array([[0, 1, 1], [0, 1, 0]], bool)
    assert run_lengths(plane) == [2, 3, 1] and run_lengths(~plane) == [0, 2, 3, 1]


def test_numbers_of_nnunet():
    """0 is the background, whatever our masks call it; where there is none, all numbers are one higher."""

    def task(**spec):
        return Task(TaskSettings(kind="multiclass", **spec).model_dump(mode="json"))

    table, names = _numbers(task(labels=["sky", "void", "car"], background="void"))
    assert names == {"background": 0, "sky": 1, "car": 2} and table[[0, 1, 2, 255]].tolist() == [1, 0, 2, 3]
    table, names = _numbers(task(labels=["sky", "road", "car"]))
    assert names == {"background": 0, "sky": 1, "road": 2, "car": 3} and table[[0, 1, 2, 255]].tolist() == [1, 2, 3, 4]


def test_tiles_are_seen_at_their_own_scale(in_tmp):
    generation("multilabel", geometry={"name": "tiles", "window": None, "overlap": 0.0})
    assert dissent("export", GENERATION, "out") == 0  # on made-up images: there are no others
    found = read_json("out/export.json")["files"]["model.onnx"]
    assert found["on"].startswith("4 images of noise") and found["at_other_size"] < 1e-5
    images = np.random.default_rng(1).integers(0, 256, (1, 40, 56, 3), np.uint8)
    run = formats.run_onnx(Path("out/model.onnx"))
    wanted = of_networks(
        [GENERATION / "students/2"], images, Task(TaskSettings(**TASKS["multilabel"]).model_dump(mode="json"))
    )
    assert np.abs(run(images.transpose(0, 3, 1, 2).astype(np.float32)) - wanted).max() < 1e-4


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nowhere", "out"), "nowhere does not exist"),
        ((GENERATION, "full"), "full holds model.onnx already; name another folder, or add --overwrite"),
        ((GENERATION, "out", "--as", "nnunet"), "labels that overlap have no place in nnU-Net's label maps"),
        ((GENERATION, "out", "--as", "coco"), "has no masks.csv: its students learned from given labels alone"),
    ],
)
def test_mistakes_are_told_in_plain_words(in_tmp, capsys, arguments, words):
    generation("multilabel")
    Path("full").mkdir()
    Path("full/model.onnx").write_text("mine")
    assert dissent("export", *arguments) == 2
    assert words in capsys.readouterr().err and Path("full/model.onnx").read_text() == "mine"


def test_a_form_that_cannot_be_had_is_told_before_another_is_written(in_tmp, capsys):
    generation()
    assert dissent("export", GENERATION, "out", "--as", "torch", "coco", "nnunet") == 2
    assert "has no masks.csv" in (told := capsys.readouterr().err) and "e.g. results/toy/gen1" in told
    assert not Path("out").exists()


def test_a_package_that_lacks_is_named_before_anything_is_written(in_tmp, capsys, monkeypatch):
    import sys

    generation()
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert dissent("export", GENERATION, "out") == 2
    assert "pip install onnx onnxruntime onnxscript" in capsys.readouterr().err and not Path("out").exists()


def test_a_tie_may_be_decided_either_way():
    task = Task(TaskSettings(**TASKS["multiclass"]).model_dump(mode="json"))
    found = torch.tensor([[0.4, 0.4, 0.4], [0.4, 0.35, 0.3999], [0.2, 0.25, 0.2001]])[None, :, None]
    assert compare._tied(task, found)[0, 0].tolist() == [True, False, True]
    task = Task(TaskSettings(**TASKS["binary"]).model_dump(mode="json"))
    assert compare._tied(task, torch.tensor([0.5, 0.5002, 0.3])[None, None, None])[0, 0].tolist() == [
        True,
        False,
        False,
    ]


def test_probabilities_that_differ_by_less_than_a_bound_are_equal():
    found = {"largest_difference": 9e-5, "at_other_size": 1e-6, "other_decisions": 0}
    assert compare.equal(found) and not compare.equal(found | {"other_decisions": 1})
