"""A word of `dissent init` on 16-bit images whose percentiles meet, or lie far from the brightest pixels. No torch."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from dissent.config.dataset import Source
from dissent.datasets.decode import read_photo
from dissent.datasets.levels import levels_of

_LOOKED_AT = 200  # images, evenly drawn: `dissent check` reads all of them


def levels_note(images: Sequence[Path], source: Source, threads: int) -> str:
    """What to tell of the grey levels that become 0 and 255; "" for 8-bit images, and where nothing is odd."""
    if source.bit_depth == 8:
        return ""
    some = images[:: -(-len(images) // _LOOKED_AT)]
    with ThreadPoolExecutor(threads) as pool:
        each = pool.map(lambda path: _histogram(path, source.channels), some)
        total = sum(each, np.zeros(65536, np.int64))
    return levels_of(total, source.percentiles).note


def _histogram(path: Path, channels: int) -> np.ndarray:
    try:
        return np.bincount(read_photo(path, channels).pixels.ravel(), minlength=65536)
    except ValueError:  # named by `dissent check`, as it is only the header that init reads of images
        return np.zeros(65536, np.int64)
