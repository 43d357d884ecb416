"""A teacher that follows the student: the moving average of its weights (Tarvainen and Valpola 2017, Mean Teacher)."""

import copy

import torch
from torch import Tensor, nn


class Teacher(nn.Module):
    """A network whose weights are the average of another's: `w <- a w + (1 - a) new`, with `a = min(1 - 1/(t + 1), decay)`.

    At t = 0 it equals the other one. BatchNorm's running statistics are averaged too, or the teacher would judge by those of
    its random start. It is always in eval mode, and no gradient runs through it.
    """

    def __init__(self, network: nn.Module, decay: float):
        super().__init__()
        self.network, self.decay = copy.deepcopy(network).requires_grad_(False), decay

    def train(self, mode: bool = True) -> "Teacher":
        """Stay in eval mode, whatever the learner around it does."""
        return super().train(False)

    @torch.no_grad()
    def forward(self, images_BCHW: Tensor) -> Tensor:
        """Logits `(B, outputs, H, W)` without a gradient."""
        self.network.eval()
        return self.network(images_BCHW)

    @torch.no_grad()
    def follow(self, network: nn.Module, step: int, decay: float | None = None) -> None:
        """Move towards `network` after step t = `step`, which counts from 0. `decay` replaces the formula above."""
        kept = min(1 - 1 / (step + 1), self.decay) if decay is None else decay
        mine, new = self.network.state_dict(), network.state_dict()
        floats = [name for name, value in mine.items() if value.is_floating_point()]
        torch._foreach_lerp_([mine[name] for name in floats], [new[name] for name in floats], 1 - kept)
        for name in mine.keys() - set(floats):  # counters
            mine[name].copy_(new[name])
