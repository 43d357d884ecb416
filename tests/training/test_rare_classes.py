"""Images of rare classes drawn more often (network key `rare_classes`): students of each kind, and what is refused."""

from contextlib import nullcontext

import numpy as np
import pytest
import torch
from discs import KINDS, prepared
from learners import TASKS
from test_loop import Stopper
from test_student import train

from dissent.config import rare_classes
from dissent.config.base import validate
from dissent.config.crop import Crop
from dissent.config.network import Network
from dissent.core.files import UserError, sha256
from dissent.runtime import Interrupted
from dissent.training.crops import cropped
from dissent.training.order import Order, RareClasses, places

torch.set_num_threads(1)

CROP = Crop(size=[24, 24]).model_dump(mode="json")


@pytest.mark.parametrize("kind", KINDS)
def test_a_student_that_was_stopped_ends_with_the_same_bytes(root, in_tmp, monkeypatch, kind):
    split = prepared(root, KINDS[kind])
    settings = {
        "name": KINDS[kind],
        "steps": 3,
        "rare_classes": rare_classes.RareClasses().model_dump(mode="json"),
        "crop": CROP,
    }
    train(root, split, "ldt", "whole", **settings)
    train(root, split, "ldt", "plain", **settings | {"rare_classes": None})
    with monkeypatch.context() as patch, pytest.raises(Interrupted, match="after step 2 of 3"):
        patch.setattr("dissent.steps.train.signalled", lambda: nullcontext(Stopper(1)))
        train(root, split, "ldt", "cut", **settings)
    train(root, split, "ldt", "cut", **settings)
    whole, plain, cut = (sha256(f"{out}/model.safetensors") for out in ("whole", "plain", "cut"))
    assert cut == whole != plain


def test_a_window_shows_the_class_for_which_its_image_was_drawn():
    """Ten windows are tried; an image that was drawn for nothing has the window that it has anyway."""
    rows = torch.arange(64).float()[:, None].expand(100, 3, 64, 64)
    wanted = torch.zeros(100, 64, 64, dtype=torch.bool)
    wanted[:60, 28:36, 28:36] = True
    crop = Crop(size=[16, 16], scale=[1, 1]).model_dump()
    (plain, _, _), (seen, shown, _) = (
        cropped(rows, wanted.byte(), crop, False, torch.Generator().manual_seed(0), given) for given in (None, wanted)
    )
    assert shown[:60].flatten(1).any(1).float().mean() > 0.85 and torch.equal(seen[60:], plain[60:])
    _, by_chance, _ = cropped(rows, wanted.byte(), crop, False, torch.Generator().manual_seed(0))
    assert by_chance[:60].flatten(1).any(1).float().mean() < 0.5


@pytest.mark.parametrize(
    ("kind", "wanted", "places_of"),
    [("binary", 1, [1, 3]), ("binary", 0, [0, 2]), ("multiclass", 2, [2]), ("multilabel", 1, [2, 3])],
)
def test_places_of_a_class_in_a_target(kind, wanted, places_of):
    values = {"binary": [0, 1, 0, 1, 255], "multiclass": [0, 1, 2, 1, 255], "multilabel": [0, 1, 2, 3, 0b0010_0010]}[
        kind
    ]
    target = torch.tensor([values, values], dtype=torch.uint8)[:, None]
    found = places(TASKS[kind], target, [wanted, -1])
    assert found[0, 0].nonzero()[:, 0].tolist() == places_of and not found[1].any()


def test_the_class_of_each_draw_is_told(in_tmp):
    order = RareClasses(TASKS["multiclass"], {"share": 1, "temperature": 1.0, "least_pixels": 1}).order(
        [np.full((2, 2), value, np.uint8) for value in (0, 2)], 16, ("k",)
    )
    assert [2 if image else 0 for image in order(3)] == order.wanted(3) and set(order.wanted(3)) == {0, 2}
    assert Order(2, 3, ("k",)).wanted(0) == [-1, -1, -1]


def test_what_cannot_be_is_refused():
    with pytest.raises(UserError, match="leave `rare_classes` out"):
        validate(Network, {"architecture": "evalnet", "steps": 1, "rare_classes": {}}, "n.yaml")
    with pytest.raises(UserError, match=r"`rare_classes\.share: 0`"):
        validate(Network, {"architecture": "unet1x1", "steps": 1, "rare_classes": {"share": 0}}, "n.yaml")
