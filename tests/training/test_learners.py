"""What each learner does beside the contract: its loss as its paper adds it up, and what it leaves alone."""

import pytest
import torch
from helpers.learners import FixedLoss, given, made, views_of

from dissent.training.learners import crossmatch, fixmatch, mean_teacher, unimatch, unimatch_v2


def losses_of(monkeypatch, module, *values):
    """The unlabelled losses of a learner become these numbers, in the order in which it asks for them."""
    left = iter(values)
    monkeypatch.setattr(module, "dice" if module is crossmatch else "loss", lambda *_: torch.tensor(next(left)))


DICE = (2.0, 6.0, 1.0, 2.0, 3.0, 4.0, 7.0, 9.0)
"""CrossMatch's losses of the two strong views, four from the clean decoder, two between perturbed ones"""


@pytest.mark.parametrize(
    ("module", "values", "total"),
    [
        (fixmatch, (3.0,), (1 + 3) / 2),
        (unimatch, (2.0, 6.0, 10.0), (1 + 2 / 4 + 6 / 4 + 10 / 2) / 2),
        (unimatch_v2, (2.0, 6.0), (1 + (2 + 6) / 2) / 2),
        (crossmatch, DICE, (1 + 2 / 4 + 6 / 4 + (0.7 * 10 / 4 + 0.3 * 16 / 2) / 2) / 2),
    ],
)
def test_weights_of_the_parts_of_a_loss(monkeypatch, module, values, total):
    one = made(module.__name__.rpartition(".")[2], warmup=0.0)
    losses_of(monkeypatch, module, *values)
    one.pair_loss = FixedLoss(one.pair_loss.task)
    assert one.loss(given(), views_of(one), 0)[0].item() == pytest.approx(total)


def test_unimatch_meets_clean_images_in_train_mode_and_perturbs_features(monkeypatch):
    one = made("unimatch")
    seen = []
    encode, decode = one.network.encode, one.network.decode
    monkeypatch.setattr(one.network, "encode", lambda x: seen.append(("encode", len(x))) or encode(x))
    monkeypatch.setattr(one.network, "decode", lambda f: seen.append(("decode", len(f[0]))) or decode(f))
    one.loss(given(), views_of(one), 0)
    pairs, weak = len(given().images), len(views_of(one)["weak"])
    assert seen == [
        ("encode", pairs + weak),
        ("decode", 2 * (pairs + weak)),
        ("encode", 2 * weak),
        ("decode", 2 * weak),
    ]


def test_unimatch_v2_takes_its_teachers_labels_and_decodes_all_in_one(monkeypatch):
    one = made("unimatch_v2")
    weak, many = len(views_of(one)["weak"]), len(given().images)
    taught, dropped = [], []
    monkeypatch.setattr(one.teacher, "forward", lambda x: torch.full((len(x), 1, *x.shape[2:]), -9.0))
    monkeypatch.setattr(unimatch_v2, "loss", lambda task, logits, given: taught.append(given) or logits.sum())
    monkeypatch.setattr(
        unimatch_v2, "complementary", lambda levels, *how: dropped.append((len(levels[0]), *how)) or levels
    )
    numbers = one.loss(given(), views_of(one), 0)[1]
    assert numbers["sure"] == 1 and all(not one.label_BHW.any() for one in taught) and len(taught) == 2
    assert dropped == [(many + 2 * weak, False, many)]


@pytest.mark.parametrize("name", ["mean_teacher", "unimatch_v2"])
def test_an_averaged_teacher_is_kept_and_follows_with_its_statistics(name):
    one = made(name, ema=0.5)
    optimizer = torch.optim.SGD(one.network.parameters(), 0.5)
    for step in range(3):
        before = {key: value.clone() for key, value in one.teacher.network.state_dict().items()}
        one.train()
        optimizer.zero_grad()
        loss, _ = one.loss(given(), views_of(one), step)
        loss.backward()
        optimizer.step()
        one.after(step)
        student, kept = one.network.state_dict(), min(1 - 1 / (step + 1), 0.5)
        for key, value in one.result().state_dict().items():
            if value.is_floating_point():
                assert torch.allclose(value, kept * before[key] + (1 - kept) * student[key], atol=1e-6), key
    assert not any(weight.requires_grad for weight in one.teacher.parameters())
    assert list(one.others()) == ["student"] and one.others()["student"] is one.network


def test_mean_teacher_asks_for_the_teachers_probabilities(monkeypatch):
    """Where both see the same the loss is the pairs' own; a teacher that says the opposite costs 1."""
    one = made("mean_teacher", warmup=0.0, weight=3.0)
    one.pair_loss = FixedLoss(one.pair_loss.task)
    monkeypatch.setattr(one.network, "forward", lambda x: torch.full((len(x), 1, *x.shape[2:]), 100.0))
    monkeypatch.setattr(one.teacher, "forward", lambda x: torch.full((len(x), 1, *x.shape[2:]), 100.0))
    assert one.loss(given(), views_of(one), 0)[0] == 1
    monkeypatch.setattr(one.teacher, "forward", lambda x: torch.full((len(x), 1, *x.shape[2:]), -100.0))
    loss, numbers = one.loss(given(), views_of(one), 0)
    assert loss == 4 and numbers["agreement"] == 0
    assert mean_teacher.MeanTeacher.views == ("weak", "strong")
