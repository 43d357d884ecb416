"""Small pictures of an image and its masks, as data URIs: nothing of the page lies in another file."""

import base64
import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from dissent.core.files import DOUBT_PALETTE, UNKNOWN, encode_png

DOUBT = DOUBT_PALETTE[1]
NOBODY_KNOWS = [128, 128, 128]
LEGEND = [("nobody knows: no label, or teachers disagree", NOBODY_KNOWS), ("doubt: teachers disagree", DOUBT)]
"""what the colours mean that are no label's"""


def photo(pixels: np.ndarray, side: int) -> str:
    """An (H, W, 1 or 3) image, at most `side` pixels high and wide: JPEG, or PNG where that is smaller."""
    return _smaller(_rgb(pixels), side)


def doubt(pixels: np.ndarray, doubt_HW: np.ndarray, side: int) -> str:
    """The image, dimmed, with the doubted pixels in orange; a thin seam stays visible where the tile is small."""
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
