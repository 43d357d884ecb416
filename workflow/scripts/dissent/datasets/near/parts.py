"""Pairs that may show a part of one scene: crops that overlap, at the same or another scale.

Each image has a few hundred points where it is brighter or darker than around, at five scales. What surrounds a point is
hashed; points of two images with one hash vote for how the one image lies on the other, and several votes make a proposal.
Nothing is compared pair by pair: hashes are sorted, and a hash that many points share says nothing.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageFilter

from dissent.consensus import dilated
from dissent.core.seeds import generator
from dissent.datasets.near.views import CANVAS, Views
from dissent.datasets.near.whole import Pairs, cosines

_SCALES = 5
_STEP = 2 ** (-1 / 4)  # from one scale to the next: 1 to 1/2
_APART = 5  # side of the square in which a point is the strongest
_STRONG = 2  # levels of a canvas, whose standard deviation is 30
_HALF = 8  # of the patch around a point
_BITS, _TABLES = 30, 4
_CROWD = 12  # points that share a hash, beyond which it says nothing
_VOTES = 3
_CELL = 0.1  # of the canvas: votes for places as near as this are for one
_CHUNK = 64
_SAMPLE = 256  # images from which the usual strength of each frequency is known


@dataclass(frozen=True)
class Points:
    """Of all images: image, scale, y, x (of the canvas, 0 to 1) of each point, and hashes (tables, points)."""

    image: np.ndarray
    scale: np.ndarray
    y: np.ndarray
    x: np.ndarray
    hashes: np.ndarray


class Placed(NamedTuple):
    """Where the second image lies on the first: a point p of it is at `scale` p + (y, x), canvases being 1 wide."""

    scale: float
    y: float
    x: float


def proposals(views: Views, wanted: Pairs) -> list[tuple[int, int, Placed]]:
    """(first, second, how the second lies on the first), most votes first."""
    points = _points(views)
    votes = _pairs(points, wanted)
    if not len(votes[0]):
        return []
    return _counted(points, *votes)


def _points(views: Views) -> Points:
    count = len(views.canvases)
    sample = np.sort(generator("near").choice(count, min(count, _SAMPLE), replace=False))
    patches = np.concatenate([part[-1] for part in _described(views, sample)])
    usual = np.sqrt((patches**2).mean(0) + 1e-4) if len(patches) else 1
    planes = generator("near", "planes").normal(size=(_TABLES, patches.shape[1], _BITS)).astype(np.float32)
    powers = (1 << np.arange(_BITS)).astype(np.float64)
    parts = []
    for image, scale, y, x, patch in _described(views, np.arange(count)):
        hashes = [((patch / usual @ plane > 0) @ powers).astype(np.int32) for plane in planes]
        parts.append((image, scale, y, x, np.stack(hashes)))
    image, scale, y, x = (np.concatenate([part[i] for part in parts]) for i in range(4))
    return Points(image, scale, y, x, np.concatenate([part[4] for part in parts], 1))


def _described(views: Views, chosen: np.ndarray) -> Iterator[tuple[np.ndarray, ...]]:
    """(image, scale, y, x, patch in frequencies) of the points of some images, in portions."""
    portions = [chosen[low : low + _CHUNK] for low in range(0, len(chosen), _CHUNK)]
    with ThreadPoolExecutor(2) as workers:
        for found in workers.map(lambda portion: _describe(views, portion), portions):
            yield from found


def _describe(views: Views, chosen: np.ndarray) -> list[tuple[np.ndarray, ...]]:
    basis = _basis()
    canvases = [Image.fromarray(views.canvases[index]) for index in chosen]
    found = []
    for number in range(_SCALES):
        side = round(CANVAS * _STEP**number)
        sized = [canvas.resize((side, side), Image.Resampling.BILINEAR) if number else canvas for canvas in canvases]
        fine = np.stack([np.asarray(one.filter(ImageFilter.BoxBlur(1))) for one in sized])
        coarse = np.stack([np.asarray(one.filter(ImageFilter.BoxBlur(4))) for one in sized])
        image, y, x = np.nonzero(_strongest(fine, coarse, views.extents[chosen] * side / CANVAS))
        around = np.arange(-_HALF, _HALF, 2)
        rows, columns = (y[:, None] + around)[:, :, None], (x[:, None] + around)[:, None]
        patch = fine[image[:, None, None], rows, columns].reshape(len(image), _HALF**2).astype(np.float32) @ basis
        patch /= np.maximum(np.sqrt((patch**2).sum(1, keepdims=True)), 1e-6)
        places = [((at + 0.5) / side).astype(np.float32) for at in (y, x)]
        found.append((chosen[image].astype(np.int32), np.full(len(image), number, np.int8), *places, patch))
    return found


def _strongest(fine: np.ndarray, coarse: np.ndarray, extents: np.ndarray) -> np.ndarray:
    """(N, H, W) bool: where an image differs most from its surroundings, patches lying inside of what is filled."""
    side = np.arange(fine.shape[1])
    ties = ((7 * side[:, None] + 13 * side) % 16).astype(np.uint16)  # of equal neighbours one is enough
    contrast = np.abs(fine.astype(np.int16) - coarse).astype(np.uint16) * 16 + ties
    peak = (contrast == dilated(contrast, _APART)) & (contrast >= 16 * _STRONG)
    inside = (side >= _HALF) & (side[None] < extents[:, :1, None] - _HALF)
    return peak & inside.transpose(0, 2, 1) & ((side >= _HALF) & (side[None] < extents[:, 1:, None] - _HALF))


def _basis() -> np.ndarray:
    """(64, F): low frequencies of a patch of 8 x 8, but for its mean."""
    wave = cosines(_HALF, 6)
    pairs = [(u, v) for u in range(6) for v in range(6) if 0 < u + v <= 6]
    return np.stack([np.outer(wave[u], wave[v]).ravel() for u, v in pairs], 1)


def _pairs(points: Points, wanted: Pairs) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of points with one hash, of two images that are asked for: the lower image first."""
    found = []
    for hashes in points.hashes:
        order = np.argsort(hashes, kind="stable").astype(np.int32)
        ordered = hashes[order]
        starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
        sizes = np.diff(np.r_[starts, len(ordered)])
        few = np.repeat(sizes <= _CROWD, sizes)
        for gap in range(1, _CROWD):
            same = np.flatnonzero((ordered[gap:] == ordered[:-gap]) & few[gap:])
            one, two = order[same], order[same + gap]
            swapped = points.image[one] > points.image[two]
            one, two = np.where(swapped, two, one), np.where(swapped, one, two)
            asked = wanted(points.image[one], points.image[two]) & (points.image[one] != points.image[two])
            found.append((one[asked], two[asked]))
    return np.concatenate([one for one, _ in found]), np.concatenate([two for _, two in found])


