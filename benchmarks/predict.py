"""Private memory of `dissent predict` on a large image: 8,192 x 8,192 pixels must do with less than 2 GB.

    python benchmarks/predict.py [--sides 2048 8192] [--window 256] [--bits 8]

A made-up RGB TIFF and a small network with random weights, which sees windows that slide. A process labels the image as
the command does, and says how much private memory (RssAnon) it had at its peak. The image and its mask are 4 of the bytes of a pixel.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from common import Line, Peak, alone, made_up, tell

SELF = str(Path(__file__).resolve())


def main() -> None:
    """Print the line; with `--part` be the process that is measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sides", type=int, nargs="+", default=[2048, 8192])
    parser.add_argument("--window", type=int, default=256)
    parser.add_argument("--bits", type=int, choices=[8, 16], default=8)
    parser.add_argument("--part", action="store_true")
    args = parser.parse_args()
    if args.part:
        print(json.dumps(measured()))
        return
    found = {}
    for side in args.sides:
        with tempfile.TemporaryDirectory(dir=".") as folder:
            write(Path(folder), side, args.window, args.bits)
            found[side] = alone(SELF, "--part", cwd=folder)
        print(f"{side} x {side}: {found[side]}")
    few, many = (found[side]["private_mb"] for side in (min(found), max(found)))
    what = f"private memory of `dissent predict`, {max(found):,}² against {min(found):,}² pixels"
    tell(Line(what, "MB", [many], [few], "< 2,000 MB", many < 2000, "python benchmarks/predict.py"))


def write(folder: Path, side: int, window: int, bits: int) -> None:
    """photos/scan.tif and a student."""
    import numpy as np
    import tifffile
    import torch

    from dissent import networks
    from dissent.config.network import Network
    from dissent.config.task import TaskSettings

    [photo], _ = made_up(1, 256, 256)
    pixels = np.tile(photo, (side // 256, side // 256, 1)).astype(f"uint{bits}") << (bits - 8)
    (folder / "photos").mkdir()
    tifffile.imwrite(folder / "photos" / "scan.tif", pixels, photometric="rgb")
    spec = Network(architecture="unet1x1", width=0.25, steps=1, batch_size=8).model_dump(
        mode="json", exclude={"resources"}
    )
    given = {"dataset": "made_up", "geometry": {"name": "tiles"}, "bit_depth": bits, "exif": "auto", "protocol": None}
    about = {
        "task": TaskSettings(kind="binary", labels=["disc"]).model_dump(mode="json"),
        "size": [window, window],
        "input": given | ({"levels": [0, 65535]} if bits == 16 else {}),
    }
    torch.manual_seed(0)
    networks.save(networks.build(spec, 1, 3), folder / "student", spec, 1, 3, about)


def measured() -> dict:
    """The command in this process: {"private_mb", "seconds"}."""
    from dissent.cli import main as dissent

    with Peak() as peak:
        code = dissent(["predict", "student", "photos", "out", "--device", "cpu", "--threads", "2"])
    assert code == 0
    return peak.found


if __name__ == "__main__":
    sys.exit(main())
