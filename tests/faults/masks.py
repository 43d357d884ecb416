"""Raw folders whose masks are written in a way of their own: for A4."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from faults import made, own

COLOURS = np.array([[0, 0, 0], [255, 0, 0], [0, 0, 200], [0, 160, 0]], np.uint8)
COUNT, MASKED = 16, 14


class Folder:
    """raw/images and raw/masks of this seed: `save(number, ids, path)` writes a mask, `counts` are the pixels of each id."""

    def __init__(self, seed: int, save: Callable, classes: int = 2, end: str = ".png", images: Callable | None = None):
        self.counts = np.zeros(classes, int)
        self.odd = int(np.random.default_rng([seed, 4]).integers(MASKED))  # the file that differs, where one does
        for number in range(COUNT):
            image, ids = made.pair(1000 * seed + number, classes=classes)
            image = images(image, ids) if images else image
            if image is not None:
                made.save(f"raw/images/i{number:02}.png", image)
            if number < MASKED:
                path = Path(f"raw/masks/i{number:02}{end}")
                path.parent.mkdir(parents=True, exist_ok=True)
                save(number, ids, path)
                self.counts += np.bincount(ids.ravel(), minlength=classes)[:classes]

    @property
    def right(self) -> list[int]:
        return self.counts.tolist()

    @property
    def name(self) -> str:
        return f"i{self.odd:02}"


def scaled(factor: int, **options) -> Callable:
    return lambda number, ids, path: made.save(path, ids * np.uint8(factor), **options)


def values(*values: int) -> Callable:
    return lambda number, ids, path: made.save(path, np.array(values, np.uint8)[ids])


def coloured(colours: np.ndarray) -> Callable:
    return lambda number, ids, path: made.save(path, colours[ids])


def palette(order: Callable[[int], list[int]], colours=COLOURS) -> Callable:
    """Indices into a palette whose colours stand in the order of this file."""

    def save(number, ids, path):
        places = order(number)
        image = Image.fromarray(np.argsort(places).astype(np.uint8)[ids])
        image.putpalette(colours[places].ravel().tolist())
        image.save(path)

    return save


def wrong(end):
    raise own.Silent(f"pixels {made.pixels_of()}: {end.text[-500:]}")
