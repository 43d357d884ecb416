"""Private memory of a training job against the number of its images: it must not grow.

    python benchmarks/memory.py [--sizes 1000 10000] [--size 256] [--keep]

Made-up images of 256x256 (a few that repeat under new names, so that the disk and not the generator is the limit). A process
trains a small network for a few steps on all of them as pairs, and says how much private memory (RssAnon) it has at its peak: the
images themselves are page cache (a file without a name below work/), which the kernel may take back.
`make bench-full` goes to 100,000 images, 20 GB of disk.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from common import Line, Peak, alone, made_up, tell

SELF = str(Path(__file__).resolve())


def main() -> None:
    """Print the line; with `--part` be the process that is measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10000])
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--part", type=int)
    args = parser.parse_args()
    if args.part:
        print(json.dumps(measured(args)))
        return
    with tempfile.TemporaryDirectory(dir=".") as folder:
        found = {}
        for count in args.sizes:
            write(Path(folder), count, args.size)
            found[count] = alone(SELF, "--part", str(count), "--size", str(args.size), cwd=folder)
            print(f"{count} images: {found[count]}")
    few, many = (found[count]["private_mb"] for count in (min(found), max(found)))
    what = f"private memory of training, {max(found):,} against {min(found):,} images"
    met = many < 2000 and many < 1.15 * few + 50
    tell(Line(what, "MB", [many], [few], "flat, < 2,000 MB", met, "python benchmarks/memory.py"))


def write(folder: Path, count: int, size: int) -> None:
    """pairs.csv with `count` rows; 64 pictures under many names (hard links)."""
    from dissent.core.columns import PAIRS
    from dissent.core.files import sha256, write_image, write_mask, write_table

    kinds = {"image": folder / "originals/image", "label": folder / "originals/label"}
    if not kinds["image"].exists():
        for number, (photo, mask) in enumerate(zip(*made_up(64, size, size), strict=True)):
            write_image(kinds["image"] / f"{number}.png", photo)
            write_mask(kinds["label"] / f"{number}.png", mask, [[0] * 3] * 256)
    digests = {kind: [sha256(path / f"{number}.png") for number in range(64)] for kind, path in kinds.items()}

    def row(number: int) -> dict:
        found = {"id": f"i{number:07}", "doubt": "", "doubt_sha256": "", "origin": "labelled", "noise_copies": 0}
        for kind, originals in kinds.items():
            path = folder / "pairs" / kind / f"i{number:07}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                os.link(originals / f"{number % 64}.png", path)
            found |= {kind: path.relative_to(folder).as_posix(), f"{kind}_sha256": digests[kind][number % 64]}
        return found

    write_table(folder / "pairs.csv", map(row, range(count)), PAIRS)
    head = ("id", "image", "label", "image_sha256", "label_sha256")
    write_table(folder / "val.csv", ({name: one[name] for name in head} for one in map(row, range(32))), head)
    write_table(folder / "unlabelled.csv", [], ("id", "image", "image_sha256"))


def measured(args: argparse.Namespace) -> dict:
    """Train for some steps; peak of RssAnon, and the time."""
    from dissent.runtime.devices import prepare_process

    prepare_process(2)
    from dissent.config.method import Method
    from dissent.config.network import Network
    from dissent.config.task import TaskSettings
    from dissent.steps.train import train_student

    spec = Network(architecture="unet1x1", width=0.25, steps=20, batch_size=16).model_dump(mode="json")
    params = {
        "task": TaskSettings(kind="binary", labels=["disc"]).model_dump(mode="json"), "size": [args.size, args.size], "channels": 3,
        "input": {}, "rotation_invariant": False, "network": spec, "method": Method().at(0), "seed": 1, "generation": 0, "member": 1,
    }  # fmt: skip
    with Peak() as peak:
        train_student(params, "pairs.csv", "val.csv", "unlabelled.csv", "out", "state", "cpu")
    shutil.rmtree("out")
    return peak.found


if __name__ == "__main__":
    sys.exit(main())
