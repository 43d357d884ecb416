"""Grey levels of 16-bit images that become 0 and 255: percentiles of all pixels of a data set, where these lie apart."""

from typing import NamedTuple

import numpy as np

_NEAR = 16  # grey levels: where no more lie between the percentiles, nearly all that differs would be cut off
_WIDER = (0.01, 0.001, 0.0)  # per cent of the pixels at each end that may be cut off instead
_FAR = 10  # times the range: what lies farther beyond it is told


class Levels(NamedTuple):
    """The levels that become 0 and 255, and what to tell the user of them ("" for nothing)."""

    low: int
    high: int
    note: str = ""


def levels_of(total: np.ndarray, percentiles: list[float]) -> Levels:
    """From the pixels of each level, (65536,), of all images: one range for all, so that brightness keeps its meaning.

    Percentiles that meet, as images with few and small spots have them, give a wider range, and a note.
    """
    seen = np.flatnonzero(total)
    if not seen.size:
        return Levels(0, 1)
    least, most = int(seen[0]), int(seen[-1])
    low, high = first = _at(total, *percentiles)
    for share in _WIDER:
        if high - low >= min(_NEAR, most - least):
            break
        low, high = _at(total, min(share, percentiles[0]), max(100 - share, percentiles[1]))
    if (low, high) != first:
        note = (
            f"the percentiles {percentiles[0]:g} and {percentiles[1]:g} of the 16-bit images lie at {first[0]} and {first[1]}, "
            f"but values reach from {least} to {most}: {low} to {high} become 0 to 255 instead"
        )
        return Levels(low, high, note)
    return Levels(low, max(high, low + 1), _beyond(total, low, high))


def _at(total: np.ndarray, *percentiles: float) -> tuple[int, int]:
    cumulated = np.cumsum(total)
    low, high = (int(np.searchsorted(cumulated, max(share / 100 * cumulated[-1], 1))) for share in percentiles)
    return low, high


def _beyond(total: np.ndarray, low: int, high: int) -> str:
    """A word on pixels far outside of the range, which become equal."""
    seen = np.flatnonzero(total)
    least, most = int(seen[0]), int(seen[-1])
    if max(most - high, low - least) <= _FAR * (high - low):
        return ""
    above = most - high > low - least
    count = int(total[high + 1 :].sum() if above else total[:low].sum())
    what = f"brighter than {high} (up to {most}) and all become 255" if above else f"darker than {low} and all become 0"
    return (
        f"{count} pixels of the 16-bit images are {what}; if they differ in meaning, widen `percentiles`, e.g. [0, 100]"
    )
