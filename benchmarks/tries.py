"""What was tried to make training on a processor faster and is not used: each against what is used, in turns, at one thread.

    python benchmarks/tries.py [--repeats 5] [--size 256] [--batch 32]

Seconds are of the thread's processor time. `padded`: a convolution of 8 channels with its gradients, filled up to the 16 that
AVX-512 takes at once. `matrix`: ReLU and BatchNorm with their gradients on (pixels, channels) instead of images.
`validation`: what 24 images of 64x64 take as often as unet1x1_tiny.yaml asks, as a share of a training, and in batches of 16
instead of 8.
"""

import argparse
import sys
import time
from collections.abc import Callable

from common import ROOT, Line, in_turns, made_up, tell

CHANNELS, WIDE = 8, 16


def main() -> None:
    """Print the lines."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in {"repeats": 5, "size": 256, "batch": 32}.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    args = parser.parse_args()
    from dissent.runtime.devices import prepare_process

    prepare_process(1)
    shape = f"{args.batch} x {CHANNELS} x {args.size}x{args.size}"
    plain, padded = in_turns(args.repeats, convolution(args, CHANNELS), convolution(args, WIDE))
    told(f"tried: a 3x3 convolution of {shape}, padded to {WIDE} channels", padded, plain)
    images, matrix = in_turns(args.repeats, norm(args, False), norm(args, True))
    told(f"tried: ReLU and BatchNorm of {shape} as a matrix", matrix, images)
    few, many, share = validation(args.repeats)
    told("tried: validation of 24 images of 64x64 in batches of 16, not 8", many, few)
    told("validation, of a training of 800 steps of 8 images of 64x64", share, [], "%")


def told(what: str, ours: list[float], baseline: list[float], unit: str = "a second") -> None:
    """Hand over a line, which has no goal."""
    tell(Line(what, unit, ours, baseline, "", None, "python benchmarks/tries.py"))


def rate(function: Callable[[], object]) -> Callable[[], float]:
    """How often `function` could run in a second of this thread's processor time; one call before is not counted."""
    function()

    def once() -> float:
        start = time.thread_time()
        function()
        return 1 / (time.thread_time() - start)

    return once


def some(*shape: int):
    """Normal numbers in channels-last memory that want a gradient; the same in every call."""
    import torch

    numbers = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    return numbers.contiguous(memory_format=torch.channels_last).requires_grad_()


def convolution(args: argparse.Namespace, channels: int) -> Callable[[], float]:
    """Forward and both gradients of a 3x3 convolution from `channels` to as many."""
    import torch

    images, weight = some(args.batch, channels, args.size, args.size), some(channels, channels, 3, 3)
    told = some(args.batch, channels, args.size, args.size).detach()

    def learn() -> None:
        torch.autograd.grad(torch.nn.functional.conv2d(images, weight, padding=1), (images, weight), told)

    return rate(learn)


def norm(args: argparse.Namespace, matrix: bool) -> Callable[[], float]:
    """Forward and gradient of ReLU and BatchNorm, as a block of the network ends."""
    import torch

    images = some(args.batch, CHANNELS, args.size, args.size)
    told, layer = images.detach().clone(), torch.nn.BatchNorm2d(CHANNELS)
    flat = torch.nn.BatchNorm1d(CHANNELS)

    def learn() -> None:
        seen = torch.relu(images)
        found = flat(seen.permute(0, 2, 3, 1).reshape(-1, CHANNELS)) if matrix else layer(seen)
        torch.autograd.grad(found, images, told.permute(0, 2, 3, 1).reshape(-1, CHANNELS) if matrix else told)

    return rate(learn)


def validation(repeats: int) -> tuple[list[float], list[float], list[float]]:
    """Validations a second in batches of 8 and of 16, and their share of a training in percent."""
    import torch
    import yaml

    from dissent import networks
    from dissent.config.network import Network
    from dissent.config.task import TaskSettings
    from dissent.core.task import Task
    from dissent.training.inference import masks
    from dissent.training.losses import Loss

    spec = yaml.safe_load((ROOT / "config" / "networks" / "unet1x1_tiny.yaml").read_text("utf-8"))
    network_file = Network.model_validate(spec).model_dump(mode="json")
    task = Task(TaskSettings(kind="binary", labels=["disc"]).model_dump(mode="json"))
    network = networks.build(network_file, 1, 3).to(memory_format=torch.channels_last)
    photos, labels = made_up(24, 64, 64)
    batch = network_file["batch_size"]
    seen = torch.from_numpy(photos[:batch]).permute(0, 3, 1, 2).float()
    truth, loss = torch.from_numpy(labels[:batch]), Loss(task, network_file["loss"])
    optimizer = torch.optim.AdamW(network.parameters(), 1e-3)

    def step() -> None:
        network.train()
        optimizer.zero_grad()
        loss(network(seen), truth).backward()
        optimizer.step()

    def judge(size: int) -> Callable[[], object]:
        return lambda: masks(network, photos, task, "cpu", "fp32", size)

    steps, few, many = in_turns(repeats, rate(step), rate(judge(batch)), rate(judge(2 * batch)))
    every = network_file["validate_every"]
    share = [100 / (1 + every * one / a_step) for one, a_step in zip(few, steps, strict=True)]
    return few, many, share


if __name__ == "__main__":
    sys.exit(main())
