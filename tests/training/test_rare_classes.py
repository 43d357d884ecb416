"""Images of rare classes drawn more often (network key `rare_classes`): students of each kind, and what is refused."""

from contextlib import nullcontext

import pytest
import torch
from discs import KINDS, prepared
from test_loop import Stopper
from test_student import train

from dissent.config.base import validate
from dissent.config.network import Network
from dissent.config.rare_classes import RareClasses
from dissent.core.files import UserError, sha256
from dissent.runtime import Interrupted

torch.set_num_threads(1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_student_that_was_stopped_ends_with_the_same_bytes(root, in_tmp, monkeypatch, kind):
    split = prepared(root, KINDS[kind])
    settings = {"name": KINDS[kind], "steps": 3, "rare_classes": RareClasses().model_dump(mode="json")}
    train(root, split, "ldt", "whole", **settings)
    train(root, split, "ldt", "plain", **settings | {"rare_classes": None})
    with monkeypatch.context() as patch, pytest.raises(Interrupted, match="after step 2 of 3"):
        patch.setattr("dissent.steps.train.signalled", lambda: nullcontext(Stopper(1)))
        train(root, split, "ldt", "cut", **settings)
    train(root, split, "ldt", "cut", **settings)
    whole, plain, cut = (sha256(f"{out}/model.safetensors") for out in ("whole", "plain", "cut"))
    assert cut == whole != plain


def test_what_cannot_be_is_refused():
    with pytest.raises(UserError, match="leave `rare_classes` out"):
        validate(Network, {"architecture": "evalnet", "steps": 1, "rare_classes": {}}, "n.yaml")
    with pytest.raises(UserError, match=r"`rare_classes\.share: 0`"):
        validate(Network, {"architecture": "unet1x1", "steps": 1, "rare_classes": {"share": 0}}, "n.yaml")
