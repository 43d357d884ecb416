"""Probabilities at the size of an image, from a network that knows one size: strip by strip, so that scans fit in memory.

C channels of probabilities, H rows and W columns of the image, h and w of what the network gives.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dissent.datasets.geometry import cut, even_positions, resize_photo, windows

OVERLAP = (
    0.5  # of windows that slide: at a window's border a network sees one side only, so each pixel is seen twice a way
)
_ROWS = 256  # of a strip, where the image was resized whole

Run = Callable[[np.ndarray], Iterator[list[Tensor]]]
"""images (N, h, w, C) -> for each batch of them the probabilities (B, C, h, w) of every network"""


def strips(
    run: Run, pixels: np.ndarray, shape: tuple[int, int], size: tuple[int, int], geometry: Any, published: bool
) -> Iterator[list[Tensor]]:
    """Probabilities (C, rows, W) of every network, from the top strip of the image to the last; the image has `shape`.

    `pixels` uint8 (H, W) or (H, W, 3); `size`, `geometry`, `published` as in the data set that the networks learned from:
    an image that was resized whole is resized whole, of others windows of the same scale slide over the image.
    """
    if geometry.name == "whole":  # its pixels may come at a fraction of its size
        return _whole(run, pixels, shape, size, published)
    if geometry.window is None and geometry.name == "centre":
        [(_, _, height, width)] = windows(pixels.shape[0], pixels.shape[1], geometry, size, published)
    else:
        height, width = geometry.window or size
    return _sliding(run, pixels, size, (height, width), published)


def _whole(
    run: Run, pixels: np.ndarray, shape: tuple[int, int], size: tuple[int, int], published: bool
) -> Iterator[list[Tensor]]:
    [several] = run(_photos([resize_photo(pixels, size, published)]))
    for top in range(0, shape[0], _ROWS):
        rows = (top, min(top + _ROWS, shape[0]))
        yield [resized(one[0], shape, rows) for one in several]


def _sliding(
    run: Run, pixels: np.ndarray, size: tuple[int, int], window: tuple[int, int], published: bool
) -> Iterator[list[Tensor]]:
    height, width = pixels.shape[:2]
    high, wide = window
    lack = [(0, max(0, high - height)), (0, max(0, wide - width)), *[(0, 0)] * (pixels.ndim - 2)]
    if any(
        after for _, after in lack
    ):  # an image smaller than a window is mirrored at its border; others are not copied
        pixels = np.pad(pixels, lack, mode="symmetric")
    tops, lefts = (even_positions(given, side, OVERLAP) for given, side in zip(pixels.shape, window, strict=False))
    totals: list[Tensor] = []
    weight_HW = torch.from_numpy(np.outer(_hat(high), _hat(wide)))
    for top, following in zip(tops, [*tops[1:], pixels.shape[0]], strict=True):
        crops = [resize_photo(cut(pixels, (top, left, high, wide)), size, published) for left in lefts]
        at = 0
        for several in run(_photos(crops)):
            weight_HW = weight_HW.to(several[0].device)
            if not totals:  # weighted sums, and behind them the sum of weights
                totals = [one.new_zeros((one.shape[1] + 1, high, pixels.shape[1])) for one in several]
            for total, one in zip(totals, several, strict=True):
                for left, probabilities in zip(lefts[at:], one, strict=False):
                    total[:-1, :, left : left + wide] += resized(probabilities, window, (0, high)) * weight_HW
                    total[-1, :, left : left + wide] += weight_HW
            at += len(several[0])
        ready = following - top
        shown = min(following, height) - top
        if shown > 0:
            yield [total[:-1, :shown, :width] / total[-1:, :shown, :width] for total in totals]
        totals = [torch.cat([total[:, ready:], torch.zeros_like(total[:, :ready])], 1) for total in totals]


def _photos(images: list[np.ndarray]) -> np.ndarray:
    stacked = np.stack(images)
    return stacked if stacked.ndim == 4 else stacked[..., None]


def _hat(length: int) -> np.ndarray:
    """Weights along a side of a window: 1 in the middle, little at its ends, never 0."""
    place = (np.arange(length, dtype=np.float32) + 0.5) / length
    return 2 * np.minimum(place, 1 - place)


def resized(probabilities_Chw: Tensor, size: tuple[int, int], rows: tuple[int, int]) -> Tensor:
    """Rows `rows` of the probabilities resized to `size` (H, W), bilinear: (C, rows, W)."""
    given = probabilities_Chw.shape[1:]
    if tuple(given) == tuple(size):
        return probabilities_Chw[:, rows[0] : rows[1]]
    low, high, share = _taps(given[0], size[0], rows, probabilities_Chw)
    lines = torch.lerp(probabilities_Chw[:, low], probabilities_Chw[:, high], share[:, None])
    low, high, share = _taps(given[1], size[1], (0, size[1]), probabilities_Chw)
    return torch.lerp(lines[:, :, low], lines[:, :, high], share)


def _taps(given: int, wanted: int, places: tuple[int, int], like: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The two neighbours of each place, and the share of the second."""
    place = ((torch.arange(*places, dtype=torch.float64) + 0.5) * (given / wanted) - 0.5).clamp(0, given - 1)
    low = place.floor().long()
    share = (place - low).to(like.device, like.dtype)
    return low.to(like.device), (low + 1).clamp(max=given - 1).to(like.device), share
