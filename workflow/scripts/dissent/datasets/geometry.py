"""Windows of an image, and how a window comes to the size of the data set."""

import hashlib
from math import ceil

import numpy as np
from PIL import Image

from dissent.config.geometry import Centre, Crops, Tiles, Whole

Window = tuple[int, int, int, int]  # top, left, height, width


def windows(
    height: int,
    width: int,
    geometry: Whole | Centre | Tiles | Crops,
    size: tuple[int, int],
    published: bool,
    name: str = "",
) -> list[Window]:
    """The windows of an image that are prepared; ValueError when the image is too small for them.

    `name`: the image's, from which random windows follow.
    """
    if geometry.name == "whole":
        return [(0, 0, height, width)]
    if geometry.name == "crops":
        return [_random_window(height, width, geometry, f"{name}/{number}") for number in range(geometry.count)]
    if geometry.name == "centre" and geometry.window is None:
        high = min(height, round(width * size[0] / size[1]))
        wide = min(width, round(height * size[1] / size[0]))
        high, wide = max(high, 1), max(wide, 1)
        return [((height - high) // 2, (width - wide) // 2, high, wide)]
    high, wide = geometry.window or size
    if height < high or width < wide:
        raise ValueError(f"is {height} x {width} pixels, too small for a window of {high} x {wide}")
    if geometry.name == "centre":
        return [((height - high) // 2, (width - wide) // 2, high, wide)]
    positions = published_positions if published else even_positions
    tops, lefts = positions(height, high, geometry.overlap), positions(width, wide, geometry.overlap)
    return [(top, left, high, wide) for left in lefts for top in tops]


def _random_window(height: int, width: int, geometry: Crops, key: str) -> Window:
    """A square as the papers draw SUIM's (section 1.3), but from a hash: no generator's next version moves it."""

    def draw(what: str, choices: int) -> int:
        words = hashlib.sha256(f"{geometry.seed}/{key}/{what}".encode()).digest()
        return int.from_bytes(words[:8]) % choices

    side = geometry.least + draw("side", max(1, min(geometry.most, max(height, width)) - geometry.least))
    if height < side or width < side:
        return 0, 0, height, width
    return draw("top", height - side + 1), draw("left", width - side + 1), side, side


def even_positions(length: int, window: int, overlap: float) -> list[int]:
    """Fewest evenly spaced windows that cover `length` and overlap by at least that share."""
    span, pitch = length - window, max(1.0, window * (1 - overlap))
    gaps = ceil(span / pitch - 1e-9)
    return [(2 * i * span + gaps) // (2 * gaps) for i in range(gaps + 1)] if gaps > 0 else [0]  # rounded halves go up


def published_positions(length: int, window: int, overlap: float) -> list[int]:
    """Window positions as the papers' HeLa crops (section 1.2): some may coincide, some pixels may lie in none."""
    count = max(1, round(length / (window * (1 - overlap))))
    return [min(int(i * (length / count)), length - window) for i in range(count)]


def cut(pixels: np.ndarray, window: Window) -> np.ndarray:
    """The window's pixels."""
    top, left, height, width = window
    return pixels[top : top + height, left : left + width]


def resize_photo(pixels: np.ndarray, size: tuple[int, int], published: bool) -> np.ndarray:
    """uint8 (H, W) or (H, W, 3) at `size`: bilinear, averaging where it shrinks; published: OpenCV's INTER_LINEAR."""
    if pixels.shape[:2] == tuple(size):
        return pixels
    if published:
        return opencv_bilinear(pixels, size)
    image = Image.fromarray(np.ascontiguousarray(pixels))
    return np.array(image.resize((size[1], size[0]), Image.Resampling.BILINEAR))


def resize_mask(ids: np.ndarray, size: tuple[int, int], published: bool) -> np.ndarray:
    """uint8 (H, W) at `size`: the nearest pixel, never a mix; published: OpenCV's INTER_NEAREST, which rounds down."""
    if ids.shape == tuple(size):
        return ids
    rows, columns = (_nearest(given, out, published) for given, out in zip(ids.shape, size, strict=True))
    return ids[rows[:, None], columns[None, :]]


def _nearest(given: int, out: int, published: bool) -> np.ndarray:
    # OpenCV's two divisions, which round unlike one
    place = np.arange(out) * (1 / (out / given)) if published else (np.arange(out) + 0.5) * (given / out)
    return np.minimum(place.astype(np.int64), given - 1)


def opencv_bilinear(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """What OpenCV's `resize(..., INTER_LINEAR)` gives for uint8 (H, W) or (H, W, C), bit for bit.

    Four neighbours whatever the scale (no antialias), weights of 11 bits, exact halves averaged as OpenCV does.
    """
    height, width = pixels.shape[:2]
    if (height, width) == (2 * size[0], 2 * size[1]):
        wide = pixels.astype(np.int32)
        return (wide[::2, ::2] + wide[1::2, ::2] + wide[::2, 1::2] + wide[1::2, 1::2] + 2 >> 2).astype(np.uint8)
    below, above, weight_below, weight_above = _taps(height, size[0], pixels.ndim, 0)
    left, right, weight_left, weight_right = _taps(width, size[1], pixels.ndim, 1)

    def blended(rows: np.ndarray) -> np.ndarray:
        chosen = pixels[rows]
        return chosen[:, left].astype(np.int32) * weight_left + chosen[:, right].astype(np.int32) * weight_right

    total = ((blended(below) >> 4) * weight_below >> 16) + ((blended(above) >> 4) * weight_above >> 16)
    return (total + 2 >> 2).astype(np.uint8)


def _taps(given: int, out: int, ndim: int, axis: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """For each output pixel: its two neighbours and their weights (sum 2048), shaped to broadcast along `axis`."""
    place = ((np.arange(out) + 0.5) * (given / out) - 0.5).astype(np.float32)
    first = np.floor(place).astype(np.int64)
    share = place - first.astype(np.float32)
    if axis == 1:  # OpenCV clears the share at the border along rows, and not along columns
        share[(first < 0) | (first >= given - 1)] = 0
    shape = [1] * ndim
    shape[axis] = out
    near, far = np.clip(first, 0, given - 1), np.clip(first + 1, 0, given - 1)
    weights = (np.rint(part * np.float32(2048)).astype(np.int32).reshape(shape) for part in (1 - share, share))
    return near, far, *weights
