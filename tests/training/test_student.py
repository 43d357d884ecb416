"""A student from its tables to its files: every learner in every kind, no look at hidden masks, death and resume."""

import errno
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from discs import KINDS, config, prepared
from processes import python, wait_until
from resealed import reseal

from dissent import networks
from dissent.config.budget import pairs_and_steps
from dissent.core import scratch
from dissent.core.columns import HISTORY
from dissent.core.files import UserError, read_json, read_table, sha256, write_mask, write_table
from dissent.core.seeds import generator
from dissent.core.task import Task
from dissent.planning import rule_params
from dissent.steps.assemble_pairs import assemble_pairs
from dissent.steps.train import train_student
from dissent.training.data import Order, Pairs, Resident, apply_doubt

torch.set_num_threads(1)


def code(*names):
    return "code"


def settings(root, name, method, **network):
    run = config(root).run(f"{name}.{method}")
    found = rule_params.student(run, 0, 1, code)
    return found | {"network": found["network"] | network}


def train(root, split, method, out="out", name="tiny", change=None, **network):
    params = settings(root, name, method, **network)
    params = change(params) if change else params
    copies = {"noise_copies": 0, "labelled_noise_copies": 2 if method == "aldt" else 0}
    assemble_pairs(copies, f"{split}/labelled.csv", None, f"{split}/unlabelled.csv", None, "pairs.csv")
    tables = {subset: f"{split}/{subset}.csv" for subset in ("val", "unlabelled")}
    return train_student(params, "pairs.csv", **tables, out=out, state=f"state/{out}", device="cpu")


TOLD = {"consistency": ("unlabelled_loss",), "fixmatch": ("unlabelled_loss", "sure")}
"""what a learner tells in history.csv beside its loss"""


