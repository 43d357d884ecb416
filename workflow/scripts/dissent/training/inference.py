"""Networks on arrays of images: probabilities and masks, batch by batch.

On a processor a batch is shared out among threads, and each takes its images through all layers alone. Threads that share a
layer wait for each other at its end, and spin while they wait.
"""

import contextlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from dissent.core.task import Task
from dissent.training.data import to_tensor
from dissent.training.engines import OpenVino
from dissent.training.windows import in_windows, slides

Judge = Callable[[nn.Module, Tensor, Task, str, str], Tensor]
_TYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}
FLIPS: dict[int, list[tuple[int, ...]]] = {1: [()], 2: [(), (3,)], 4: [(), (3,), (2,), (2, 3)]}
"""the axes of (B, C, H, W) that are turned over, view by view, of 1, 2 or 4 views: the image, mirrored, upside down, both"""
_MANY = 16  # images from which torch has oneDNN do every convolution (use_mkldnn in ATen/native/Convolution.cpp)


class _OneDnn(TorchFunctionMode):
    """Convolutions of few images are done as those of many: in a third less time, and to the same bits."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        if function is torch.conv2d and len(args) == 7 and not kwargs:
            images, weight, bias, stride, padding, dilation, groups = args
            if images.dim() == 4 and len(images) < _MANY and not isinstance(padding, str):
                return torch.mkldnn_convolution(images, weight, bias, padding, stride, dilation, groups)
        return function(*args, **(kwargs or {}))


def autocast(device: str, precision: str) -> contextlib.AbstractContextManager:
    """The arithmetic that `precision` names: fp32, bf16 or fp16."""
    if precision == "fp32":
        return contextlib.nullcontext()
    return torch.autocast(device, _TYPES[precision])


def judged(
    network: nn.Module, images_BCHW: Tensor, task: Task, device: str, precision: str, direct: bool = True
) -> Tensor:
    """The probabilities (B, C, H, W) of a network for images of its size; of one that learned from crops, in windows.

    `direct`: few images give the same bits as many, and faster; else torch chooses how their convolutions are done.
    """
    direct = (
        direct
        and not isinstance(network, OpenVino)
        and device == "cpu"
        and precision == "fp32"
        and torch.backends.mkldnn.is_available()
    )

    def logits(seen_BCHW: Tensor) -> Tensor:
        with autocast(device, precision), _OneDnn() if direct else contextlib.nullcontext():
            found: Tensor = network(seen_BCHW)
        return found

    crop = slides(network)
    if crop is None:
        return task.probabilities(logits(images_BCHW))
    return in_windows(logits, task.probabilities, images_BCHW, crop)


def flipped(network: nn.Module, images_BCHW: Tensor, task: Task, device: str, precision: str, views: int) -> Tensor:
    """The mean probabilities (B, C, H, W) of a network over 1, 2 or 4 views of each image, turned over as FLIPS says."""
    told = [judged(network, images_BCHW.flip(axes), task, device, precision).flip(axes) for axes in FLIPS[views]]
    return told[0] if len(told) == 1 else torch.stack(told).mean(0)


def probabilities(
    networks: Sequence[nn.Module],
    images_NHWC: np.ndarray,
    task: Task,
    device: str,
    precision: str,
    batch: int = 32,
    judge: Judge = judged,
) -> Iterator[list[Tensor]]:
    """The probabilities `(B, C, H, W)` that every network gives, batch by batch. The images are moved once.

    `judge`: how a network is asked, with the arguments of `judged`.
    """
    for network in networks:
        network.eval()

    def ask(part_NHWC: np.ndarray) -> list[Tensor]:
        with torch.inference_mode():
            images = to_tensor(part_NHWC, device)
            return [judge(network, images, task, device, precision) for network in networks]

    batches = (images_NHWC[first : first + batch] for first in range(0, len(images_NHWC), batch))
    threads = torch.get_num_threads() if device == "cpu" else 1
    yield from map(ask, batches) if threads == 1 else _shared_out(ask, batches, threads, -(-batch // threads))


def _shared_out(
    ask: Callable[[np.ndarray], list[Tensor]], batches: Iterator[np.ndarray], threads: int, share: int
) -> Iterator[list[Tensor]]:
    """What `ask` says of each batch; threads of their own take `share` images at a time, and the next batch is begun before this one is used."""
    waiting: deque[list[Future[list[Tensor]]]] = deque()
    with ThreadPoolExecutor(threads, initializer=partial(torch.set_num_threads, 1)) as workers:
        try:
            for images in batches:
                waiting.append([workers.submit(ask, images[at : at + share]) for at in range(0, len(images), share)])
                if len(waiting) > 1:
                    yield _joined(waiting.popleft())
            while waiting:
                yield _joined(waiting.popleft())
        finally:
            for part in (part for parts in waiting for part in parts):
                part.cancel()
            torch.set_num_threads(threads)  # of a thread that is made later, too


def _joined(parts: Sequence[Future[list[Tensor]]]) -> list[Tensor]:
    with torch.inference_mode():
        return [torch.cat(several) for several in zip(*(part.result() for part in parts), strict=True)]


def masks(
    network: nn.Module, images_NHWC: np.ndarray, task: Task, device: str, precision: str, batch: int = 32
) -> np.ndarray:
    """Discretised predictions of one network as mask bytes (N, H, W)."""
    # at one thread as torch chooses: which weights a student keeps follows from what it says of few images here
    judge = partial(judged, direct=torch.get_num_threads() > 1)
    parts = [
        task.decide(one).cpu().numpy()
        for [one] in probabilities([network], images_NHWC, task, device, precision, batch, judge)
    ]
    return np.concatenate(parts) if parts else np.zeros((0, *images_NHWC.shape[1:3]), np.uint8)
