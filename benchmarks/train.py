"""Training the 1x1 U-Net from prepared PNG files against a plain PyTorch loop, and the share of the views in a step.

    python benchmarks/train.py [--steps 6] [--repeats 3] [--size 256] [--batch 32] [--width 0.5]

The plain loop is what a careful user writes: Dataset with PIL, DataLoader with a worker, NCHW fp32, AdamW, default
allocator, two threads. Ours is what the `train` job does on the same files: decoded once, channels last, memory kept, two
threads. Both take the same steps without views (`plain`); the first steps of each process are not counted. Two students side by
side with a thread each are measured as well, and strong views as a share of ours. Losses of the first steps, from the same
weights and batches, must agree to 2 %.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from common import Line, alone, in_turns, made_up, tell

SELF = str(Path(__file__).resolve())
WARM = 3
LEARNING = {"learning_rate": 0.003, "weight_decay": 0.033, "epsilon": 1e-7}


def main() -> None:
    """Print the lines; with `--part` be one of the processes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in {"steps": 6, "repeats": 3, "size": 256, "batch_size": 32, "images": 96, "threads": 2}.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--width", type=float, default=0.5)
    parser.add_argument("--part", choices=["plain", "ours"])
    parser.add_argument("--view", default="none")
    parser.add_argument("--precision", default="fp32")
    args = parser.parse_args()
    if args.part:
        print(json.dumps({"plain": plain, "ours": ours}[args.part](args)))
        return
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), args)

        def one(part: str, **more: object) -> dict:
            given = {
                "steps": args.steps,
                "size": args.size,
                "batch_size": args.batch_size,
                "images": args.images,
                "width": args.width,
            }
            words = [word for name, value in (given | more).items() for word in (f"--{name}", str(value))]
            return alone(SELF, "--part", part, *words, cwd=folder)

        def two() -> float:
            with ThreadPoolExecutor(2) as both:
                jobs = [both.submit(one, "ours", threads=1) for _ in range(2)]
                return sum(job.result()["rate"] for job in jobs)

        losses = one("plain", steps=5)["losses"], one("ours", steps=5)["losses"]
        apart = max(abs(a - b) / a for a, b in zip(*losses, strict=True))
        print(f"largest relative difference of the losses of the first {len(losses[0])} steps: {apart:.1e}")
        assert apart < 2e-2, losses  # torch sums BatchNorm's statistics in another order in channels-last memory
        rates = in_turns(
            args.repeats,
            lambda: one("plain")["rate"],
            lambda: one("ours")["rate"],
            two,
            lambda: one("ours", precision="bf16")["rate"],
        )
        shares = [one("ours", view="strong")["views"] for _ in range(args.repeats)]
    command, what = (
        "python benchmarks/train.py",
        f"training unet1x1 {args.width:g}, {args.size}x{args.size}, batch {args.batch_size}",
    )
    base, single, double, half = rates
    together = statistics.median(b / a for a, b in zip(base, double, strict=True))
    alone_ = statistics.median(b / a for a, b in zip(base, single, strict=True))
    tell(Line(f"{what}: one job, 2 threads", "images/s", single, base, ">= 3", alone_ >= 3, command))
    tell(Line(f"{what}: two jobs of 1 thread", "images/s", double, base, ">= 3", together >= 3, command))
    tell(Line(f"{what}: one job, bf16", "images/s", half, base, "", None, command))
    share = [100 * value for value in shares]
    tell(Line("strong views, of a training step", "%", share, [], "< 20 %", statistics.median(share) < 20, command))


def write(folder: Path, args: argparse.Namespace) -> None:
    """Images and masks as PNG, and a pairs.csv on them, in `folder`."""
    from dissent.core.columns import PAIRS
    from dissent.core.files import sha256, write_image, write_mask, write_table

    photos, masks = made_up(args.images, args.size, args.size)
    rows = []
    for number, (photo, mask) in enumerate(zip(photos, masks, strict=True)):
        row = {"id": f"i{number:03}", "doubt": "", "doubt_sha256": "", "origin": "labelled", "noise_copies": 0}
        for key, write_one, pixels in (
            ("image", write_image, (photo,)),
            ("label", write_mask, (mask, [[0] * 3] * 256)),
        ):
            path = folder / key / f"{row['id']}.png"
            write_one(path, *pixels)
            row |= {key: path.relative_to(folder).as_posix(), f"{key}_sha256": sha256(path)}
        rows.append(row)
    write_table(folder / "pairs.csv", rows, PAIRS)


