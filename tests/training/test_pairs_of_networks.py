"""Two networks that teach each other: whose label teaches whom, and what the first is spared."""

import pytest
import torch
from helpers.learners import TASKS, given, made, views_of

from dissent.training import augment
from dissent.training.data import Batch
from dissent.training.learners import cps
from dissent.training.unlabelled.targets import agreed


def test_k_each_network_learns_the_label_of_the_other(monkeypatch):
    one = made("cps", cutmix=0.0, weight=1.0)
    one.pair_loss = NoPairs(one.pair_loss.task)
    says = {id(one.network): torch.tensor([-1.0, 2.0]), id(one.second): torch.tensor([1.0, 1.0])}
    for network in one.trained():
        row = says[id(network)]
        monkeypatch.setattr(network, "forward", lambda x, row=row: row.view(1, 1, 1, 2).expand(len(x), 1, 1, 2))
    # in logits of one channel: net 1 (1, 0), (0, 2) and net 2 (0, 1), (0, 1) of vector K
    pairs = Batch(torch.zeros(1, 1, 1, 2), torch.zeros(1, 1, 2, dtype=torch.uint8), ["a"])
    loss, numbers = one.loss(pairs, {"weak": torch.zeros(1, 1, 1, 2)}, 0)
    assert loss.item() == pytest.approx(1.533357, abs=2e-6)
    assert numbers["agreement"] == 0.5


class NoPairs:
    def __init__(self, task):
        self.task = task

    def __call__(self, logits, target):
        return torch.zeros(())


def test_networks_that_change_places_change_losses_and_a_label_teaches_the_other_alone():
    def gradients(swap):
        torch.manual_seed(2)
        one = made("cps")
        one.pair_loss = NoPairs(one.pair_loss.task)
        if swap:
            one.network, one.second = one.second, one.network
        torch.manual_seed(3)
        loss, _ = one.loss(given(), views_of(one), 1)
        loss.backward()
        nets = one.trained()[:: -1 if swap else 1]
        return loss, [[weight.grad for weight in net.parameters()] for net in nets]

    (loss, first), (swapped, second) = gradients(False), gradients(True)
    assert torch.isclose(loss, swapped)
    for one, other in zip(first, second, strict=True):
        assert all(torch.allclose(a, b, atol=1e-6) and a.abs().sum() > 0 for a, b in zip(one, other, strict=True))


def test_im_step_teaches_nothing_where_the_networks_differ(monkeypatch):
    """All in all: with opposite networks the loss is the pairs' alone; with equal ones every pixel counts."""
    one = made("im_step", weight=1.0)

    def shares(second):
        for network, sign in ((one.network, 1.0), (one.second, second)):
            monkeypatch.setattr(
                network, "forward", lambda x, sign=sign: torch.full((len(x), 1, *x.shape[2:]), sign, requires_grad=True)
            )
        return one.loss(given(), views_of(one), 1)[1]

    apart, alike = shares(-1.0), shares(1.0)
    assert apart["agreement"] == apart["sure"] == apart["unlabelled_loss"] == 0
    assert alike["agreement"] == alike["sure"] == 1 and alike["unlabelled_loss"].item() == pytest.approx(
        0.313262, abs=1e-6
    )


@pytest.mark.parametrize(("kind", "channels"), [("binary", 1), ("multiclass", 1), ("multilabel", 3)])
def test_agreement_is_of_decisions_and_by_label_where_they_overlap(kind, channels):
    task = TASKS[kind]
    first, second = torch.full((1, task.outputs, 1, 2), -1.0), torch.full((1, task.outputs, 1, 2), -2.0)
    first[0, 0, 0, 1] = second[0, 0, 0, 1] = 3.0
    same = agreed(task, [first, second])
    assert same.weight_BCHW.shape == (1, channels, 1, 2) and same.weight_BCHW.min() == 1
    second[0, -1, 0, 1] = 9.0 if kind != "binary" else -9.0
    weight = agreed(task, [first, second]).weight_BCHW
    assert weight[..., 0].min() == 1 and weight[0, :, 0, 1].tolist() == [1.0] * (channels - 1) + [0.0]


def test_patches_take_a_part_of_the_image_and_cancel_where_two_meet():
    torch.manual_seed(1)
    found = augment.cutmix_patches(400, 60, 80)
    shares = found.float().mean((1, 2))
    assert found.shape == (400, 60, 80) and shares.min() > 0.02 and shares.max() < 0.6
    assert 0.2 < shares.mean() < 0.4
    assert cps.CrossPseudoSupervision.views == ("weak",)
