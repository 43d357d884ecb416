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
from dissent.core.columns import HISTORY, PAIRS, SOFT
from dissent.core.files import UserError, read_json, read_table, sha256, write_image, write_mask, write_table
from dissent.planning import rule_params
from dissent.steps.assemble_pairs import assemble_pairs
from dissent.steps.train import train_student
from dissent.training.losses import Loss
from dissent.training.pairs import Pairs, Resident

torch.set_num_threads(1)


def code(*names):
    return "code"


def settings(root, name, method, **network):
    run = config(root).run(f"{name}.{method}")
    found = rule_params.student(run, 0, 1, code)
    return found | {"network": found["network"] | network}


def train(root, split, method, out="out", name="tiny", change=None, events=None, **network):
    params = settings(root, name, method, **network)
    params = change(params) if change else params
    copies = {"noise_copies": 0, "labelled_noise_copies": 2 if method == "aldt" else 0}
    assemble_pairs(copies, f"{split}/labelled.csv", None, f"{split}/unlabelled.csv", None, "pairs.csv")
    tables = {subset: f"{split}/{subset}.csv" for subset in ("val", "unlabelled")}
    return train_student(params, "pairs.csv", **tables, out=out, state=f"state/{out}", device="cpu", events=events)


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


def test_a_student_ends_on_labels_when_its_method_says_so(root, in_tmp, monkeypatch):
    split, asked = prepared(root), []
    monkeypatch.setattr(Pairs, "end_on_labels", lambda self, first: asked.append(first))

    def ending(params):
        return params | {"method": params["method"] | {"end_on_labels": 0.25}}

    train(root, split, "ldt", change=ending)
    train(root, split, "ldt", out="plain")
    assert asked == [9], "the last three of twelve steps; without the key none"


def test_soft_labels_are_of_teachers_and_people_keep_their_edges(root, in_tmp, monkeypatch):
    """Of a moved batch: 0 and 1 as the moved label says for what people labelled, and between them for what teachers said."""
    split, seen = prepared(root), []
    asked = Loss.__call__
    monkeypatch.setattr(Loss, "__call__", lambda self, *told: seen.append(told) or asked(self, *told))
    params = settings(root, "tiny", "ldt")
    params["method"] |= {"soft_labels": "mean", "augmentation": "strong"}
    copies = {"noise_copies": 0, "labelled_noise_copies": 0}
    assemble_pairs(copies, f"{split}/labelled.csv", None, f"{split}/unlabelled.csv", None, "pairs.csv")
    rows = read_table("pairs.csv")
    write_image("said.png", np.full((32, 32), 100, np.uint8))
    rows[0] |= {"origin": "pseudo", "probabilities": "said.png", "probabilities_sha256": sha256("said.png")}
    write_table("pairs.csv", [dict.fromkeys(SOFT, "") | row for row in rows], (*PAIRS, *SOFT))
    tables = {subset: f"{split}/{subset}.csv" for subset in ("val", "unlabelled")}
    train_student(params, "pairs.csv", **tables, out="out", state="state/out", device="cpu")
    planes = torch.cat([torch.stack([target[:, None].float(), soft]) for _, target, soft in seen], 1)
    of_people = (planes[0] == planes[1]).flatten(1).all(1)
    of_teachers = ((planes[1] * 255).round() == 100).flatten(1).all(1)
    assert of_people.any() and of_teachers.any() and (of_people | of_teachers).all()