def plain(args: argparse.Namespace) -> dict:
    """The plain loop."""
    import numpy as np
    import torch
    from PIL import Image
    from torch.utils.data import DataLoader, Dataset

    from dissent.networks.unet1x1 import Unet1x1
    from dissent.training.order import Order

    class Pairs(Dataset):
        def __init__(self, order: list[int]):
            self.order = order

        def __len__(self) -> int:
            return len(self.order)

        def __getitem__(self, position: int) -> tuple:
            name = f"i{self.order[position]:03}.png"
            image = np.array(Image.open(f"image/{name}").convert("RGB"))
            mask = np.array(Image.open(f"label/{name}"))
            return torch.from_numpy(image).permute(2, 0, 1).float(), torch.from_numpy(mask).float()

    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    network = Unet1x1(args.width, 1, 3)
    draw = Order(args.images, args.batch_size, (1, 0, 1, "pairs"))
    order = [index for step in range(args.steps + WARM) for index in draw(step)]
    optimizer = torch.optim.AdamW(
        network.parameters(), LEARNING["learning_rate"], weight_decay=LEARNING["weight_decay"], eps=LEARNING["epsilon"]
    )
    losses = []
    for step, (images, masks) in enumerate(DataLoader(Pairs(order), args.batch_size, num_workers=1)):
        if step == WARM:
            start = time.perf_counter()
        loss = torch.nn.functional.mse_loss(network(images).sigmoid()[:, 0], masks)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return {"rate": args.steps * args.batch_size / (time.perf_counter() - start), "losses": losses}


def ours(args: argparse.Namespace) -> dict:
    """The loop of `fit` on the batches of `generation.student`, timed from its own `batches`."""
    from dissent.runtime.devices import prepare_process

    prepare_process(args.threads)
    import torch

    from dissent import networks
    from dissent.config.method import Method
    from dissent.config.network import Network
    from dissent.config.task import TaskSettings
    from dissent.core.task import Task
    from dissent.runtime import signalled
    from dissent.steps import train
    from dissent.training.checkpoint import Checkpoints
    from dissent.training.learners import LEARNERS, Course
    from dissent.training.loop import fit
    from dissent.training.losses import Loss
    from dissent.training.pairs import Pairs

    optimizer = {
        "learning_rate": LEARNING["learning_rate"],
        "weight_decay": LEARNING["weight_decay"],
        "weight_decay_form": "scaled",
        "epsilon": LEARNING["epsilon"],
    }
    steps = args.steps + WARM
    spec = Network(
        architecture="unet1x1",
        width=args.width,
        steps=steps,
        batch_size=args.batch_size,
        optimizer=optimizer,
        precision=args.precision,
    ).model_dump(mode="json")
    method = Method(augmentation=args.view).at(0)
    task = Task(TaskSettings(kind="binary", labels=["disc"]).model_dump(mode="json"))
    params = {"network": spec | {"validate_every": steps}, "method": method, "channels": 3, "rotation_invariant": True}
    params |= {"task": task.spec}
    training = Pairs("pairs.csv", 3, method, True, (1, 0), 1, args.batch_size)
    torch.manual_seed(0)
    build = partial(networks.build, spec, 1, 3)
    learner = LEARNERS["supervised"](build(), Loss(task, ["mse"]), method["learn"], Course(steps, 1, build))
    losses, times, views = [], [], []
    with ThreadPoolExecutor(1) as ahead, tempfile.TemporaryDirectory() as state, signalled() as stop:
        batches = train._batches(training, learner, "", params, (1, 0, 1), "cpu", ahead)

        def timed(step: int) -> tuple:
            times.append(time.perf_counter())
            found = batches(step)
            views.append(time.perf_counter() - times[-1])
            return found

        inner = learner.loss

        def noted(*arguments: object) -> tuple:
            loss, numbers = inner(*arguments)
            losses.append(loss.item())
            return loss, numbers

        learner.loss = noted
        fit(
            learner,
            params["network"],
            steps,
            timed,
            lambda _: 0.0,
            Checkpoints(Path(state), "x"),
            stop,
            (1, 0, 1),
            "cpu",
        )
        end = time.perf_counter()
    spent = end - times[WARM]
    return {"rate": args.steps * args.batch_size / spent, "losses": losses, "views": sum(views[WARM:]) / spent}


if __name__ == "__main__":
    sys.exit(main())
