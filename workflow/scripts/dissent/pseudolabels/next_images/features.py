"""What images are compared by: where their labels lie, and how they look. Cheap, and without a network.

Legend of shapes: L labels, H rows, W columns, C channels, N images, F numbers.
"""

from collections.abc import Sequence

import numpy as np

GRID = 4
"""cells a side in which an image is described"""


def of_labels(planes_LHW: np.ndarray) -> np.ndarray:
    """The square root of each label's share in each cell, so that a little of a label is far from nothing of it."""
    return np.sqrt(_cells(planes_LHW)).ravel()


def of_pixels(image_HWC: np.ndarray) -> np.ndarray:
    """Mean and standard deviation of each channel in each cell."""
    image_CHW = image_HWC.transpose(2, 0, 1).astype(np.float32)
    mean = _cells(image_CHW)
    spread = np.sqrt(np.maximum(_cells(image_CHW**2) - mean**2, 0))
    return np.concatenate([mean.ravel(), spread.ravel()])


def together(pool: Sequence[np.ndarray], known: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Blocks of unlike numbers side by side, (N, F) of the pool and (M, F) of labelled images: two images differ by 1 in each, on average."""
    scaled = []
    for block in (np.concatenate(both) for both in zip(pool, known, strict=True)):
        centred = block - block.mean(0)
        spread = np.sqrt(2 * (centred**2).sum(1).mean())
        scaled.append(centred / (spread if spread > 1e-6 else 1))
    every = np.concatenate(scaled, 1)
    return every[: len(pool[0])], every[len(pool[0]) :]


def _cells(planes_LHW: np.ndarray) -> np.ndarray:
    """(L, GRID, GRID): the mean of each cell."""
    _, height, width = planes_LHW.shape
    rows, columns = _starts(height), _starts(width)
    sums = np.add.reduceat(np.add.reduceat(planes_LHW, rows, 1, dtype=np.float64), columns, 2)
    high, wide = (np.maximum(np.diff([*starts, side]), 1) for starts, side in ((rows, height), (columns, width)))
    return np.asarray(sums / (high[:, None] * wide))


def _starts(length: int) -> Sequence[int]:
    """Where cells begin; of fewer pixels than cells some begin at one pixel."""
    return [length * cell // GRID for cell in range(GRID)]
