"""SegKC-style learning: who teaches whom, what each part is worth, and what the senior is."""

import pytest
import torch
from helpers.learners import SMALL, FixedLoss, given, made, views_of
from torch import nn

from dissent.training.learners import segkc


def alike(one):
    """A senior of the junior's shape, so that the two can change places."""
    one.senior = one.course.build()
    one.translators = nn.ModuleList(
        [nn.Conv2d(one.network.deepest_channels, one.network.deepest_channels, 1) for _ in "12"]
    )
    return one


def test_the_senior_is_wider_and_the_junior_is_kept():
    one = made("segkc", senior={"width_factor": 3.0})
    assert one.result() is one.network and one.others() == {"senior": one.senior}
    assert one.trained() == [one.network, one.senior]
    assert (one.network.fused_channels, one.senior.fused_channels) == (4, 12)
    encoders = made("segkc", network=SMALL | {"architecture": "unet"}, senior={"encoder": "resnet18"})
    assert (encoders.network.deepest_channels, encoders.senior.deepest_channels) == (2048, 512)


def test_networks_that_change_places_change_losses_and_a_label_teaches_the_other_alone():
    def gradients(swap):
        torch.manual_seed(2)
        one = alike(made("segkc", threshold=0.5, predictions=0.0, features=0.2))
        one.pair_loss = FixedLoss(one.pair_loss.task)
        if swap:
            one.network, one.senior = one.senior, one.network
            one.translators = one.translators[::-1]
        torch.manual_seed(3)
        loss, _ = one.loss(given(), views_of(one), 1)
        loss.backward()
        nets = one.trained()[:: -1 if swap else 1]
        return loss, [[weight.grad for weight in net.parameters()] for net in nets]

    (loss, first), (swapped, second) = gradients(False), gradients(True)
    assert torch.isclose(loss, swapped)
    for one, other in zip(first, second, strict=True):
        assert all(torch.allclose(a, b, atol=1e-6) and a.abs().sum() > 0 for a, b in zip(one, other, strict=True))


def test_each_learns_the_label_of_the_other_and_the_parts_add_up(monkeypatch):
    """The junior says label 1 everywhere and the senior 0: (1 + L_cps 8 + .5 * 3 + .25 * 2) / 2, and they never agree."""
    one = made("segkc", weight=1.0, predictions=0.5, features=0.25)
    one.pair_loss = FixedLoss(one.pair_loss.task)
    monkeypatch.setattr(
        segkc, "eval_logits", lambda net, x: torch.full((len(x), 1, *x.shape[2:]), 9.0 if net is one.network else -9.0)
    )
    taught = []

    def loss(task, logits, given):
        taught.append(given.label_BHW.unique().tolist())
        return torch.tensor(8.0)

    monkeypatch.setattr(segkc, "loss", loss)
    monkeypatch.setattr(segkc, "divergence", lambda *_: torch.tensor(3.0))
    monkeypatch.setattr(one, "_apart", lambda *_: torch.tensor(2.0))
    total, numbers = one.loss(given(), views_of(one), 1)
    assert total.item() == pytest.approx((1 + 8 + 1.5 + 0.5) / 2)
    assert taught == [[0], [1]] and numbers["agreement"] == 0 and numbers["sure"] == 1


def test_features_are_near_where_the_translated_ones_point_alike():
    one = made("segkc")
    torch.manual_seed(1)
    junior, senior = torch.rand(2, 1, 2, 2, requires_grad=True), torch.rand(2, 1, 2, 2, requires_grad=True)
    one.translators = nn.ModuleList([nn.Conv2d(1, 1, 1, bias=False) for _ in "12"])
    for weight, sign in zip(one.translators.parameters(), (1.0, -1.0), strict=True):
        nn.init.constant_(weight, sign)
    known = torch.ones(2, 1, 8, 8)
    # one direction is right, the other opposite: (0 + 2) / 2
    assert one._apart([junior, senior], known).item() == pytest.approx(1, abs=1e-6)
    one._apart([junior, torch.rand(2, 1, 1, 1)], known).backward()  # of another size
    assert junior.grad is not None and senior.grad is None
    assert one._apart([junior, senior], 0 * known) == 0


def test_what_is_worth_nothing_is_not_computed(monkeypatch):
    one = made("segkc", predictions=0.0, features=0.0)
    monkeypatch.setattr(segkc, "divergence", lambda *_: pytest.fail("computed"))
    monkeypatch.setattr(one, "_apart", lambda *_: pytest.fail("computed"))
    one.loss(given(), views_of(one), 1)
    assert not list(one.translators.parameters())
