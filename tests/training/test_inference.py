"""Networks on arrays of images: the same bits however a batch is shared out."""

import numpy as np
import pytest
import torch

from dissent import networks
from dissent.config.network import Network
from dissent.config.task import TaskSettings
from dissent.core.task import Task
from dissent.training.inference import probabilities

TASK = Task(TaskSettings(kind="binary", labels=["disc"]).model_dump(mode="json"))


@pytest.fixture
def threads():
    """Sets the threads of torch, and gives them back."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def test_bits_depend_neither_on_the_batch_nor_on_the_threads(threads):
    spec = Network(architecture="unet1x1", width=0.25, steps=1).model_dump(mode="json")
    torch.manual_seed(1)
    network = networks.build(spec, 1, 3).to(memory_format=torch.channels_last)
    images = np.random.default_rng(1).integers(0, 256, (18, 64, 64, 3), np.uint8)

    def all_of(batch: int, number: int) -> torch.Tensor:
        threads(number)
        found = list(probabilities([network], images, TASK, "cpu", "fp32", batch))
        assert [len(one) for [one] in found] == [min(batch, 18 - first) for first in range(0, 18, batch)]
        assert torch.get_num_threads() == number
        return torch.cat([one for [one] in found])

    whole = all_of(18, 1)
    for batch, number in ((5, 1), (1, 1), (18, 3), (7, 2), (2, 3)):
        assert torch.equal(all_of(batch, number), whole), (batch, number)


def test_what_a_network_raises_in_a_thread_is_raised(threads):
    class Broken(torch.nn.Module):
        def forward(self, _):
            raise RuntimeError("no")

    threads(2)
    with pytest.raises(RuntimeError, match="no"):
        list(probabilities([Broken()], np.zeros((5, 8, 8, 3), np.uint8), TASK, "cpu", "fp32", 2))
    assert torch.get_num_threads() == 2
