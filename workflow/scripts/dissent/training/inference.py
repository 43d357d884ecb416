"""Networks on arrays of images: probabilities and masks, batch by batch."""

import contextlib
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from dissent.core.task import Task
from dissent.training.data import to_tensor
from dissent.training.windows import in_windows

_TYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


def autocast(device: str, precision: str) -> contextlib.AbstractContextManager:
    """The arithmetic that `precision` names: fp32, bf16 or fp16."""
    if precision == "fp32":
        return contextlib.nullcontext()
    return torch.autocast(device, _TYPES[precision])


def judged(network: nn.Module, images_BCHW: Tensor, task: Task, device: str, precision: str) -> Tensor:
    """The probabilities (B, C, H, W) of a network for images of its size; of one that learned from crops, in windows."""

    def logits(seen_BCHW: Tensor) -> Tensor:
        with autocast(device, precision):
            found: Tensor = network(seen_BCHW)
        return found

    crop = getattr(network, "crop", None)
    if crop is None:
        return task.probabilities(logits(images_BCHW))
    return in_windows(logits, task.probabilities, images_BCHW, crop)


def probabilities(
    networks: Sequence[nn.Module],
    images_NHWC: np.ndarray,
    task: Task,
    device: str,
    precision: str,
    batch: int = 32,
    judge: Callable[[nn.Module, Tensor, Task, str, str], Tensor] = judged,
) -> Iterator[list[Tensor]]:
    """The probabilities `(B, C, H, W)` that every network gives, batch by batch. The images are moved once.

    `judge`: how a network is asked, with the arguments of `judged`.
    """
    for network in networks:
        network.eval()
    for first in range(0, len(images_NHWC), batch):
        with torch.inference_mode():
            images = to_tensor(images_NHWC[first : first + batch], device)
            found = [judge(network, images, task, device, precision) for network in networks]
        yield found  # outside: who reads two of these in turn would leave the modes in another order than they were entered


def masks(
    network: nn.Module, images_NHWC: np.ndarray, task: Task, device: str, precision: str, batch: int = 32
) -> np.ndarray:
    """Discretised predictions of one network as mask bytes (N, H, W)."""
    parts = [
        task.decide(one).cpu().numpy()
        for [one] in probabilities([network], images_NHWC, task, device, precision, batch)
    ]
    return np.concatenate(parts) if parts else np.zeros((0, *images_NHWC.shape[1:3]), np.uint8)
