"""Small pictures of an image and its masks, as data URIs: nothing of the page lies in another file."""

import base64
import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from dissent.core.files import DOUBT_PALETTE, UNKNOWN, encode_png
from dissent.core.task import Task
from dissent.core.tint import tinted

DOUBT = DOUBT_PALETTE[1]
NOBODY_KNOWS = [128, 128, 128]
LEGEND = [("nobody knows: no label, or teachers disagree", NOBODY_KNOWS), ("doubt: teachers disagree", DOUBT)]
"""what the colours mean that are no label's"""
WRONG = [
    ("wrong: missed", [0, 255, 255]),
    ("wrong: too much", [255, 0, 255]),
    ("wrong: one label taken for another", [255, 255, 255]),
]
"""what the colours of wrong pixels mean"""


def photo(pixels: np.ndarray, side: int) -> str:
    """An (H, W, 1 or 3) image, at most `side` pixels high and wide: JPEG, or PNG where that is smaller."""
    return _smaller(_rgb(pixels), side)


def doubt(pixels: np.ndarray, doubt_HW: np.ndarray, side: int) -> str:
    """The image, dimmed, with the doubted pixels in red; a thin seam stays visible where the tile is small."""
    dim = _rgb(pixels).astype(np.float32) * 0.6
    marked = np.where(doubt_HW[:, :, None] != 0, 0.2 * dim + 0.8 * np.array(DOUBT, np.float32), dim)
    return _smaller(marked.astype(np.uint8), side)


def mask(mask_HW: np.ndarray, palette: Sequence[Sequence[int]], side: int, unknown: np.ndarray | None = None) -> str:
    """Mask bytes in their colours, as a palette PNG. Pixels are grey where nobody knows (255, and where `unknown`)."""
    colours = [list(colour) for colour in palette]
    colours[UNKNOWN] = NOBODY_KNOWS
    ids = mask_HW if unknown is None else np.where(unknown, np.uint8(UNKNOWN), mask_HW)
    tile = Image.fromarray(ids)
    tile = tile.resize(_fitting(tile, side), Image.Resampling.NEAREST)
    return _uri("png", encode_png(np.array(tile), colours))


def outlined(pixels: np.ndarray, mask_HW: np.ndarray, task: Task, palette: Sequence[Sequence[int]], side: int) -> str:
    """The image with what a mask says on it: a tint of the label's colour, and a line around it."""
    seen, ids = _reduced(pixels, mask_HW, side)
    shown = ids != UNKNOWN if task.background is None else (ids != task.background) & (ids != UNKNOWN)
    return _smaller(tinted(seen, ids, shown, palette).astype(np.uint8), side)


def wrong(pixels: np.ndarray, truth_HW: np.ndarray, said_HW: np.ndarray, task: Task, side: int) -> str:
    """The image, dimmed, with the pixels at which a prediction is wrong, in the colours of WRONG."""
    dim = _rgb(pixels).astype(np.float32) * 0.6
    for where, (_, colour) in zip(_faults(truth_HW, said_HW, task), WRONG, strict=True):
        dim[where] = 0.2 * dim[where] + 0.8 * np.array(colour, np.float32)
    return _smaller(dim.astype(np.uint8), side)


def _faults(truth_HW: np.ndarray, said_HW: np.ndarray, task: Task) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where a label is missed, where one is too much, and where both: one is taken for another."""
    known = truth_HW != UNKNOWN
    if task.bits:
        lacks, adds = (truth_HW & ~said_HW) != 0, (said_HW & ~truth_HW) != 0
    else:
        differ = truth_HW != said_HW
        lacks, adds = differ & (truth_HW != task.background), differ & (said_HW != task.background)
    return known & lacks & ~adds, known & adds & ~lacks, known & lacks & adds


def _reduced(pixels: np.ndarray, mask_HW: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Image and mask at the size of a tile."""
    image = Image.fromarray(_rgb(pixels))
    size = _fitting(image, side)
    mask = Image.fromarray(mask_HW).resize(size, Image.Resampling.NEAREST)
    return np.array(image.resize(size, Image.Resampling.BOX), np.float32), np.array(mask)


def _rgb(pixels: np.ndarray) -> np.ndarray:
    return np.repeat(pixels, 3, 2) if pixels.shape[2] == 1 else pixels


def _fitting(tile: Image.Image, side: int) -> tuple[int, int]:
    """The size with the same shape that fits; nothing is enlarged, the browser does that."""
    factor = min(1.0, side / max(tile.size))
    return max(1, round(tile.width * factor)), max(1, round(tile.height * factor))


def _smaller(pixels: np.ndarray, side: int) -> str:
    tile = Image.fromarray(pixels)
    tile = tile.resize(_fitting(tile, side), Image.Resampling.BOX)
    stream = io.BytesIO()
    tile.save(stream, "JPEG", quality=90, subsampling=0)
    return min(_uri("png", encode_png(np.array(tile))), _uri("jpeg", stream.getvalue()), key=len)


def _uri(kind: str, content: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
