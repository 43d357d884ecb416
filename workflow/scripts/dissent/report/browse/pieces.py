"""Thumbnails and doubt of a few images, as they lie in one file: a sheet of photographs, and for each generation what is in doubt."""

import base64
import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from dissent.core.files import DOUBT_PALETTE, read_image, read_mask, verify
from dissent.core.meaning import differing
from dissent.core.task import Task
from dissent.report.browse.disputes import Dispute, disputed
from dissent.report.browse.rows import colours_of
from dissent.report.browse.seen import Seen

if TYPE_CHECKING:
    from dissent.core import arguments

ACROSS = 5  # thumbnails in a line of a sheet, and lines
SIDE = 128  # pixels of a thumbnail at most
_STRIPE = 4  # pixels of a thumbnail
_TURNS = 12  # divides by the number of labels that take turns, 1 to 4
_SETS = 12  # of labels that thumbnails show, those with the most pixels
_SEEN = 20  # of 255: how much of a thumbnail's pixel must be in doubt to be marked


@dataclass
class Said:
    """What one generation says of the images of a piece."""

    marks: bytes
    """a sheet of the doubt, in the labels' colours, transparent elsewhere"""
    disputes: dict[str, dict]
    """id -> size, sets of labels, pixels of each set, and the number of the set at each pixel, packed"""
    pixels: dict[str, list[int]]
    """id -> pixels in doubt about each label"""


@dataclass
class Piece:
    """What lies in one file a kind."""

    photos: bytes
    said: dict[int, Said] = field(default_factory=dict)


def draw(images: Sequence[Seen], params: "arguments.Browser", task: Task) -> Piece:
    """Draw the thumbnails of at most ACROSS x ACROSS images, and find which labels are in doubt at each pixel."""
    sheet = Image.new("RGB", (ACROSS * SIDE, ACROSS * SIDE))
    sizes = []
    for number, image in enumerate(images):
        verify(image.image, image.image_sha256, image.table)
        pixels = read_image(image.image, params["channels"])
        photo = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
        sizes.append(_fitting(photo.size))
        sheet.paste(photo.resize(sizes[-1], Image.Resampling.BOX), _corner(number, sizes[-1]))
    stream = io.BytesIO()
    sheet.save(stream, "JPEG", quality=82)
    numbers = sorted({g for image in images for g in image.masks})
    return Piece(stream.getvalue(), {g: _said(images, sizes, g, params, task) for g in numbers})


def _said(
    images: Sequence[Seen], sizes: Sequence[tuple[int, int]], generation: int, params: "arguments.Browser", task: Task
) -> Said:
    sheet = Image.new("P", (ACROSS * SIDE, ACROSS * SIDE))
    found = Said(b"", {}, {})
    for number, (image, size) in enumerate(zip(images, sizes, strict=True)):
        if generation not in image.masks:
            continue
        dispute = _dispute(image, generation, params["pseudo_label"], task)
        found.pixels[image.id] = dispute.by_label(len(task.histogram_names))
        if dispute.sets:
            found.disputes[image.id] = _packed(dispute)
            sheet.paste(Image.fromarray(_marks(dispute, size, task)), _corner(number, size))
    colours = [DOUBT_PALETTE[1], *colours_of(task, params["palette"])]
    colours = [colour if any(colour) else DOUBT_PALETTE[1] for colour in colours]
    sheet.putpalette([0, 0, 0, *(channel for colour in colours for channel in colour)])
    stream = io.BytesIO()
    sheet.save(stream, "PNG", transparency=0, optimize=True)
    found.marks = stream.getvalue()
    return found


def _dispute(image: Seen, generation: int, pseudo_label: str, task: Task) -> Dispute:
    """By the inconsistency mask of labels by agreement; other labels leave out less than the teachers dispute, or nothing."""
    row, folder = image.masks[generation], Path(image.folders[generation])
    verify(row["doubt"], row["doubt_sha256"], folder / "masks.csv")
    voters = [one for k, one in sorted(image.predictions[generation].items()) if k]  # 0: what came of them, no voter
    for one in voters:
        verify(one["prediction"], one["sha256"], folder / "predictions.csv")
    said = np.stack([read_mask(one["prediction"]) for one in voters])
    return disputed(task, said, read_mask(row["doubt"]) if pseudo_label == "agreement" else differing(task, said))


def _packed(dispute: Dispute) -> dict:
    height, width = dispute.codes.shape
    codes = base64.b64encode(zlib.compress(dispute.codes.tobytes())).decode()
    return {"size": [width, height], "sets": dispute.sets, "pixels": dispute.pixels, "codes": codes}


def _marks(dispute: Dispute, size: tuple[int, int], task: Task) -> np.ndarray:
    """A thumbnail of the doubt: 0 nothing, 1 doubt about several labels, 2 + l doubt about label l. A thin seam stays visible.

    Where two labels or more are in question they take turns in stripes.
    """
    planes, turns = [], []
    for code, labels in enumerate(dispute.sets, 1):
        plane = Image.fromarray((dispute.codes == code).astype(np.uint8) * 255)
        planes.append(np.array(plane.resize(size, Image.Resampling.BOX)))
        turns.append([2 + label for label in labels if task.bits or label != task.background] or [1])
        if len(planes) == _SETS:
            break
    covered = np.stack(planes)
    stripe = np.add.outer(np.arange(size[1]), np.arange(size[0])) // _STRIPE
    values = np.array([[of[turn % len(of)] for turn in range(_TURNS)] for of in turns], np.uint8)
    return np.where(covered.sum(0, np.uint16) >= _SEEN, values[covered.argmax(0), stripe % _TURNS], np.uint8(0))


def _fitting(size: tuple[int, int]) -> tuple[int, int]:
    factor = SIDE / max(size)
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def _corner(number: int, size: tuple[int, int]) -> tuple[int, int]:
    """Where a thumbnail lies: in the middle of its place."""
    row, column = divmod(number, ACROSS)
    return column * SIDE + (SIDE - size[0]) // 2, row * SIDE + (SIDE - size[1]) // 2
