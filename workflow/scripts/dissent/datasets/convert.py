"""One raw image with its mask to its prepared windows."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from dissent.config.dataset import Source
from dissent.config.task import TaskSettings
from dissent.core.files import UNKNOWN, sha256, write_image, write_mask
from dissent.datasets.decode import Header, Photo, read_header, read_photo, turned, turned_size
from dissent.datasets.exif import Turns
from dissent.datasets.geometry import cut, opencv_bilinear, resize_mask, resize_photo, windows
from dissent.datasets.items import Item
from dissent.datasets.mask_readers import Label, read_grey, read_label
from dissent.datasets.own_masks import read_own

PUBLISHED_TARGETS = {"published_iou": "labels_any", "published_dice": "labels_half"}
"""score: folder of the masks that the papers' code takes for it (section 1.1: > 0, and >= 128)"""


class BadFiles(ValueError):
    """Raw files that cannot be used: pairs of path and reason."""

    def __init__(self, files: list[tuple[Path, str]]):
        super().__init__(str(files))
        self.files = files


@dataclass(frozen=True)
class Plan:
    """What holds for the whole data set."""

    source: Source
    turns: Turns
    levels: tuple[int, int] | None
    """the grey levels of 16-bit images that become 0 and 255"""
    out: str
    """folder that the rows name"""
    staging: Path | None
    """folder to write to; none: only check"""


@dataclass
class Converted:
    """What came of one raw image: a row for each window, pixels by stored value, pixels that fit no colour."""

    rows: list[dict] = field(default_factory=list)
    counts: Counter[int] = field(default_factory=Counter)
    unmapped: int = 0
    pixels: int = 0
    palette: bytes = b""
    numbers: tuple[int, ...] = ()
    """of its masks: those that occur"""
    faded: bool = False
    """the image has colours, which are lost as the data set is grey"""


def headers_of(item: Item) -> tuple[Header, list[Header]]:
    """Headers of the image and of its masks; BadFiles names those that cannot be read."""
    paths = [item.image, *[mask for mask in item.masks if mask is not None]]
    image, *masks = _all([(path, read_header, (path,)) for path in paths])
    return image, masks


def histogram(item: Item, source: Source) -> np.ndarray:
    """Pixels of a 16-bit image by grey level, (65536,)."""
    [photo] = _all([(item.image, _read_photo, (item, source, None))])
    return np.bincount(photo.pixels.ravel(), minlength=65536)


def convert(item: Item, image: Header, plan: Plan) -> Converted:
    """Decode, turn, cut and resize one image and its mask, and write them to `plan.staging`."""
    source, size, published = plan.source, _size(plan.source), plan.source.protocol == "published"
    turn = plan.turns.image(image)
    smallest = None
    if source.geometry.name == "whole" and not published:
        # JPEGs of many times the size needed are decoded at a fraction of theirs, with a reserve of two
        smallest = turned_size((2 * size[0], 2 * size[1]), turn)
    (_, pixels, faded), (label, unmapped, palette, numbers) = _all(
        [
            (item.image, _read_photo, (item, source, smallest)),
            _label_job(item, image, source, plan.turns),
        ]
    )
    pixels = to_bytes(turned(pixels, turn), plan.levels)
    if label is not None:
        # `on_size_mismatch: resize`, else it has that size
        label = resize_mask(label, turned_size(image.size, turn), published)
    # a window each, as the whole of a JPEG that came at a fraction is smaller than the whole of its mask
    shapes = [pixels.shape[:2], pixels.shape[:2] if label is None else label.shape]
    places = _all([(item.image, windows, (*shape, source.geometry, size, published, item.id)) for shape in shapes])
    cut_out = source.geometry.name in ("tiles", "crops")  # windows: the image's size says nothing of that of objects
    raw_size = {} if cut_out else dict(zip(("raw_height", "raw_width"), turned_size(image.size, turn), strict=True))
    result = Converted(unmapped=unmapped, pixels=0 if label is None else label.size, palette=palette, numbers=numbers)
    result.faded = faded
    for number, (window, label_window) in enumerate(zip(*places, strict=True)):
        id_ = f"{item.id}_{number}" if cut_out else item.id
        small = {} if label is None else _targets(cut(label, label_window), source)
        row: dict[str, str | int] = {
            "id": id_,
            "image": f"{plan.out}/images/{id_}.png",
            "label": "",
            "label_sha256": "",
            "present": "",
        }
        row |= {"group": item.group, "part": item.part, "source": item.source}
        row |= raw_size
        row |= {"window": " ".join(map(str, window))} if cut_out else {}
        row |= {f"table_{column}": value for column, value in item.row.items()}
        if small:
            counts = Counter(
                {int(v): int(n) for v, n in zip(*np.unique(small["labels"], return_counts=True), strict=True)}
            )
            result.counts += counts
            row |= {"label": f"{plan.out}/labels/{id_}.png", "present": _present(counts, source.task)}
        if plan.staging is not None:
            row |= _write(
                plan.staging, f"{id_}.png", resize_photo(cut(pixels, window), size, published), small, source.task
            )
        result.rows.append(row)
    return result