@pytest.mark.parametrize("method", ["ldt", "aldt", "consistency", "fixmatch"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_learner_in_every_kind(root, in_tmp, kind, method):
    split = prepared(root, KINDS[kind])
    done = train(root, split, method, name=KINDS[kind])
    assert done == {"steps": 12, "images": 48}
    network, about = networks.load("out")
    assert about["size"] == [32, 32] and about["outputs"] == network(torch.zeros(1, 3, 32, 32)).shape[1]
    found = read_json("out/metrics.json")
    assert found["steps"] == 12 and found["pairs"] == (12 if method == "aldt" else 4)
    rows = read_table("out/history.csv")
    assert [row["step"] for row in rows] == ["4", "8", "12"]
    assert tuple(rows[0]) == (*HISTORY, *TOLD.get(method, ()))
    assert len(list(Path("state/out").glob("step00000012-*"))) == 1


def test_entries_on_the_device_are_those_of_the_pairs(root, in_tmp, monkeypatch):
    """What a card keeps of its pairs, noise copies too, on the device that is here; and a student trained from it."""
    split = prepared(root)
    train(root, split, "aldt", "plain")
    method = settings(root, "tiny", "aldt")["method"]
    pairs = Pairs("pairs.csv", 3, method, True, (1, 0), 1, 4)
    resident = Resident(pairs, "cpu")
    for step in range(5):
        images, labels, names = pairs.batch(step)
        on_device = resident.batch(step)
        assert (on_device[0].numpy() == images).all() and (on_device[1].numpy() == labels).all()
        assert on_device[2] == names
    assert not Resident.fits(pairs, "cpu")
    monkeypatch.setattr(Resident, "fits", staticmethod(lambda pairs, device: True))
    train(root, split, "aldt", "resident")
    assert sha256("plain/model.safetensors") == sha256("resident/model.safetensors")


@pytest.mark.parametrize("parts", [1, 10**9])
def test_large_arrays_lie_in_a_file_without_a_name(in_tmp, monkeypatch, parts):
    monkeypatch.setattr(scratch, "_IN_MEMORY", 10**9 // parts)
    array = scratch.scratch(3, 4, 5)
    assert array.shape == (3, 4, 5) and array.dtype == np.uint8 and not array.any()
    array[1] = 7
    assert array.sum() == 7 * 20 and not list(Path("work/scratch").glob("*"))
    assert Path("work/scratch").exists() == (parts > 1)


def test_a_disk_without_room_for_them_is_told_before_they_are_filled(in_tmp, monkeypatch):
    """A mapped file that finds no room while it is filled ends the process without a word."""

    def full(handle, first, size):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(scratch, "_IN_MEMORY", 0)
    monkeypatch.setattr("os.posix_fallocate", full)
    with pytest.raises(UserError, match=r"work/scratch: No space left on device \(600 bytes wanted, .* free\)"):
        scratch.scratch(10, 60)


def test_learning_learns(root, in_tmp):
    split = prepared(root)
    train(root, split, "ldt", steps=120, validate_every=10)
    rows = read_table("out/history.csv")
    assert float(rows[-1]["loss"]) < 0.6 * float(rows[0]["loss"])
    assert read_json("out/metrics.json")["val"]["iou"]["value"] > 0.6


def test_same_settings_same_bytes_other_member_other_bytes(root, in_tmp):
    split = prepared(root)
    train(root, split, "ldt", "a")
    train(root, split, "ldt", "b")
    train(root, split, "ldt", "c", change=lambda params: params | {"member": 2})
    assert sha256("a/model.safetensors") == sha256("b/model.safetensors") != sha256("c/model.safetensors")


@pytest.mark.parametrize("method", ["ldt", "fixmatch"])
def test_hidden_masks_change_no_trained_byte(root, in_tmp, method):
    split = prepared(root)
    train(root, split, method, "with")
    hidden = read_table(f"{split}/hidden.csv")
    assert len(hidden) == 8 and not any("label" in key for key in read_table(f"{split}/unlabelled.csv")[0])
    for row in hidden:
        Path(row["label"]).unlink()
    Path(f"{split}/hidden.csv").unlink()
    train(root, split, method, "without")
    assert sha256("with/model.safetensors") == sha256("without/model.safetensors")


def test_budget_of_all_images(root, in_tmp):
    split = prepared(root)
    epochs = {"steps": None, "epochs": 2}
    assert train(root, split, "ldt", "a", **epochs)["steps"] == 2  # 4 pairs / batch 4
    assert train(root, split, "ldt_equal_steps", "b", **epochs)["steps"] == 6  # 4 + 8 images
    assert train(root, split, "ldt", "c", **epochs | {"batch_size": 32})["steps"] == 2  # never none
    # a student that sees a part of the labels takes as many, and the plan says so
    half = {"labelled_subset": 0.5}
    done = train(
        root, split, "ldt_equal_steps", "d", change=lambda one: one | {"method": one["method"] | half}, **epochs
    )
    run = config(root).run("tiny.ldt_equal_steps")
    run = run.model_copy(
        update={"network": run.network.model_copy(update=epochs), "method": run.method.model_copy(update=half)}
    )
    told = pairs_and_steps(
        run, 0, {subset: len(read_table(f"{split}/{subset}.csv")) for subset in ("labelled", "unlabelled", "hidden")}
    )
    assert (read_json("d/metrics.json")["pairs"], done["steps"]) == told == (2, 6)


def test_a_changed_mask_is_refused(root, in_tmp):
    split = prepared(root)
    label = Path(read_table(f"{split}/labelled.csv")[0]["label"])
    label.write_bytes(label.read_bytes()[:-20])
    with pytest.raises(UserError, match=rf"{label.name} is not the file that pairs.csv names"):
        train(root, split, "ldt")


def test_no_pairs_and_no_val_are_refused(root, in_tmp):
    split = prepared(root)
    val = read_table(f"{split}/val.csv")
    write_table(f"{split}/val.csv", [], tuple(val[0]))
    reseal(f"{split}/val.csv")
    with pytest.raises(UserError, match=r"val\.csv has no images"):
        train(root, split, "ldt")
    write_table(f"{split}/labelled.csv", [], tuple(val[0]))
    reseal(f"{split}/labelled.csv")
    with pytest.raises(UserError, match=r"pairs\.csv has no pairs"):
        train(root, split, "ldt")


def test_labels_of_which_nobody_knows_a_pixel_are_refused(root, in_tmp):
    split = prepared(root)
    rows = read_table(f"{split}/labelled.csv")
    for row in rows:
        write_mask(row["label"], np.full((32, 32), 255, np.uint8), [[0, 0, 0]] * 256)
        row["label_sha256"] = sha256(row["label"])
    write_table(f"{split}/labelled.csv", rows, tuple(rows[0]))
    reseal(f"{split}/labelled.csv")
    with pytest.raises(UserError, match=r"all pixels of all labels that pairs\.csv names are unknown"):
        train(root, split, "ldt")


def test_sizes_that_do_not_fit_are_refused(root, in_tmp):
    split = prepared(root)
    with pytest.raises(UserError, match=r"8x32|32x8"):
        train(root, split, "ldt", change=lambda params: params | {"size": [8, 32]})


def test_too_high_a_rate_is_told(root, in_tmp):
    split = prepared(root)
    optimizer = {
        "name": "sgd",
        "learning_rate": 1e30,
        "weight_decay": 0.0,
        "weight_decay_form": "scaled",
        "epsilon": 1e-7,
        "encoder_learning_rate_factor": 1.0,
    }
    with pytest.raises(
        UserError, match=r"the loss became (nan|[\d.e+]+) at step \d+ with rate 1e\+30 on the images i\d"
    ):
        train(root, split, "ldt", optimizer=optimizer)


KILLED = """
import sys, json
from dissent.steps.train import train_student
from dissent.runtime import Interrupted
import torch; torch.set_num_threads(1)
params = json.load(open("params.json"))
try:
    train_student(params, "pairs.csv", "{split}/val.csv", "{split}/unlabelled.csv", "killed", "state/killed", "cpu", 0)
except Interrupted as error:
    print(error); sys.exit(75)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_trainer_that_was_killed_ends_with_the_same_bytes(root, in_tmp, number):
    import json

    split = prepared(root)
    change = {"steps": 60, "validate_every": 10}
    train(root, split, "fixmatch", "whole", **change)
    Path("params.json").write_text(json.dumps(settings(root, "tiny", "fixmatch", **change)))
    child = python("-c", KILLED.format(split=split), cwd=in_tmp)
    assert wait_until(lambda: len(list(Path("state/killed").glob("step*"))) > 1, 60)
    child.send_signal(number)
    assert child.wait(60) == (75 if number == signal.SIGTERM else -signal.SIGKILL)
    assert not Path("killed/model.safetensors").exists()
    second = python("-c", KILLED.format(split=split), cwd=in_tmp)
    output = second.communicate(timeout=120)
    assert second.returncode == 0, output
    for name in ("model.safetensors", "history.csv", "metrics.json"):
        assert sha256(f"killed/{name}") == sha256(f"whole/{name}"), name


def test_what_snakemake_deletes_as_incomplete_comes_back_from_the_last_checkpoint(root, in_tmp, monkeypatch):
    """A kill between the last step and Snakemake's record costs no step: all files again, byte by byte."""
    split = prepared(root)
    train(root, split, "ldt")
    before = {path.name: sha256(path) for path in Path("out").iterdir()}
    shutil.rmtree("out")
    monkeypatch.setattr("dissent.training.loop.Optimizer.set_rate", lambda *_: pytest.fail("trained again"))
    done = train(root, split, "ldt")
    assert done["steps"] == 12 and done["earlier"]["seconds"] > 0
    assert {path.name: sha256(path) for path in Path("out").iterdir()} == before


@pytest.mark.parametrize(
    ("rule", "image", "label"),
    [
        ({"input": "block", "target": "background"}, 0, 0),
        ({"input": "keep", "target": "ignore"}, 200, 255),
        ({"input": "mean", "target": "own_class"}, 125, 0),
    ],
)
def test_doubt_as_the_method_says(rule, image, label):
    pixels = np.full((2, 2, 1), 100, np.uint8)
    pixels[0, 0] = 200
    doubt = np.array([[4, 0], [0, 0]], np.uint8)
    seen, target = apply_doubt(pixels, np.full((2, 2), 1, np.uint8), doubt, rule, generator(0))
    assert (seen[0, 0, 0], target[0, 0]) == (image, label)
    assert (seen[1] == 100).all() and (target[1] == 1).all() and pixels[0, 0] == 200


def test_a_label_in_doubt_costs_nothing_and_the_others_are_learned():
    labels = np.array([[0b011, 0b000], [0b100, 0b111]], np.uint8)
    doubt = np.array([[0b100, 0b001], [0b000, 0b111]], np.uint8)
    rule = {"input": "keep", "target": "ignore_label"}
    _, target = apply_doubt(np.zeros((2, 2, 1), np.uint8), labels, doubt, rule, generator(0))
    task = Task(
        {
            "kind": "multilabel",
            "labels": ["a", "b", "c"],
            "score": "iou",
            "doubt_class": False,
            "mse_targets": None,
            "cells": None,
        }
    )
    planes, known = task.planes(torch.from_numpy(target)[None])
    assert known[0].flatten(1).T.tolist() == [[1, 1, 0], [0, 1, 1], [1, 1, 1], [0, 0, 0]]
    assert (planes * known)[0].flatten(1).T.tolist() == [[1, 1, 0], [0, 0, 0], [0, 0, 1], [0, 0, 0]]
    nobody = task.planes(torch.full((1, 2, 2), 255, dtype=torch.uint8))[1]
    assert nobody.shape == (1, 3, 2, 2) and not nobody.any()


def test_doubt_as_noise_follows_from_the_key():
    pixels, doubt = np.full((8, 8, 3), 100, np.uint8), np.ones((8, 8), np.uint8)
    rule = {"input": "noise", "target": "ignore"}
    one, two, other = (apply_doubt(pixels, doubt, doubt, rule, generator(key))[0] for key in (1, 1, 2))
    assert (one == two).all() and (one != other).any() and one.std() > 50


def test_the_order_is_a_stream_in_which_all_come_equally_often():
    order = Order(7, 3, ("k",))
    drawn = [index for step in range(14) for index in order(step)]
    assert all(sorted(drawn[start : start + 7]) == list(range(7)) for start in range(0, 42, 7))
    assert Order(7, 3, ("k",))(9) == order(9) and drawn[:7] != drawn[7:14]


def pairs_of(rows, tmp_path, **method):
    from dissent.core.columns import PAIRS
    from dissent.core.files import write_image, write_mask

    write_image("i.png", np.zeros((4, 4, 3), np.uint8))
    write_mask("m.png", np.zeros((4, 4), np.uint8), [[0, 0, 0]])
    files = {"image": "i.png", "label": "m.png", "image_sha256": sha256("i.png"), "label_sha256": sha256("m.png")}
    table = [files | {"doubt": "", "doubt_sha256": ""} | row for row in rows]
    write_table("pairs.csv", table, PAIRS)
    chosen = {
        "keep_originals": True,
        "noise_ramp": 1.0,
        "labelled_subset": 1.0,
        "labelled_batch_fraction": None,
        "inconsistency": {"input": "keep", "target": "ignore"},
    } | method
    return chosen, "pairs.csv"


def test_labelled_batch_fraction_fills_that_part_of_each_batch(in_tmp):
    rows = [{"id": f"l{i}", "origin": "labelled", "copies": 0} for i in range(3)]
    rows += [{"id": f"p{i}", "origin": "pseudo", "copies": 0} for i in range(50)]
    method, table = pairs_of(rows, in_tmp, labelled_batch_fraction=0.5)
    pairs = Pairs(table, 3, method, False, (1, 1), 1, 8)
    for step in range(20):
        names = pairs.batch(step)[2]
        assert sum(name.startswith("l") for name in names) == 4 and len(names) == 8


def test_labelled_subset_draws_another_part_for_each_member(in_tmp):
    rows = [{"id": f"l{i}", "origin": "labelled", "copies": 1} for i in range(20)]
    rows += [{"id": "p", "origin": "pseudo", "copies": 0}]
    method, table = pairs_of(rows, in_tmp, labelled_subset=0.5)
    seen = [{row["id"] for row in Pairs(table, 3, method, False, (1, 1), member, 4).rows} for member in (1, 2)]
    assert all(len(names) == 11 and "p" in names for names in seen) and seen[0] != seen[1]
