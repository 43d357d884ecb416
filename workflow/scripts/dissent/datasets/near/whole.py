"""Pairs that may be one picture as a whole: resized, compressed, brighter, flipped, or turned by a quarter.

A thumb's low frequencies (discrete cosine transform), each divided by how strong it is in the whole data set, so that what most
images have in common says little; their mean is taken off where it is more than chance. Flips are changes of sign there and quarter turns a transposition.
"""

from typing import NamedTuple, Protocol

import numpy as np

from dissent.datasets.near.shared import common_direction
from dissent.datasets.near.views import THUMB

_FREQUENCIES = 20
_PLAIN = 1.5  # grey levels of standard deviation: with less there is nothing to compare
_ALIKE = 0.6  # correlation from which two are compared; of unlike images one in 10,000 reaches .4 to .7
_BLOCK = 1024  # images against as many at a time


class Pairs(Protocol):
    """Whether pairs of image numbers are asked for."""

    def __call__(self, first: np.ndarray, second: np.ndarray) -> np.ndarray: ...


class Turn(NamedTuple):
    """One of the eight ways to lay a square on itself: transposed, then rows and columns in reverse."""

    name: str
    transposed: bool
    rows: bool
    columns: bool

    def of(self, pixels_HW: np.ndarray) -> np.ndarray:
        """The pixels, turned in this way."""
        pixels_HW = pixels_HW.T if self.transposed else pixels_HW
        return pixels_HW[:: -1 if self.rows else 1, :: -1 if self.columns else 1]


TURNS = (
    Turn("", False, False, False),
    Turn("flipped left to right", False, False, True),
    Turn("flipped upside down", False, True, False),
    Turn("rotated by 180", False, True, True),
    Turn("transposed", True, False, False),
    Turn("rotated by 90", True, False, True),
    Turn("rotated by 90", True, True, False),
    Turn("transposed and rotated by 180", True, True, True),
)


def proposals(thumbs: np.ndarray, wanted: Pairs, most: int) -> tuple[list[tuple[int, int, int]], int]:
    """The `most` likest pairs (first, second, number in TURNS of how the second has to be laid), and how many there are."""
    known = describe(thumbs)
    count, found = len(known), np.empty((0, 4))
    shared = common_direction(known.reshape(count, -1))
    flat, total = _without(known.reshape(count, -1), shared), 0
    for low in range(0, count, _BLOCK):
        rows = np.arange(low, min(low + _BLOCK, count))
        for left in range(low, count, _BLOCK):
            columns = np.arange(left, min(left + _BLOCK, count))
            asked = wanted(rows[:, None], columns[None]) & (rows[:, None] < columns[None])
            if not asked.any():
                continue
            best, turn = np.full(asked.shape, -1.0, np.float32), np.zeros(asked.shape, np.int8)
            for number, one in enumerate(TURNS):
                alike = flat[rows] @ _without(turned(known[columns], one).reshape(len(columns), -1), shared).T
                better = alike > best
                best[better], turn[better] = alike[better], number
            i, j = np.nonzero(asked & (best >= _ALIKE))
            total += len(i)
            found = np.concatenate([found, np.stack([best[i, j], rows[i], columns[j], turn[i, j]], 1)])
            found = found[np.argsort(-found[:, 0], kind="stable")[:most]]
    return [(int(one), int(two), int(number)) for _, one, two, number in found], total


def _without(known_NX: np.ndarray, shared: np.ndarray | None) -> np.ndarray:
    """Descriptions of length 1 without what most images have in common."""
    if shared is None:
        return known_NX
    left = known_NX - (known_NX @ shared)[:, None] * shared
    return left / np.maximum(np.sqrt((left**2).sum(1, keepdims=True)), 1e-9)


def describe(thumbs: np.ndarray) -> np.ndarray:
    """(N, F, F) float32 of length 1 each; 0 for images without any detail."""
    transform = cosines(THUMB, _FREQUENCIES)
    found = np.empty((len(thumbs), _FREQUENCIES, _FREQUENCIES), np.float32)
    for low in range(0, len(thumbs), _BLOCK):
        part = np.asarray(thumbs[low : low + _BLOCK], np.float32)
        found[low : low + _BLOCK] = transform @ part @ transform.T
    found[:, 0, 0] = 0
    length = np.sqrt((found**2).sum((1, 2), keepdims=True))
    plain = length[:, 0, 0] < _PLAIN * THUMB
    found /= np.maximum(length, 1)
    power = (found[~plain] ** 2).mean(0) if not plain.all() else np.ones(found.shape[1:], np.float32)
    found /= np.sqrt((power + power.T) / 2 + 4e-4)  # of faint frequencies not only the noise shall count
    found /= np.maximum(np.sqrt((found**2).sum((1, 2), keepdims=True)), 1e-9)
    found[plain] = 0
    return found


def turned(known_NFF: np.ndarray, turn: Turn) -> np.ndarray:
    """Descriptions of the images after this turn."""
    signs = ((-1.0) ** np.arange(_FREQUENCIES)).astype(np.float32)
    known_NFF = known_NFF.transpose(0, 2, 1) if turn.transposed else known_NFF
    known_NFF = known_NFF * signs[:, None] if turn.rows else known_NFF
    return known_NFF * signs if turn.columns else known_NFF


def cosines(length: int, frequencies: int) -> np.ndarray:
    """The first rows of the orthonormal cosine transform of `length` samples."""
    at = np.pi * (2 * np.arange(length) + 1) * np.arange(frequencies)[:, None] / (2 * length)
    rows = np.cos(at) * np.sqrt(2 / length)
    rows[0] /= np.sqrt(2)
    return rows.astype(np.float32)