def label_of(item: Item, image: Header, source: Source, turns: Turns) -> Label:
    """The label of an item, as looked at; BadFiles where its masks cannot be read as the data set says."""
    [label] = _all([_label_job(item, image, source, turns)])
    return label


def _label_job(item: Item, image: Header, source: Source, turns: Turns) -> tuple[Path, Callable, tuple]:
    only = item.masks[0] if len(item.masks) == 1 else None
    return only or item.image, _read_label, (item, image, source, turns)


def _all(jobs: list[tuple[Path, Callable, tuple]]) -> list[Any]:
    """Results of all jobs, or BadFiles with the path and reason of each that failed."""
    results, bad = [], []
    for path, function, arguments in jobs:
        try:
            results.append(function(*arguments))
        except ValueError as error:
            bad.append((path, str(error)))
    if bad:
        raise BadFiles(bad)
    return results


def _read_photo(item: Item, source: Source, smallest: tuple[int, int] | None) -> Photo:
    photo = read_photo(item.image, source.channels, smallest)
    depth = 8 * photo.pixels.dtype.itemsize
    if depth != source.bit_depth:
        raise ValueError(f"has {depth} bits a sample, and the data set says `bit_depth: {source.bit_depth}`")
    return photo


def _read_label(item: Item, image: Header, source: Source, turns: Turns) -> Label:
    """Ids as looked at; published binary masks stay grey, as they are resized before they are cut at a threshold."""
    given = [mask for mask in item.masks if mask is not None]
    if not given:
        return Label(None)
    if item.own:  # it lies as the image is looked at
        return Label(read_own(given[0], source.task))
    turn = partial(turns.mask, image)
    if source.grey_masks:
        return Label(turned(read_grey(given[0], lossy=False), turn(read_header(given[0]))))
    return read_label(list(item.masks), source.mask_encoding, source.task, turn)


def to_bytes(pixels: np.ndarray, levels: tuple[int, int] | None) -> np.ndarray:
    """Pixels as bytes: values from low to high become 0 to 255, those beyond are clipped; without levels as they are."""
    if levels is None:
        return pixels
    low, high = levels
    # a table, as floating point numbers of a large image would not fit in memory
    every = np.arange(65536).clip(low, high)
    return np.rint((every - np.float64(low)) * (255 / (high - low))).astype(np.uint8)[pixels]


def _targets(label: np.ndarray, source: Source) -> dict[str, np.ndarray]:
    """{folder: ids} at the size of the data set."""
    size = _size(source)
    if not source.grey_masks:
        return {"labels": resize_mask(label, size, source.protocol == "published")}
    grey = label if label.shape == size else opencv_bilinear(label, size)
    targets = {"labels": grey == 255, "labels_any": grey > 0, "labels_half": grey >= 128}
    return {folder: target.astype(np.uint8) for folder, target in targets.items()}


def _size(source: Source) -> tuple[int, int]:
    high, wide = source.size
    return high, wide


def _present(counts: Counter, task: TaskSettings) -> str:
    """Ids (multilabel: bits) that occur, separated by blanks."""
    values = sorted(set(counts) - {UNKNOWN})
    if task.overlapping:
        values = [bit for bit in range(len(task.labels)) if any(value >> bit & 1 for value in values)]
    return " ".join(map(str, values))


def _write(staging: Path, name: str, image: np.ndarray, targets: dict, task: TaskSettings) -> dict[str, str]:
    """Write an image and its masks; their digests by column."""
    path = staging / "images" / name
    write_image(path, image)
    digests = {"image_sha256": sha256(path)}
    for folder, ids in targets.items():
        path = staging / folder / name
        write_mask(path, ids, task.palette)
        digests["label_sha256" if folder == "labels" else f"{folder}_sha256"] = sha256(path)
    return digests
