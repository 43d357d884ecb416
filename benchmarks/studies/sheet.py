"""The README's picture: image, teachers, doubt, label and hidden truth of six images of a run, chosen by their doubt.

    python benchmarks/studies/sheet.py [RUN] [--generation 1] [--out docs/images/demo.png]

Reads what lies in results/RUN. The images are those at even ranks from the largest share of doubt to the smallest.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "workflow" / "scripts"))

from dissent.config.resolve import Config
from dissent.core.files import read_image, read_mask, read_table
from dissent.report.tiles import DOUBT, NOBODY_KNOWS

ROWS, GAP, HEAD, SIDE = 6, 6, 20, 96


def main() -> None:
    """Write the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", nargs="?", default="demo")
    parser.add_argument("--generation", type=int, default=1)
    parser.add_argument("--out", default="docs/images/demo.png")
    args = parser.parse_args()
    run = Config("config").run(args.run)
    here = Path("results", run.name, f"gen{args.generation}")
    palette = np.array(run.dataset.task.palette, np.uint8)
    hidden = {row["id"]: row for row in read_table(f"data/{run.dataset_name}/splits/{run.split}/hidden.csv")}
    masks = sorted(read_table(here / "masks.csv"), key=lambda row: (-float(row["doubt_share"]), row["id"]))
    chosen = [masks[round(i * (len(masks) - 1) / (ROWS - 1))] for i in range(ROWS)]
    teachers = sum(path.is_dir() for path in here.glob("predictions/teacher*"))
    names = ["image", *(f"teacher {k + 1}" for k in range(teachers)), "doubt", "label", "hidden truth"]
    lines = [tiles(row, here, teachers, hidden[row["id"]], run.dataset.channels, palette) for row in chosen]
    height, width = lines[0][0].shape[:2]
    sheet = Image.new("RGB", (len(names) * (width + GAP) - GAP, HEAD + ROWS * (height + GAP)), "white")
    for column, name in enumerate(names):
        ImageDraw.Draw(sheet).text((column * (width + GAP), 4), name, fill="black")
        for row, line in enumerate(lines):
            sheet.paste(Image.fromarray(line[column]), (column * (width + GAP), HEAD + row * (height + GAP)))
    sheet.save(args.out, optimize=True)


def tiles(row: dict, here: Path, teachers: int, truth: dict, channels: int, palette: np.ndarray) -> list[np.ndarray]:
    """(H, W, 3) of each column, small ones with larger pixels; in the label nobody knows what was doubted."""
    photo = np.broadcast_to(read_image(truth["image"], channels), (*read_mask(row["label"]).shape, 3))
    spoken = [read_mask(here / f"predictions/teacher{k}/{row['id']}.png") for k in range(1, teachers + 1)]
    doubt = (read_mask(row["doubt"]) != 0)[:, :, None]
    marked = np.where(doubt, np.array(DOUBT, np.uint8), (photo * 0.6).astype(np.uint8))
    label = np.where(doubt, np.array(NOBODY_KNOWS, np.uint8), palette[read_mask(row["label"])])
    columns = [photo.copy(), *(palette[mask] for mask in spoken), marked, label, palette[read_mask(truth["label"])]]
    times = -(-SIDE // photo.shape[1])
    return [column.repeat(times, 0).repeat(times, 1) for column in columns]


if __name__ == "__main__":
    main()
