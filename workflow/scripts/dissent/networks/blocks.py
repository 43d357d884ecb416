"""The block of the papers' small networks (section 2).

Each convolution has a ReLU, and a BatchNorm follows the last one.
"""

import contextlib
import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

_TRUNCATED = 0.87962566103423978  # standard deviation of a standard normal that is cut off at two


def block(inputs: int, *convolutions: tuple[int, int]) -> nn.Sequential:
    """(kernel, outputs) convolutions, a ReLU after each, and one BatchNorm at the end."""
    layers: list[nn.Module] = []
    for kernel, outputs in convolutions:
        layers += [nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2), nn.ReLU(inplace=True)]
        inputs = outputs
    return nn.Sequential(*layers, nn.BatchNorm2d(inputs, eps=1e-3))


def resize(logits: Tensor, size: tuple[int, int]) -> Tensor:
    """Logits `(B, outputs, h, w)` at `size`: bilinear, corner on corner, as the code of the compared methods has it."""
    if logits.shape[-2:] == size:
        return logits
    return nn.functional.interpolate(logits, size, mode="bilinear", align_corners=True)


def exactly(x: Tensor) -> contextlib.AbstractContextManager:
    """No autocast where `x` is: what is computed here stays in the type of the weights."""
    if x.device.type == "meta":  # which has none
        return contextlib.nullcontext()
    return torch.autocast(x.device.type, enabled=False)


@contextlib.contextmanager
def without_numbers() -> Iterator[None]:
    """Networks that are built here have shapes alone: on the meta device a hostile width costs no memory or time."""
    with torch.random.fork_rng(devices=[]), torch.device("meta"), _RatesOnCpu():
        yield


class _RatesOnCpu(TorchFunctionMode):
    """Rates of a network's layers are numbers that its constructor reads, not weights: they are drawn up on the CPU."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        where = {"device": "cpu"} if function is torch.linspace else {}
        return function(*args, **(kwargs or {}) | where)


def he_normal(network: nn.Module, norm_momentum: float) -> None:
    """Give every convolution its initial weights, and every BatchNorm its momentum."""
    network.apply(_initialise)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = norm_momentum


def _initialise(module: nn.Module) -> None:
    """He's normal initialisation as Keras does it: cut off at two deviations and widened to the variance 2 / fan_in."""
    if isinstance(module, nn.Conv2d):
        deviation = math.sqrt(2 / module.weight[0].numel()) / _TRUNCATED
        nn.init.trunc_normal_(module.weight, std=deviation, a=-2 * deviation, b=2 * deviation)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
