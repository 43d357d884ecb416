"""Optimisers and the rate over the steps."""

import copy
import math
from typing import Any

import torch
from torch import nn


def rate_factor(schedule: dict, step: int, steps: int) -> float:
    """The factor on the rate at `step` of `steps`: warm-up, then constant, poly or cosine; never 0."""
    warmup = min(schedule["warmup"], steps)
    if step < warmup:
        return (step + 1) / warmup
    progress = (step - warmup) / max(1, steps - warmup)
    shapes = {
        "constant": 1.0,
        "poly": (1 - progress) ** schedule["power"],
        "cosine": 0.5 * (1 + math.cos(math.pi * progress)),
    }
    return shapes[schedule["name"]]


class Optimizer:
    """AdamW or SGD over the encoder's and all other weights, with the rate and the decay set on every step.

    Absolute decay (section 3 [P]): each step scales a weight by 1 - decay whatever the rate is. Torch scales by
    1 - rate * weight_decay, so weight_decay = decay / rate, which moves with the rate.
    """

    def __init__(self, learner: Any, spec: dict, schedule: dict, steps: int):
        """`learner`: a `Learner`, whose `trained()` networks tell their encoders' weights."""
        self.spec, self.schedule, self.steps = spec, schedule, steps
        apart = spec["encoder_learning_rate_factor"] != 1
        encoder = {id(p) for network in learner.trained() for p in network.encoder_parameters()} if apart else set()
        trained = [p for p in learner.parameters() if p.requires_grad]
        groups = [
            {"params": [p for p in trained if id(p) not in encoder], "factor": 1.0},
            {"params": [p for p in trained if id(p) in encoder], "factor": spec["encoder_learning_rate_factor"]},
        ]
        groups = [group for group in groups if group["params"]]
        self.inner: torch.optim.Optimizer
        if spec["name"] == "adamw":
            self.inner = torch.optim.AdamW(groups, spec["learning_rate"], (0.9, 0.999), spec["epsilon"], fused=True)
        else:
            self.inner = torch.optim.SGD(
                groups, spec["learning_rate"], 0.9, weight_decay=spec["weight_decay"], nesterov=True
            )

    def set_rate(self, step: int) -> float:
        """Set every group's rate (and decay) for `step`; returns the rate of the decoder."""
        rate = self.spec["learning_rate"] * rate_factor(self.schedule, step, self.steps)
        for group in self.inner.param_groups:
            group["lr"] = rate * group["factor"]
            if self.spec["name"] == "adamw":
                absolute = self.spec["weight_decay_form"] == "absolute"
                group["weight_decay"] = self.spec["weight_decay"] / (group["lr"] if absolute else 1.0)
        return rate


class Average(nn.Module):
    """A moving average of a network's weights (EMA): `w <- decay * w + (1 - decay) * new`. Buffers are copied."""

    def __init__(self, network: nn.Module, decay: float):
        super().__init__()
        self.network, self.decay = copy.deepcopy(network).requires_grad_(False), decay

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Follow `network`; the first steps forget faster, or the average would remember the random start."""
        decay = min(self.decay, (1 + step) / (10 + step))
        ours: list[torch.Tensor] = list(self.network.parameters())
        torch._foreach_lerp_(ours, list[torch.Tensor](network.parameters()), 1 - decay)
        for mine, new in zip(self.network.buffers(), network.buffers(), strict=True):
            mine.copy_(new)
