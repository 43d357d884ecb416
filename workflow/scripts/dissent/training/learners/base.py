"""The contract of a learner: a loss, not a loop."""

from collections.abc import Mapping

from torch import Tensor, nn

from dissent.training.data import Batch
from dissent.training.losses import Loss


class Learner(nn.Module):
    """How one network learns.

    Networks are submodules and memory is buffers, so saving, moving and resuming need no code.

    Loop, optimiser, device and logging are in `loop`, once, for every method. It seeds torch's own random generator
    for every step. So a learner may draw from it, and a resumed run still equals an unbroken one.
    """

    views: tuple[str, ...] = ()
    """the views of unlabelled images that `loss` wants, by name; none: no unlabelled image is loaded"""

    def __init__(self, network: nn.Module, loss: Loss, options: dict, steps: int):
        """`options` = the method's `learn` entry; `steps` = the whole budget, for ramps."""
        super().__init__()
        self.network, self.pair_loss, self.options, self.steps = network, loss, options, steps

    def loss(self, pairs: Batch, views: Mapping[str, Tensor], step: int) -> tuple[Tensor, dict[str, Tensor | float]]:
        """The loss of one step, and numbers for the log."""
        raise NotImplementedError

    def after(self, step: int) -> None:
        """Called when the optimiser has stepped (teachers by moving average, banks, prototypes)."""

    def result(self) -> nn.Module:
        """The network to validate and keep."""
        return self.network
