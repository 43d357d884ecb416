"""What else than torch computes a trained network."""

import sys

import numpy as np
import pytest
import torch

from dissent import networks
from dissent.config.network import Network
from dissent.config.task import TaskSettings
from dissent.core.files import UserError
from dissent.core.task import Task
from dissent.training.engines import engine
from dissent.training.inference import probabilities


def test_torch_and_cards_keep_the_network_and_a_missing_package_is_named(monkeypatch):
    network = torch.nn.Identity()
    assert engine("torch", network, "cpu") is network and engine("openvino", network, "cuda") is network
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(UserError, match="pip install openvino"):
        engine("openvino", network, "cpu")


@pytest.fixture(params=[1, 2])
def threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.mark.parametrize(("kind", "labels", "crop"), [("binary", 1, None), ("multiclass", 3, [32, 32])])
def test_openvino_gives_the_same_probabilities_decisions_and_bits_again(threads, kind, labels, crop):
    pytest.importorskip("openvino", reason="needs pip install '.[openvino]'")
    task = Task(TaskSettings(kind=kind, labels=[f"l{n}" for n in range(labels)]).model_dump(mode="json"))
    spec = Network(architecture="unet1x1", width=0.25, steps=1).model_dump(mode="json")
    torch.manual_seed(1)
    network = networks.build(spec, labels, 3)
    if crop:
        network.crop = {"size": crop, "overlap": 0.5, "last": "shifted", "join": "probabilities"}
    images = np.random.default_rng(1).integers(0, 256, (7, 64, 48, 3), np.uint8)

    def all_of(asked: torch.nn.Module) -> torch.Tensor:
        return torch.cat([one for [one] in probabilities([asked], images, task, "cpu", "fp32", 5)])

    exact, fast = all_of(network), engine("openvino", network, "cpu")
    found = all_of(fast)
    assert found.shape == exact.shape and (found - exact).abs().max() < 1e-4
    assert (task.decide(found) != task.decide(exact)).float().mean() < 1e-4
    assert torch.equal(all_of(fast), found)
