"""The second, stricter comparison: whether the details of two aligned pictures are the same."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from dissent.datasets.near.parts import Placed
from dissent.datasets.near.shared import Shared
from dissent.datasets.near.views import CANVAS, DETAIL, THUMB, mean
from dissent.datasets.near.whole import Turn

_SAME = 0.7  # of planted pairs 97 in 100 have more; of 2,594 skin images, many in one frame, no two others have more than .66
_HOPELESS = 0.3  # at the scale that was voted for; another one will not do
_LEAST = 0.15  # of the smaller image: a part that says something
_BLOCK = 16  # pixels: correlation is that of blocks, so that one strong spot does not decide
_EVEN = 0.25  # of the usual strength of details: what is weaker than that is noise
_GAIN, _OFFSET = 0.15, 8.0  # of grey levels, beyond which brightness or contrast was changed


class Likeness(NamedTuple):
    """`value` of 0 to 1, `share` of the smaller image that is seen in both, and the verdict."""

    value: float
    share: float
    brightness: bool
    same: bool


def of_whole(one: np.ndarray, other: np.ndarray, turn: Turn, shared: Shared | None = None) -> Likeness:
    """Compare two whole pictures by their thumbs; `turn` lays the second as the first."""
    one, other = one.astype(np.float32), turn.of(other).astype(np.float32)
    off = [] if shared is None else [shared.thumb, turn.of(shared.thumb)]
    value = correlation(*_compared(one, other, off, shared))
    gain = float(one.std()) / max(float(other.std()), 1e-6)
    changed = abs(gain - 1) > _GAIN or abs(float(one.mean() - other.mean())) > _OFFSET
    return Likeness(value, 1.0, changed, value >= _SAME)


def _compared(one: np.ndarray, other: np.ndarray, off: Sequence[np.ndarray], shared: Shared | None) -> tuple:
    """Details of two aligned pictures without what all images have in common, as it lies (`off`) in the one and the other."""
    taken = [pixels - mean(pixels, DETAIL) for pixels in off]
    return tuple(details(pixels, taken, shared.trust if shared else 0) for pixels in (one, other))


def details(pixels_HW: np.ndarray, off: Sequence[np.ndarray] = (), trust: float = 0) -> np.ndarray:
    """What is left without the local mean, as strong everywhere: a frame, a vignette or a ruler shall not decide."""
    left = pixels_HW - mean(pixels_HW, DETAIL)
    for other in off:
        left = left - trust * _unblocks(_fitted(_blocks(left), _blocks(other)))
    power = left**2
    return left / np.sqrt(np.maximum(mean(power, DETAIL), 0) + _EVEN**2 * power.mean() + 1)


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Mean correlation of the details in blocks, weighted by how much there is in each, up to twice what is usual."""
    one, other = _blocks(one), _blocks(other)
    both = np.sqrt((one**2).sum(1) * (other**2).sum(1))
    found = (one * other).sum(1) / np.maximum(both, 1e-6)
    weight = np.minimum(both, 2 * np.median(both))
    return float((found * weight).sum() / max(weight.sum(), 1e-6))


def _blocks(pixels: np.ndarray) -> np.ndarray:
    side = len(pixels) // _BLOCK
    return pixels.reshape(side, _BLOCK, side, _BLOCK).swapaxes(1, 2).reshape(side * side, -1)


def _unblocks(blocks: np.ndarray) -> np.ndarray:
    side = THUMB // _BLOCK
    return blocks.reshape(side, side, _BLOCK, _BLOCK).swapaxes(1, 2).reshape(THUMB, THUMB)


def _fitted(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """`other` as strong as it is in `one`, block by block."""
    return (one * other).sum(1, keepdims=True) / np.maximum((other**2).sum(1, keepdims=True), 1e-6) * other


def of_parts(
    images: tuple[np.ndarray, np.ndarray], extents: tuple, placed: Placed, shared: Shared | None = None
) -> Likeness:
    """Compare two pictures that overlap. `placed` says about where the second lies; it is moved until it fits best."""
    best = Likeness(-1.0, 0.0, False, False)
    for factor in (1.0, 0.97, 1.03, 0.94, 1.06):
        if factor != 1 and best.value < _HOPELESS:
            break
        moved = _about(placed, factor, extents[1])
        for _ in range(3):
            cut = _cut(images, extents, moved, shared)
            if cut is None:
                break
            one, other, box, share = cut
            value = correlation(one, other)
            if value > best.value:
                best = Likeness(value, share, False, value >= _SAME)
            shift = _shift(one, other)
            if shift == (0, 0):
                break
            moved = Placed(moved.scale, moved.y + shift[0] * box[0] / THUMB, moved.x + shift[1] * box[1] / THUMB)
    return best


def _about(placed: Placed, factor: float, extent: np.ndarray) -> Placed:
    """Another scale about the middle of the second image."""
    middle = np.asarray(extent) / CANVAS / 2
    less = placed.scale * (1 - factor)
    return Placed(placed.scale * factor, placed.y + float(less * middle[0]), placed.x + float(less * middle[1]))


def _cut(images: tuple[np.ndarray, np.ndarray], extents: tuple, placed: Placed, shared: Shared | None) -> tuple | None:
    """Details (THUMB, THUMB) of what both show, its height and width on the first, and its share of the smaller; None if little."""
    first, second = (np.asarray(extent) / CANVAS for extent in extents)
    offset = np.array([placed.y, placed.x])
    low, high = np.maximum(0, offset), np.minimum(first, placed.scale * second + offset)
    if (high - low).min() <= 0.1:
        return None
    share = float(np.prod(high - low) / min(np.prod(first), np.prod(second) * placed.scale**2))
    if share < _LEAST:
        return None
    boxes = (low, high), ((low - offset) / placed.scale, (high - offset) / placed.scale)
    one, other = (_part(image, *box) for image, box in zip(images, boxes, strict=True))
    off = [] if shared is None else [_part(shared.canvas, *box) for box in boxes]
    return *_compared(one, other, off, shared), high - low, share


def _part(canvas: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    sides = (low[1] * CANVAS, low[0] * CANVAS, high[1] * CANVAS, high[0] * CANVAS)
    left, top, right, bottom = (float(np.clip(side, 0, CANVAS)) for side in sides)
    box = (left, top, right, bottom)
    return np.asarray(Image.fromarray(canvas).resize((THUMB, THUMB), Image.Resampling.BILINEAR, box), np.float32)


def _shift(one: np.ndarray, other: np.ndarray) -> tuple[int, int]:
    """By how many pixels `other` has to move to lie on `one` best, up to a quarter of the side."""
    product = np.fft.rfft2(one) * np.conj(np.fft.rfft2(other))
    surface = np.fft.irfft2(product, one.shape)
    reach = THUMB // 4
    near = np.roll(surface, (reach, reach), (0, 1))[: 2 * reach + 1, : 2 * reach + 1]
    y, x = np.unravel_index(int(near.argmax()), near.shape)
    return int(y) - reach, int(x) - reach
