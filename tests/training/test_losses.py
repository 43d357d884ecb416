"""Losses of hard pixels and rare classes, against numbers that others worked out."""

import pytest
import torch

from dissent.config.task import TaskSettings
from dissent.core.task import Task
from dissent.training.losses import Loss

MANY = Task(TaskSettings(kind="multiclass", labels=["background", "a"]).model_dump(mode="json"))
TRUE = [0.95, 0.2, 0.85, 0.6, 0.99, 0.75, 0.9, 0.01]


def given(unknown=(7,)):
    """Logits of eight pixels whose true label, 1, has these probabilities; nobody knows the label of the last."""
    chance = torch.tensor(TRUE)
    logits = torch.stack([torch.zeros(8), (chance / (1 - chance)).log()])[None, :, None]
    target = torch.ones(1, 1, 8, dtype=torch.uint8)
    target[..., list(unknown)] = 255
    return logits.requires_grad_(), target


@pytest.mark.parametrize(
    ("threshold", "least", "kept", "value"),
    [
        (0.7, 1, [1, 3], 1.060132),
        (0.7, 4, [1, 2, 3, 5], 0.642616),
        (0.7, 6, [0, 1, 2, 3, 5, 6], 0.45452),
        (0.7, 8, [0, 1, 2, 3, 4, 5, 6], 0.391024),
        (0.3, 3, [1, 3, 5], 0.802649),
    ],
)
def test_vector_c_ohem(threshold, least, kept, value):
    logits, target = given()
    loss = Loss(MANY, ["ohem"], {"ohem_threshold": threshold, "ohem_share": least / 8})(logits, target)
    assert loss.item() == pytest.approx(value, abs=1e-6)
    loss.backward()
    assert logits.grad[0, 0, 0].nonzero().flatten().tolist() == kept


def test_vector_w_ohem_of_labels_that_nobody_knows_is_nothing():
    logits, target = given(unknown=range(8))
    loss = Loss(MANY, ["ohem"])(logits, target)
    loss.backward()
    assert loss == 0 and not logits.grad.any()


def test_class_weights_weigh_pixels_by_their_label():
    logits, target = torch.zeros(1, 2, 1, 4), torch.tensor([[[0, 0, 0, 1]]], dtype=torch.uint8)
    logits[0, 1, 0, 3] = 2.0  # ce .693147 of the three, .126928 of the one
    assert Loss(MANY, ["ce"], {"class_weights": [1, 3]})(logits, target).item() == pytest.approx(0.410038, abs=1e-6)
    torch.testing.assert_close(
        Loss(MANY, ["ce"], {"class_weights": [5, 5]})(logits, target), Loss(MANY, ["ce"])(logits, target)
    )


def test_focal_is_cross_entropy_times_how_hard_a_pixel_is():
    logits, target = given()
    value = Loss(MANY, ["focal"], {"focal_gamma": 2.0})(logits, target).item()
    expected = [(1 - q) ** 2 * -torch.tensor(q).log().item() for q in TRUE[:7]]
    assert value == pytest.approx(sum(expected) / 7, rel=1e-5)
    torch.testing.assert_close(
        Loss(MANY, ["focal"], {"focal_gamma": 0.0})(logits, target), Loss(MANY, ["ce"])(logits, target)
    )
