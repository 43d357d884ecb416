"""What all images of a data set have in common: the background of a fixed camera, a frame, a scale bar, a plate.

Two images of it are not near duplicates. So that part is taken off before details are compared, block by block, as its
strength differs with the light; two copies of one image have the same left.
"""

from dataclasses import dataclass

import numpy as np

from dissent.datasets.near.views import CANVAS, DETAIL, THUMB, Views, mean

_FEWEST = 16  # images, of which a mean says something
_LEAST = 0.05  # of the power of details: with less in common no two images are taken for one
_PLAIN = 1.5  # grey levels of standard deviation: such an image has no say
_PORTION = 512


@dataclass(frozen=True)
class Shared:
    """The mean image as a thumb and as a canvas, without grey levels, and how far it is to be trusted, 0 to 1."""

    thumb: np.ndarray
    canvas: np.ndarray
    trust: float


def shared(views: Views) -> Shared | None:
    """What most images have in common; None where that is little, or the images are too few to tell."""
    count = len(views.thumbs)
    if count < _FEWEST:
        return None
    total, power, said = np.zeros((THUMB, THUMB), np.float32), 0.0, 0
    for low in range(0, count, _PORTION):
        part = np.asarray(views.thumbs[low : low + _PORTION], np.float32)
        spread = part.std((1, 2), keepdims=True)
        part = ((part - part.mean((1, 2), keepdims=True)) / np.maximum(spread, _PLAIN))[spread[:, 0, 0] >= _PLAIN]
        total += part.sum(0)
        power += float(((part - mean(part, DETAIL)) ** 2).sum())
        said += len(part)
    thumb = total / max(said, 1)
    share = float(((thumb - mean(thumb, DETAIL)) ** 2).sum()) * said / max(power, 1e-6) - 1 / max(said, 1)
    if said < _FEWEST or share < _LEAST:
        return None
    return Shared(thumb, _canvas(views), share / (share + 1 / said))


def common_direction(known_NX: np.ndarray) -> np.ndarray | None:
    """The mean direction of descriptions, which are of length 1 (0: none). None where they have little in common."""
    said = int((known_NX != 0).any(1).sum())
    middle = known_NX.sum(0) / max(said, 1)
    length = float((middle**2).sum())
    share = length - 1 / max(said, 1)
    if said < _FEWEST or share < _LEAST:
        return None
    return middle * np.sqrt(share / length / length)


def _canvas(views: Views) -> np.ndarray:
    total, filled = np.zeros((CANVAS, CANVAS), np.float32), np.zeros((CANVAS, CANVAS), np.float32)
    for canvas, (high, wide) in zip(views.canvases, views.extents, strict=True):
        total[:high, :wide] += canvas[:high, :wide].astype(np.float32) - 128
        filled[:high, :wide] += 1
    return total / np.maximum(filled, 1)
