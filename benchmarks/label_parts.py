"""Where the time of pseudo-labelling goes: milliseconds of a core an image, beside what arithmetic and memory allow.

    python benchmarks/label_parts.py [--images 480] [--size 256] [--width 0.5]

Two teachers and two threads, as in label.py. The rest of `predict` is its processor time without the forward. Limits are of all
convolutions at the speed of a product of large matrices, and of all activations, each written and read once, at the speed of memory.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import label
from common import made_up

BATCH, TURNS = 16, 5


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in {"images": 480, "size": 256}.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--width", type=float, default=0.5)
    args = parser.parse_args()
    from dissent.runtime.devices import prepare_process

    prepare_process(2)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        label.write(Path(folder), args)
        print("| part | ms an image |\n|---|---|")
        for what, found in parts(args).items():
            print(f"| {what} | {found:.1f} |")
        os.chdir("/")


def parts(args: argparse.Namespace) -> dict[str, float]:
    """{part: milliseconds of a core an image}."""
    import torch

    from dissent import networks
    from dissent.steps import build_masks, predict
    from dissent.training.engines import engine

    teachers = [networks.load(f"students/{number}")[0].eval() for number in (1, 2)]
    teachers = [one.to(memory_format=torch.channels_last) for one in teachers]
    images = torch.from_numpy(made_up(BATCH, args.size, args.size)[0]).permute(0, 3, 1, 2).float()
    images = images.contiguous(memory_format=torch.channels_last)
    both = forward(teachers, images, 2)
    found = {"forward of both teachers, two threads at once": both}
    found["the same, one thread alone"] = forward(teachers, images, 1)
    if find_spec("openvino") is not None:
        built = [engine("openvino", one, "cpu") for one in teachers]
        found["the same by OpenVINO, two threads at once"] = forward(built, images, 2)
    spent: dict[str, float] = {}
    for module in (predict, build_masks):
        name = module.__name__.rpartition(".")[2]
        setattr(module, name, timed(getattr(module, name), spent, name))
    label.ours(argparse.Namespace(**vars(args), precision="fp32", inference="torch"))
    found["the rest of `predict`: decode, decide, encode, write"] = 1000 * spent["predict"] / args.images - both
    found["`build_masks`: read, compare, encode, write"] = 1000 * spent["build_masks"] / args.images
    return found | limits(teachers, images[:1])


def forward(teachers: list, images_BCHW, threads: int) -> float:
    """Milliseconds of a core an image, of all teachers, where so many threads ask at once."""
    import torch

    from dissent.config.task import TaskSettings
    from dissent.core.task import Task
    from dissent.training.inference import judged

    task = Task(TaskSettings(kind="binary", labels=["disc"]).model_dump(mode="json"))

    def ask(_: int) -> None:
        torch.set_num_threads(1)
        with torch.inference_mode():
            for one in teachers:
                judged(one, images_BCHW, task, "cpu", "fp32")

    with ThreadPoolExecutor(threads) as several:
        list(several.map(ask, range(2 * threads)))  # networks of OpenVINO are built
        start = time.process_time()
        list(several.map(ask, range(TURNS * threads)))
    torch.set_num_threads(2)
    return 1000 * (time.process_time() - start) / (TURNS * threads * len(images_BCHW))


def timed(function: Callable, spent: dict[str, float], name: str) -> Callable:
    """The function, with its processor time noted."""

    def run(*words: object, **more: object) -> object:
        start = time.process_time()
        found = function(*words, **more)
        spent[name] = time.process_time() - start
        return found

    return run


def limits(teachers: list, images_BCHW) -> dict[str, float]:
    """What arithmetic alone, and memory alone, would take."""
    import torch
    from torch import nn
    from torch.utils.flop_counter import FlopCounterMode

    moved = 0

    def note(_: nn.Module, inputs: tuple, output: torch.Tensor) -> None:
        nonlocal moved
        moved += 4 * (inputs[0].numel() + output.numel())

    counted = (nn.Conv2d, nn.BatchNorm2d, nn.ReLU, nn.MaxPool2d)
    hooks = [
        part.register_forward_hook(note) for one in teachers for part in one.modules() if isinstance(part, counted)
    ]
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        for one in teachers:
            one(images_BCHW)
    for hook in hooks:
        hook.remove()
    torch.set_num_threads(1)
    square, long = torch.rand(1024, 1024), torch.rand(64 * 2**20)
    other = torch.empty_like(long)
    speed = 2 * 1024**3 / fastest(lambda: square @ square)
    bytes_a_second = 2 * 4 * long.numel() / fastest(lambda: torch.add(long, 1, out=other))
    flops = counter.get_total_flops()
    arithmetic = f"the limit: {flops / 1e9:.2f} GFLOP at the speed of a matrix product ({speed / 1e9:.0f} GFLOP/s)"
    memory = f"the limit: {moved / 1e6:.0f} MB of activations at the speed of memory ({bytes_a_second / 1e9:.0f} GB/s)"
    return {arithmetic: 1000 * flops / speed, memory: 1000 * moved / bytes_a_second}


def fastest(function: Callable[[], object]) -> float:
    """Seconds of this thread's processor time, the least of several."""
    found = []
    for _ in range(TURNS + 1):
        start = time.thread_time()
        function()
        found.append(time.thread_time() - start)
    return min(found)


if __name__ == "__main__":
    main()
