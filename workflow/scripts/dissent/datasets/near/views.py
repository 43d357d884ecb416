"""Small grey copies of prepared images, which all that is compared is computed from."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

THUMB = 64
CANVAS = 128
DETAIL = 3  # radius of the mean that is taken off: what is left are details
_LEVELS = 30.0  # grey levels that one standard deviation becomes on a canvas, so that dark images have details too


@dataclass(frozen=True)
class Views:
    """Of N images: thumbs (N, THUMB, THUMB) squeezed to a square; canvases (N, CANVAS, CANVAS) in proportion, at the upper left.

    extents (N, 2): height and width of what is filled of a canvas, in its pixels. The arrays are files that are mapped.
    """

    thumbs: np.ndarray
    canvases: np.ndarray
    extents: np.ndarray


def load_views(paths: Sequence[Path], shapes: Sequence[tuple[int, int]], folder: Path) -> Views:
    """Read every image once. `shapes`: proportions (height, width) of each."""
    count = len(paths)
    thumbs = np.memmap(folder / "thumbs", np.uint8, "w+", shape=(count, THUMB, THUMB))
    canvases = np.memmap(folder / "canvases", np.uint8, "w+", shape=(count, CANVAS, CANVAS))
    extents = np.array([_extent(*shape) for shape in shapes], np.int64)

    def load(index: int) -> None:
        with Image.open(paths[index]) as image:
            grey = image.convert("L")
        thumbs[index] = np.asarray(smaller(grey, (THUMB, THUMB)))
        high, wide = (int(side) for side in extents[index])
        pixels = np.asarray(smaller(grey, (wide, high)), np.float32)
        scale = _LEVELS / max(float(pixels.std()), 1.0)
        canvases[index, :high, :wide] = np.clip((pixels - pixels.mean()) * scale + 128, 0, 255).astype(np.uint8)

    with ThreadPoolExecutor(2) as workers:
        for _ in workers.map(load, range(count)):
            pass
    return Views(thumbs, canvases, extents)


def smaller(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Resized to (width, height), each pixel the mean of those it stands for."""
    return image.resize(size, Image.Resampling.BOX if min(image.size) >= 2 * max(size) else Image.Resampling.BILINEAR)


def _extent(high: int, wide: int) -> tuple[int, int]:
    longest = max(high, wide)
    return max(16, round(CANVAS * high / longest)), max(16, round(CANVAS * wide / longest))


def mean(pixels: np.ndarray, radius: int) -> np.ndarray:
    """Mean over a square of 2 `radius` + 1 in the last two axes; the border is repeated outside."""
    for axis in (-1, -2):
        pixels = np.moveaxis(pixels, axis, -1)
        length = pixels.shape[-1]
        padded = np.pad(pixels, [(0, 0)] * (pixels.ndim - 1) + [(radius + 1, radius)], "edge").cumsum(
            -1, dtype=np.float32
        )
        side = 2 * radius + 1
        pixels = np.moveaxis((padded[..., side : side + length] - padded[..., :length]) / side, -1, axis)
    return pixels
