"""Tasks and losses: bytes and planes, deciding, and losses that are blind where nobody knows."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from dissent.config.task import TaskSettings
from dissent.core.task import Task
from dissent.training.losses import LOSSES, Loss

SPECS = {
    "binary": {"kind": "binary", "labels": ["x"]},
    "multiclass": {"kind": "multiclass", "labels": ["a", "b", "c"]},
    "multilabel": {"kind": "multilabel", "labels": ["a", "b", "c"]},
}


@pytest.fixture(params=SPECS)
def task(request):
    return Task(TaskSettings(**SPECS[request.param]).model_dump(mode="json"))


def random_target(task, seed=0, shape=(2, 6, 5)):
    top = {"binary": 2, "multiclass": 3, "multilabel": 8}[task.kind]
    return torch.from_numpy(np.random.default_rng(seed).integers(0, top, shape, dtype=np.uint8))


def test_pack_and_unpack_are_inverse(task):
    mask = random_target(task)[0].numpy()
    assert (task.pack(task.unpack(mask)) == mask).all()


def test_planes_and_decide_are_inverse(task):
    target = random_target(task)
    planes, known = task.planes(target)
    assert planes.shape == (2, task.outputs, 6, 5) and known.min() == 1
    assert (task.decide(planes * 0.9 + 0.05) == target).all()


def test_thresholds_at_one_half():
    half = torch.full((1, 1, 1, 1), 0.5)
    assert Task(TaskSettings(**SPECS["binary"]).model_dump()).decide(half).item() == 0  # p > .5
    assert Task(TaskSettings(**SPECS["multilabel"]).model_dump()).decide(half.expand(1, 3, 1, 1)).item() == 7  # p >= .5


def test_cross_entropy_is_torch_s(task):
    logits, target = torch.randn(2, task.outputs, 6, 5), random_target(task)
    planes, _ = task.planes(target)
    ours = task.cross_entropy(logits, planes)
    if task.exclusive:
        theirs = F.cross_entropy(logits, target.long(), reduction="none")[:, None]
    else:
        theirs = F.binary_cross_entropy_with_logits(logits, planes, reduction="none")
    torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("name", LOSSES)
def test_good_predictions_cost_less(task, name):
    target = random_target(task)
    planes, _ = task.planes(target)
    loss = Loss(task, [name])
    good, fair, bad = (float(loss(scale * (planes * 2 - 1), target)) for scale in (6, 1, -6))
    assert 0 <= good < fair < bad


@pytest.mark.parametrize("name", LOSSES)
def test_unknown_pixels_do_not_count(task, name):
    target = random_target(task)
    logits = torch.randn(2, task.outputs, 6, 5, requires_grad=True)
    hidden = target.clone()
    hidden[:, :3] = 255
    loss = Loss(task, [name])(logits, hidden)
    loss.backward()
    assert logits.grad[:, :, :3].abs().max() == 0 and logits.grad[:, :, 3:].abs().max() > 0
    if name != "dice":  # a mean over what is known
        torch.testing.assert_close(loss, Loss(task, [name])(logits[:, :, 3:], target[:, 3:]))


@pytest.mark.parametrize("name", LOSSES)
def test_all_unknown_costs_nothing(task, name):
    logits = torch.randn(2, task.outputs, 6, 5, requires_grad=True)
    loss = Loss(task, [name])(logits, torch.full((2, 6, 5), 255, dtype=torch.uint8))
    loss.backward()
    assert float(loss.detach()) == 0 and torch.isfinite(logits.grad).all()


def test_losses_add_up(task):
    logits, target = torch.randn(2, task.outputs, 6, 5), random_target(task)
    both = Loss(task, ["ce", "dice"])(logits, target)
    torch.testing.assert_close(both, Loss(task, ["ce"])(logits, target) + Loss(task, ["dice"])(logits, target))


def test_disagreement_keeps_one_bit_a_label():
    task = Task(TaskSettings(**SPECS["multilabel"]).model_dump())
    votes = np.stack([task.unpack(np.array([[1, 3, 7]], np.uint8)), task.unpack(np.array([[1, 1, 0]], np.uint8))])
    assert task.disagreement(votes, np.array([[0, 1, 1]], np.uint8)).tolist() == [[0, 2, 7]]
    # grown by morphology over a pixel without disagreement: all labels are in doubt
    assert task.disagreement(votes, np.array([[1, 1, 0]], np.uint8)).tolist() == [[7, 2, 0]]


def test_pixels_counts_names(task):
    mask = random_target(task)[0].numpy().copy()
    mask[0, 0] = 255
    counted = dict(zip(task.histogram_names, task.pixels(mask), strict=True))
    if task.bits:
        assert counted["b"] == int(((mask != 255) & (mask >> 1 & 1 == 1)).sum())
    else:
        assert sum(counted.values()) == mask.size - 1