def _counted(points: Points, one: np.ndarray, two: np.ndarray) -> list[tuple[int, int, Placed]]:
    """Votes of points for places, those of one point counted once."""
    images = points.image.max() + 1
    codes, pair, times = np.unique(
        points.image[one].astype(np.int64) * images + points.image[two], return_inverse=True, return_counts=True
    )
    several = times[pair] >= _VOTES
    one, two, pair = one[several], two[several], pair[several]
    turn = points.scale[one].astype(np.int64) - points.scale[two]
    scale = _STEP ** (-turn.astype(np.float64))
    y, x = points.y[one] - scale * points.y[two], points.x[one] - scale * points.x[two]
    best: dict[int, tuple[int, Placed]] = {}
    for half in ((0, 0), (0, 0.5), (0.5, 0), (0.5, 0.5)):
        cells = [np.floor(at / _CELL + shift).astype(np.int64) + 32 for at, shift in zip((y, x), half, strict=True)]
        place = ((pair * 16 + turn + 8) * 64 + cells[0].clip(0, 63)) * 64 + cells[1].clip(0, 63)
        names, index = np.unique(place, return_inverse=True)
        once = np.unique(index.astype(np.int64) * len(points.image) + one) // len(points.image)
        votes = np.bincount(once, minlength=len(names))
        fitted = _fitted(index, points, one, two, scale)
        for cell in np.flatnonzero(votes >= _VOTES):
            number = int(names[cell] >> 16)
            if votes[cell] > best.get(number, (0,))[0]:
                best[number] = int(votes[cell]), Placed(*(float(value) for value in fitted[cell]))
    ranked = sorted(best.items(), key=lambda item: (-item[1][0], item[0]))
    return [(int(codes[number] // images), int(codes[number] % images), placed) for number, (_, placed) in ranked]


def _fitted(index: np.ndarray, points: Points, one: np.ndarray, two: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """(cells, 3): scale, y and x that fit the votes of each cell best; a scale that the votes allow: near the one of their points."""

    def sums(values: np.ndarray) -> np.ndarray:
        return np.bincount(index, values)

    number = sums(np.ones(len(index)))
    first = [sums(at[one]) / number for at in (points.y, points.x)]
    second = [sums(at[two]) / number for at in (points.y, points.x)]
    apart = [
        (at[one] - a[index], at[two] - b[index]) for at, a, b in zip((points.y, points.x), first, second, strict=True)
    ]
    spread = sum(sums(b * b) for _, b in apart)
    said = sums(scale) / number
    slope = sum(sums(a * b) for a, b in apart) / np.maximum(spread, 1e-9)
    slope = np.where(spread > 0.01 * number, np.clip(slope, 0.88 * said, 1.13 * said), said)
    return np.stack([slope, first[0] - slope * second[0], first[1] - slope * second[1]], 1)
