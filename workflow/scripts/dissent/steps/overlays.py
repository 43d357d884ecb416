"""Images with their pseudo-labels and doubt on them, to look at: in masks/consensus black is both background and doubt."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from dissent.core.files import (
    DOUBT_PALETTE,
    flush,
    read_image,
    read_mask,
    read_rows,
    sha256,
    verify,
    write_atomic,
    write_json,
)
from dissent.core.task import Task
from dissent.core.tint import tinted

if TYPE_CHECKING:
    from dissent.core import arguments

MOST = 1000  # overlays a job
_SIDE = 512  # pixels at most
_DOUBT = np.array(DOUBT_PALETTE[1], np.float32)


def write_overlays(params: "arguments.Masks", rows: Sequence[dict], images: str, out: str) -> None:
    """Write out/{id}.jpg for rows of masks.csv, of more than MOST the most doubtful ones, and out/shown.json with their digests.

    `images`: the table of the unlabelled images.
    """
    task = Task(params["task"])
    # where nothing is left out of a label all shares are 0, and teachers differ all the same
    order = sorted(rows, key=lambda row: (-float(row["doubt_share"]), -int(row["doubt_pixels"]), row["id"]))
    chosen = order[:MOST]
    wanted = {row["id"]: row for row in chosen}
    for image in read_rows(images):
        if row := wanted.get(image["id"]):
            verify(image["image"], image["image_sha256"], images)
            pixels = read_image(image["image"], params["channels"])
            shown = overlay(pixels, read_mask(row["label"]), read_mask(row["doubt"]), task, params["palette"])
            write_atomic(Path(out) / f"{row['id']}.jpg", shown, flushed=False)
    flush([Path(out) / f"{name}.jpg" for name in wanted])
    files = {f"{name}.jpg": sha256(Path(out) / f"{name}.jpg") for name in sorted(wanted)}
    write_json(Path(out) / "shown.json", {"files": files})


def overlay(pixels: np.ndarray, label_HW: np.ndarray, doubt_HW: np.ndarray, task: Task, palette: list) -> bytes:
    """A JPEG of the image (H, W, 1 or 3): labels have a tint and a line of their colour, doubt is red."""
    seen = Image.fromarray(np.repeat(pixels, 3, 2) if pixels.shape[2] == 1 else pixels)
    factor = min(1.0, _SIDE / max(seen.size))
    size = (max(1, round(seen.width * factor)), max(1, round(seen.height * factor)))
    label, doubt = (
        np.array(Image.fromarray(mask).resize(size, Image.Resampling.NEAREST)) for mask in (label_HW, doubt_HW)
    )
    sure = doubt == 0
    shown = sure if task.background is None else sure & (label != task.background)
    drawn = tinted(np.array(seen.resize(size, Image.Resampling.BOX)), label, shown, palette)
    drawn[~sure] = 0.3 * drawn[~sure] + 0.7 * _DOUBT
    stream = io.BytesIO()
    Image.fromarray(drawn.astype(np.uint8)).save(stream, "JPEG", quality=88)
    return stream.getvalue()
