"""Fuzzy Positive Learning: the set of positives, its loss and its weight, by the definitions (vector J), and what it may not do."""

import pytest
import torch
from helpers.learners import TASKS, given, made, views_of

from dissent.config.task import TaskSettings
from dissent.core.task import Task
from dissent.training.learners.fpl import fuzzy_positive

OPTIONS = {"positives": 3, "mass": 0.9, "weighting": "concave"}
FIVE = Task(TaskSettings(kind="multiclass", labels=list("abcde")).model_dump(mode="json"))
Z = torch.tensor([1.0, 0.5, -0.5, -1.0, 0.0]).view(1, 5, 1, 1)


def taught(*q):
    return torch.tensor(q).log().view(1, -1, 1, 1)


@pytest.mark.parametrize(
    ("q", "weight", "loss"),
    [
        ((0.95, 0.02, 0.01, 0.01, 0.01), 0.987485, 0.847102),
        ((0.89, 0.05, 0.03, 0.02, 0.01), 0.966351, 0.847102),
        ((0.6, 0.35, 0.03, 0.01, 0.01), 0.617360, 0.847102),
        ((0.5, 0.3, 0.15, 0.03, 0.02), 0.791111, 1.072913),
        ((0.4, 0.25, 0.2, 0.1, 0.05), 0.807617, 1.523472),
    ],
)
def test_j_positives_grow_until_the_mass_and_weigh_by_their_margin(q, weight, loss):
    found, weighed = fuzzy_positive(FIVE, Z, taught(*q), OPTIONS)
    assert found.item() == pytest.approx(loss, abs=2e-6)
    assert weighed.item() == pytest.approx(weight, abs=2e-6)


def test_a_teacher_that_knows_nothing_weighs_nothing_and_one_that_is_sure_gives_cross_entropy():
    assert fuzzy_positive(FIVE, Z, torch.zeros(1, 5, 1, 1), OPTIONS)[1] == 0
    loss, weight = fuzzy_positive(FIVE, Z, torch.tensor([0.0, 99, 0, 0, 0]).view(1, 5, 1, 1), OPTIONS)
    assert weight == 1 and torch.isclose(loss.squeeze(), -Z.log_softmax(1)[0, 1, 0, 0])


def test_positives_rise_others_fall_and_classes_may_change_places():
    z = Z.clone().requires_grad_()
    fuzzy_positive(FIVE, z, taught(0.4, 0.25, 0.2, 0.1, 0.05), OPTIONS)[0].sum().backward()
    gradient = z.grad.flatten()
    assert (gradient[:3] < 0).all() and (gradient[3:] > 0).all() and gradient.sum().abs() < 1e-6
    order = [3, 0, 4, 2, 1]
    other = Z[:, order].clone().requires_grad_()
    q = torch.tensor([0.4, 0.25, 0.2, 0.1, 0.05])[order]
    fuzzy_positive(FIVE, other, taught(*q.tolist()), OPTIONS)[0].sum().backward()
    assert torch.allclose(other.grad.flatten(), gradient[order])


@pytest.mark.parametrize("kind", ["binary", "multilabel"])
def test_with_two_sides_it_is_weighted_cross_entropy(kind):
    task = TASKS[kind]
    logits = torch.logit(torch.tensor([0.6, 0.3, 0.9])).view(1, 1, 1, 3).expand(1, task.outputs, 1, 3)
    loss, weight = fuzzy_positive(task, torch.full((1, task.outputs, 1, 3), 1e-6), logits, OPTIONS)
    assert loss.flatten().tolist() == pytest.approx([0.693147] * 3 * task.outputs, abs=1e-5)
    assert weight[0, 0, 0].tolist() == pytest.approx([0.550, 0.736, 0.934], abs=1e-3)


def test_three_classes_have_at_most_two_positives():
    task = TASKS["multiclass"]
    z = torch.zeros(1, 3, 1, 1)
    loss, _ = fuzzy_positive(task, z, taught(0.4, 0.35, 0.25), OPTIONS)
    assert loss.item() == pytest.approx(torch.log1p(torch.tensor(2.0)).item())


def test_balance_keeps_the_direction_and_takes_the_size_of_hard_labels():
    """Both losses have gradients that point the same way."""

    def gradient(balance):
        torch.manual_seed(5)
        one = made("fpl", "multiclass", balance=balance, warmup=0.0)
        one.pair_loss = lambda *_, task=one.pair_loss.task: torch.zeros(())
        one.pair_loss.task = TASKS["multiclass"]
        torch.manual_seed(6)
        loss, numbers = one.loss(given("multiclass"), views_of(one), 1)
        loss.backward()
        return torch.cat([weight.grad.flatten() for weight in one.network.parameters()]), numbers["unlabelled_loss"]

    (plain, small), (balanced, large) = gradient(False), gradient(True)
    assert torch.isclose(torch.cosine_similarity(plain, balanced, 0), torch.tensor(1.0))
    assert torch.isclose(balanced.norm() / plain.norm(), large / small, rtol=1e-4) and not torch.isclose(large, small)


@pytest.mark.parametrize(("on", "networks"), [("fixmatch", 1), ("cps", 2)])
def test_its_labels_are_those_of_fixmatch_or_of_cps(on, networks):
    one = made("fpl", on=on)
    assert len(one.trained()) == networks and list(one.others()) == ["second"] * (networks - 1)
    loss, _ = one.loss(given(), views_of(one), 1)
    loss.backward()
    assert all(weight.grad is not None for network in one.trained() for weight in network.parameters())
