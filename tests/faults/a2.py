"""A2: raw files that are cut off: named, and none is learned from."""

from pathlib import Path

import numpy as np

from faults import made
from faults.product import dissent, refused
from faults.suite import Injection, Silent

CUTS = (0.02, 0.1, 0.3, 0.5, 0.8, 0.97, -1)
FORMATS = {".png": {}, ".jpg": {"quality": 90}, ".tif": {}, ".bmp": {}}
MASKS = (".png", ".tif", ".bmp")


def injections(seed: int) -> list[Injection]:
    random = np.random.default_rng([seed, 2])
    found = []
    for end, cut, what in [
        (e, c, w) for w in ("images", "masks") for e in (FORMATS if w == "images" else MASKS) for c in CUTS
    ]:
        number = int(random.integers(9))
        by = float(cut if cut < 0 else cut + random.uniform(0, 0.02))
        title = f"{what}/i{number:02}{end} cut " + ("by its last byte" if cut < 0 else f"at {by:.1%}")
        found.append(Injection(title, lambda a=(what, end, by, number): cut_off(*a)))
    return found


def cut_off(what: str, end: str, cut: float, number: int) -> str:
    """The file is refused by name, or it lacks nothing that is learned from."""
    clean = made.base(made.ready)
    image, ids = made.pair(number)
    for old in Path("raw", what).glob(f"i{number:02}.*"):
        old.unlink()
    pixels = image if what == "images" else ids * np.uint8(255)
    path = made.save(f"raw/{what}/i{number:02}{end}", pixels, **FORMATS[end])
    if end == ".jpg":
        made.prepared("whole")
        clean = made.values_of("whole")
    content = path.read_bytes()
    path.write_bytes(content[:-1] if cut < 0 else content[: int(len(content) * cut)])
    said = dissent("check", "cells", "--config-dir", "settings") if number % 3 == 0 else made.prepared("again")
    if said.code:
        return refused(said, path.name)
    made.prepared("again")
    if made.values_of("again") != clean:
        raise Silent(f"{path} was read in part")
    return "survived"
