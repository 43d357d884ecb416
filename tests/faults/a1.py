"""A1: bits that turn in raw files: PNG from the first look on, JPEG, TIFF and BMP (no checksum) once they were prepared."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from faults import made
from faults.product import dissent, named, refused
from faults.suite import Injection, Silent

PNG_MASKS, PNG_IMAGES, LATER = 300, 60, 200


def injections(seed: int) -> list[Injection]:
    random = np.random.default_rng([seed, 1])
    found = []
    for number in range(PNG_MASKS + PNG_IMAGES):
        file = (
            f"raw/masks/i{random.integers(9):02}.png"
            if number < PNG_MASKS
            else f"raw/images/i{4 * random.integers(3):02}.png"
        )
        found.append(_injection(before, file, int(random.integers(1 << 30)), number % 10 == 0))
    for number in range(LATER):
        image = int(random.integers(12))
        file = f"raw/images/i{image:02}{('.png', '.jpg', '.tif', '.bmp')[image % 4]}"
        found.append(_injection(later, file, int(random.integers(1 << 30)), number % 2 == 0))
    return found


def _injection(run: Callable, file: str, bit: int, other: bool) -> Injection:
    return Injection(f"{run.__doc__.split(':')[0]}: {file}, bit {bit}", lambda: run(file, bit, other))


def before(file: str, bit: int, check: bool) -> str:
    """A bit before the first prepare: the file is refused, or nothing of what is learned differs."""
    clean = made.base(made.ready)
    made.flip(file, bit)
    said = dissent("check", "cells", "--config-dir", "settings") if check else made.prepared("again")
    if said.code:
        return refused(said, Path(file).name)
    if check:
        made.prepared("again")
    if made.values_of("again") != clean:
        raise Silent(f"{file} was read with other pixels: {said.text[-300:]}")
    return "survived"


def later(file: str, bit: int, verify: bool) -> str:
    """A bit after prepare: verify finds the raw file, and a later prepare names it."""
    made.base(made.ready)
    made.flip(file, bit)
    return refused(dissent("verify"), file) if verify else named(made.prepared(), Path(file).name)
