"""Soft labels: students learn the teachers' probabilities, which move with their images, and count by how sure they are."""

import numpy as np
import pytest
import torch
from learners import TASKS

from dissent.config.method import Method
from dissent.core.columns import PAIRS, SOFT
from dissent.core.files import sha256, write_image, write_mask, write_table
from dissent.core.task import Task
from dissent.training import augment
from dissent.training.losses import LOSSES, Loss
from dissent.training.pairs import Pairs


def drawn(task, height=6, width=5):
    """Logits, target bytes, and the target as probabilities."""
    random = torch.Generator().manual_seed(1)
    most = 2**task.outputs if task.bits else max(2, task.outputs)
    target = torch.randint(0, most, (2, height, width), generator=random).byte()
    return torch.randn(2, task.outputs, height, width, generator=random), target, task.planes(target)[0]


@pytest.mark.parametrize("soft_labels", ["mean", "weighted"])
@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("kind", TASKS)
def test_sure_probabilities_cost_what_the_label_costs(kind, name, soft_labels):
    task = TASKS[kind]
    logits, target, planes = drawn(task)
    target[0, :2] = 255  # of these nobody knows anything
    hard = Loss(task, [name])(logits, target)
    torch.testing.assert_close(Loss(task, [name], soft_labels=soft_labels)(logits, target, planes), hard)


@pytest.mark.parametrize("kind", TASKS)
def test_the_cheapest_network_says_the_teachers_probabilities(kind):
    """The gradient of the cross-entropy is 0 there, and not at the label that they would be decided to."""
    task = TASKS[kind]
    said, target, planes = drawn(task)
    soft = task.probabilities(said)
    loss = Loss(task, ["ce"], soft_labels="mean")
    logits = said.clone().requires_grad_()
    loss(logits, target, soft).backward()
    assert logits.grad.abs().max() < 1e-7
    logits = said.clone().requires_grad_()
    loss(logits, target, planes).backward()
    assert logits.grad.abs().max() > 1e-3


def test_a_class_of_which_each_pixel_has_a_little_does_not_occur():
    """Dice is the mean of the classes that the decided label has: the third one, a twentieth everywhere, is none of them."""
    task = TASKS["multiclass"]
    target = torch.tensor([[[0, 0, 1, 1]]]).byte()
    soft = task.planes(target)[0] * 0.9 + 0.05
    logits = torch.zeros(1, task.outputs, 1, 4, requires_grad=True)
    value = Loss(task, ["dice"], soft_labels="mean")(logits, target, soft / soft.sum(1, keepdim=True))
    planes = soft / soft.sum(1, keepdim=True)
    said = torch.full_like(planes, 1 / task.outputs)
    each = 1 - (2 * (said * planes).sum((0, 2, 3)) + 1) / ((said + planes).sum((0, 2, 3)) + 1)
    assert value.item() == pytest.approx(each[:2].mean().item(), rel=1e-6)


def test_a_pixel_counts_by_how_sure_the_teachers_are():
    """Binary .5 counts nothing, .75 half, 1 all; of three classes 1/3 each nothing, and 2/3 half. Labels that overlap count apart."""
    binary = torch.tensor([0.5, 0.75, 0.0]).view(1, 1, 1, 3)
    assert TASKS["binary"].sureness(binary).flatten().tolist() == pytest.approx([0, 0.5, 1])
    three = torch.tensor([[1 / 3, 1 / 3, 1 / 3], [2 / 3, 1 / 3, 0], [0, 0, 1]]).T.reshape(1, 3, 1, 3)
    assert TASKS["multiclass"].sureness(three).flatten().tolist() == pytest.approx([0, 0.5, 1])
    logits = torch.tensor([0.0, 0.0, 2.0]).view(1, 1, 1, 3)
    value = Loss(TASKS["binary"], ["ce"], soft_labels="weighted")(logits, torch.ones(1, 1, 3).byte(), binary)
    costs = [np.log(2), np.log(2), np.log1p(np.exp(2))]
    assert value.item() == pytest.approx((0.5 * costs[1] + costs[2]) / 1.5, rel=1e-6)


@pytest.mark.parametrize("view", ["none", "weak", "strong", "cutout"])
def test_probabilities_move_with_the_image_and_keep_their_values(view):
    """A plane that is the image's own grey lies under it after a view; the colours alone are changed, by the same draws as without it."""
    images = torch.rand(4, 1, 16, 16, generator=torch.Generator().manual_seed(1)).mul(255).round().expand(4, 3, 16, 16)
    masks = torch.zeros(4, 16, 16, dtype=torch.uint8)
    both = torch.cat([images, images[:, :1]], 1)
    given = dict(pseudo=[True, False, True, False], views=(view, view), rotation_invariant=True)
    random = [torch.Generator().manual_seed(7) for _ in range(3)]
    alone, _ = augment.view_of_batch(images, masks, generator=random[0], **given)
    seen, _ = augment.view_of_batch(both, masks, generator=random[1], colours=3, **given)
    moved, _ = augment.warp(images[:, :1], None, augment.affine(view, 4, 16, 16, True, random[2]))
    assert torch.equal(seen[:, :3], alone) and torch.equal(seen[:, 3:], moved)


