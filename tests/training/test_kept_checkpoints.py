"""Checkpoints that a training keeps lie beside its best weights, the same after an interruption; pairs of teachers are cut out."""

import pytest
import torch
from discs import prepared
from test_student import train

from dissent import networks
from dissent.core.files import read_json, sha256
from dissent.runtime import Interrupted
from dissent.training import augment
from dissent.training.checkpoint import Checkpoints

torch.set_num_threads(1)


def keeping(count):
    return lambda params: params | {"method": params["method"] | {"keep_checkpoints": count}}


def test_kept_checkpoints_are_those_of_shorter_trainings(root, in_tmp):
    """At 1/3, 2/3 and the end of 9 steps: what trainings of 3, 6 and 9 steps of the same seed end with."""
    split = prepared(root)
    train(root, split, "ldt", "kept", change=keeping(3), steps=9, validate_every=9)
    plain = networks.load("kept")[0].state_dict()
    for number, steps in ((1, 3), (2, 6), (3, 9)):
        train(root, split, "ldt", f"to{steps}", steps=steps, validate_every=steps)
        wanted = networks.load(f"to{steps}")[0].state_dict()
        found = networks.load("kept", number)[0].state_dict()
        assert found.keys() == wanted.keys() and all(torch.equal(found[name], wanted[name]) for name in wanted)
    assert all(torch.equal(plain[name], wanted[name]) for name in plain)
    assert read_json("kept/metrics.json")["val"] == read_json("to9/metrics.json")["val"]


def test_they_come_back_after_an_interruption(root, in_tmp, monkeypatch):
    split = prepared(root)
    train(root, split, "ldt", "whole", change=keeping(3), steps=9)
    save = Checkpoints.save

    def stop(self, step, state):
        save(self, step, state)
        if step == 5:
            raise Interrupted("here")

    monkeypatch.setattr(Checkpoints, "save", stop)
    monkeypatch.setattr("dissent.training.loop._Clock.since_save", lambda self: 10**9)
    with pytest.raises(Interrupted):
        train(root, split, "ldt", "broken", change=keeping(3), steps=9)
    train(root, split, "ldt", "broken", change=keeping(3), steps=9)
    assert sha256("broken/model.safetensors") == sha256("whole/model.safetensors")


def test_pairs_of_teachers_are_seen_otherwise_than_those_of_people():
    """People's are as they are, in their places; of half of the others a box is noise, and unknown in the mask."""
    images, masks = torch.full((8, 3, 32, 32), 99.0), torch.ones(8, 32, 32, dtype=torch.uint8)
    pseudo = [True, False] * 4
    seen, moved = augment.view_of_batch(
        images, masks, pseudo, ("none", "cutout"), False, torch.Generator().manual_seed(2)
    )
    people = torch.tensor(pseudo).logical_not()
    assert torch.equal(seen[people], images[people]) and (moved[people] == 1).all()
    cut = (moved == 255).flatten(1).float().mean(1)
    assert 0 < (cut > 0).sum() < 4 and (cut[cut > 0] > 0.01).all() and (cut < 0.45).all()
    inside = (moved == 255)[:, None].expand_as(seen)
    assert seen[inside].std() > 60 and set(moved.unique().tolist()) == {1, 255}
    alone = augment.view_of_batch(images, masks, pseudo, ("strong",) * 2, False, torch.Generator().manual_seed(2))
    wanted = augment.view_of_pairs(images, masks, "strong", False, torch.Generator().manual_seed(2))
    assert all(map(torch.equal, alone, wanted))
