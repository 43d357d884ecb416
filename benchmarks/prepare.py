"""Preparing JPEGs with one and with all cores, and against a plain loop with Pillow.

    python benchmarks/prepare.py [--images 64] [--repeats 3] [--side 1536] [--size 256]

Made-up JPEGs of ISIC's kind (large, 4:3) with PNG masks. The plain loop opens, resizes and saves each image and mask. Ours does what
`prepare` does: it checks all headers first, decodes JPEGs of many times the size at a fraction (libjpeg's draft), resizes with
antialiasing, counts labels, writes digests and tables, and moves everything in place when it is whole.
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from common import Line, in_turns, made_up, tell


def main() -> None:
    """Print the lines."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in {"images": 64, "repeats": 3, "side": 1536, "size": 256}.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    args = parser.parse_args()
    cores = min(args.images, os.cpu_count() or 1)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        write(args)
        base, one, every = in_turns(args.repeats, lambda: plain(args), lambda: ours(args, 1), lambda: ours(args, cores))
        os.chdir("/")
    what, command = (
        f"preparing JPEGs of {args.side}x{args.side * 3 // 4} for {args.size}x{args.size}",
        "python benchmarks/prepare.py",
    )
    scaling = statistics.median(b / a for a, b in zip(one, every, strict=True))
    goal = f"near-linear: >= {0.75 * cores:g}"
    tell(Line(f"{what}: {cores} cores against one", "images/s", every, one, goal, scaling >= 0.75 * cores, command))
    tell(Line(f"{what}: one core against a plain loop", "images/s", one, base, "", None, command))


def write(args: argparse.Namespace) -> None:
    """raw/images/*.jpg and raw/masks/*.png."""
    from PIL import Image

    height, width = args.side * 3 // 4, args.side
    photos, masks = made_up(4, height, width)
    for name in ("images", "masks"):
        Path("raw", name).mkdir(parents=True)
    for number in range(args.images):
        photo = Image.fromarray(photos[number % 4]).rotate(number)  # no two are the same bytes
        photo.save(f"raw/images/i{number:04}.jpg", quality=92)
        Image.fromarray(masks[number % 4] * 255).save(f"raw/masks/i{number:04}.png")


def plain(args: argparse.Namespace) -> float:
    """Open, resize, save."""
    from PIL import Image

    start = time.perf_counter()
    for folder, kind in (("images", Image.Resampling.BILINEAR), ("masks", Image.Resampling.NEAREST)):
        Path("plain", folder).mkdir(parents=True, exist_ok=True)
        for path in sorted(Path("raw", folder).iterdir()):
            Image.open(path).resize((args.size, args.size), kind).save(f"plain/{folder}/{path.stem}.png")
    return args.images / (time.perf_counter() - start)


def ours(args: argparse.Namespace, threads: int) -> float:
    """The job `prepare`."""
    from dissent.datasets import prepare

    shutil.rmtree("data", ignore_errors=True)
    dataset = {"task": {"kind": "binary", "labels": ["disc"]}, "raw": "raw", "mask_encoding": {"name": "zero_255"}}
    start = time.perf_counter()
    prepare(dataset | {"size": [args.size, args.size]}, "made_up", "raw", "data/made_up", threads=threads)
    return args.images / (time.perf_counter() - start)


if __name__ == "__main__":
    sys.exit(main())