def test_pairs_put_probabilities_behind_the_label(in_tmp):
    """Those of a pseudo-label from its file, planes one below the other; of what people labelled 0 and 255. Copies are flipped as one."""
    task = TASKS["multiclass"]
    random = np.random.default_rng(1)
    planes = random.integers(0, 256, (task.outputs, 8, 8), np.uint8)
    write_image("soft.png", planes.reshape(-1, 8))
    rows = []
    for name, origin in (("a", "labelled"), ("b", "pseudo")):
        write_image(f"{name}.png", random.integers(0, 256, (8, 8, 3), np.uint8))
        write_mask(f"{name}_mask.png", random.integers(0, task.outputs, (8, 8), np.uint8), [[0, 0, 0]] * 256)
        row = {"id": name, "image": f"{name}.png", "label": f"{name}_mask.png", "doubt": "", "origin": origin}
        row |= {"noise_copies": 2 * (origin == "pseudo"), "doubt_sha256": ""} | dict.fromkeys(SOFT, "")
        rows.append(row | {f"{key}_sha256": sha256(row[key]) for key in ("image", "label")})
    rows[1] |= dict(zip(SOFT, ("soft.png", sha256("soft.png")), strict=True))
    write_table("pairs.csv", rows, (*PAIRS, *SOFT))
    method = Method(pseudo_label="mean", soft_labels="mean").at(0)
    pairs = Pairs("pairs.csv", 3, method, True, (1, 0), 1, 2, task=task)
    people, pseudo, *copies = (pairs.entry(index)[1] for index in range(len(pairs)))
    assert (people[..., 1:] == 255 * (people[..., :1] == np.arange(task.outputs))).all()
    assert (pseudo[..., 1:] == planes.transpose(1, 2, 0)).all() and pairs.targets.shape == (2, 8, 8)
    assert len(copies) == 2 and any((copy != pseudo).any() for copy in copies)
    for copy in copies:
        turns = [np.rot90(one, k) for one in (pseudo, pseudo[:, ::-1]) for k in range(4)]
        assert any((copy == turned).all() for turned in turns)
    hard = Pairs("pairs.csv", 3, Method().at(0), True, (1, 0), 1, 2, task=task)
    assert hard.entry(1)[1].shape == (8, 8)


@pytest.mark.parametrize(
    "keys",
    [
        {"pseudo_label": "agreement", "students": 2, "generations": 1},
        {"pseudo_label": "best", "generations": 1},
        {"pseudo_label": "majority", "inconsistency": {"target": "own_class"}},
    ],
)
def test_soft_labels_are_refused_where_the_label_is_not_what_teachers_say(keys):
    with pytest.raises(ValueError, match=r"`soft_labels: mean` is for `pseudo_label: mean`"):
        Method(soft_labels="mean", **keys)
    Method(soft_labels="mean", pseudo_label="agreement", inconsistency={"target": "ignore_label"})


def test_positions_that_are_drawn_anew_in_the_label_are_learned_from_it(in_tmp):
    """The plane of `cells.position` is the label's; the others are what teachers say."""
    task = Task(TASKS["multilabel"].spec | {"cells": {"position": TASKS["multilabel"].labels[1], "redraw": "ours"}})
    write_image("i.png", np.zeros((4, 4, 3), np.uint8))
    write_mask("m.png", np.full((4, 4), 0b010, np.uint8), [[0, 0, 0]] * 256)
    write_image("soft.png", np.full((4 * task.outputs, 4), 77, np.uint8))
    files = {"image": "i.png", "label": "m.png", SOFT[0]: "soft.png"}
    row = {"id": "i", "doubt": "", "origin": "pseudo", "noise_copies": 0, "doubt_sha256": ""} | files
    write_table("pairs.csv", [row | {f"{key}_sha256": sha256(path) for key, path in files.items()}], (*PAIRS, *SOFT))
    method = Method(pseudo_label="mean", soft_labels="mean").at(0)
    target = Pairs("pairs.csv", 3, method, True, (1, 0), 1, 1, task=task).entry(0)[1]
    assert [np.unique(target[..., 1 + at]).tolist() for at in range(task.outputs)] == [
        [77],
        [255],
        *[[77]] * (task.outputs - 2),
    ]
