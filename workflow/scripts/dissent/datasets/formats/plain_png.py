"""Plain PNG masks in the bytes of prepared masks, NAME.png for the image NAME; or in the colours of their palette."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path

import numpy as np

from dissent.config.task import TaskSettings
from dissent.core.files import UNKNOWN, write_mask
from dissent.datasets.colour import with_channels
from dissent.datasets.decode import Header, read_pixels, turned
from dissent.datasets.formats.base import Annotations, Ask, Draft, Format, Layer, marks_of_mask, planes_of
from dissent.datasets.formats.files import PICTURES, left_out, masks_in, of_drafts
from dissent.datasets.listing import walk
from dissent.datasets.mask_readers import colours_of
from dissent.datasets.numbers import palette_of, read_as_said
from dissent.datasets.palettes import GREY
from dissent.datasets.problems import Problems

_DRAFTS = "masks"


def _files(where: Path) -> tuple[Path, list[Path]]:
    """The folder below which masks are called like their images, and the files there; of a folder of drafts, those elsewhere in it too."""
    folder = where / _DRAFTS if (where / _DRAFTS).is_dir() else where
    if not of_drafts(where):
        return folder, walk(folder)[0]
    return folder, [path for path in walk(where)[0] if not left_out(path.relative_to(where).as_posix(), PICTURES)]


def recognise(where: Path) -> bool:
    """A folder of PNG files, or one with a folder masks/ in it; asked after all other formats."""
    return where.is_dir() and any(path.suffix.lower() == ".png" for path in _files(where)[1])


def read(where: Path, ask: Ask, problems: Problems) -> Annotations:
    """Every image file, which is a mask of the task."""
    assert ask.task is not None
    found = Annotations(list(ask.task.value_names), [])
    folder, files = _files(where)
    for path, name, header in masks_in(files, where, ask, problems):
        image = path.relative_to(folder if folder in path.parents else where).with_suffix("").as_posix()
        found.marks.append(marks_of_mask(image, name, header, partial(_layers, path, ask), (path,)))
    return found


def _layers(path: Path, ask: Ask, height: int, width: int) -> list[Layer]:
    task = ask.task
    assert task is not None
    header, pixels = read_pixels(path)
    if header.lossy:
        raise ValueError("is a JPEG: its values are blurred; save masks as PNG")
    ids = read_as_said(path, header, pixels, task, ask.encoding, ask.numbers, partial(_ids, header, pixels, task))
    ids = turned(ids, header.orientation)
    # the background as a layer too, so that it is not taken for what nobody marked
    whole = [] if task.nothing is None else [Layer(task.nothing, ids == task.value_names.index(task.nothing))]
    return [*whole, *planes_of(ids, task)]


def _ids(header: Header, pixels: np.ndarray, task: TaskSettings) -> np.ndarray:
    """Bytes of prepared masks (H, W): the numbers of greys and of a mask with our palette, else what colours stand for."""
    count = 2 ** len(task.labels) if task.overlapping else len(task.value_names)
    numbers = [*range(count), UNKNOWN]
    ours = palette_of(task)
    if header.mode in ("1", "L") and header.bits < 8:
        raise ValueError(
            f"has greys of {header.bits} bits, of which tools show other numbers than they store; save it with 8 bits"
        )
    if header.mode == "P" and header.palette not in (ours, GREY):
        found = _of_colours(colours_of(header, pixels), task.palette, numbers)
    elif header.mode in ("RGB", "RGBA"):
        found = _of_colours(with_channels(header.mode, pixels, 3), task.palette, numbers)
    else:
        found = pixels if header.mode == "P" else with_channels(header.mode, pixels, 1)
    values = np.unique(found).tolist()
    if strange := sorted(set(values) - set(numbers)):
        raise ValueError(
            f"has the value {strange[0]}, and the labels have 0 to {count - 1}, with {UNKNOWN} for nobody knows"
        )
    if count == 2 and UNKNOWN in values and 1 not in values and header.palette != ours:
        raise ValueError(
            f"has {' and '.join(map(str, values))} alone, black and white, where {UNKNOWN} means that nobody knows: "
            "save the label as 1, or keep the palette of the draft"
        )
    return found.astype(np.uint8)


def _of_colours(pixels: np.ndarray, palette: list[list[int]], numbers: list[int]) -> np.ndarray:
    """Numbers (H, W) of colours (H, W, 3); ValueError names one that no number has, or several."""
    weights = np.array([65536, 256, 1], np.int64)
    packed = pixels.astype(np.int64) @ weights
    codes: dict[int, list[int]] = {}
    for number in numbers:
        codes.setdefault(int(np.array(palette[number]) @ weights), []).append(number)
    values, inverse = np.unique(packed, return_inverse=True)
    for value in values.tolist():
        colour, meant = (value >> 16, value >> 8 & 255, value & 255), codes.get(value, [])
        if not meant:
            raise ValueError(
                f"has the colour {colour}, which is none of the labels'; save it with the palette it came with, or as greys, "
                "which are numbers of labels"
            )
        if len(meant) > 1:
            raise ValueError(
                f"has the colour of both {meant[0]} and {meant[1]}; save it with the palette it came with, or as greys, which are "
                "numbers of labels"
            )
    return np.array([codes[value][0] for value in values.tolist()])[inverse.reshape(-1)].reshape(packed.shape)


def write(out: Path, drafts: Iterable[Draft], task: TaskSettings) -> str:
    """Write OUT/masks/NAME.png with the palette of the task."""
    for draft in drafts:
        write_mask(out / _DRAFTS / f"{draft.stem}.png", draft.ids, task.palette)
    return "correct the files in masks/, each with the palette that it has"


FORMAT = Format("plain PNG masks", recognise, read, write, _DRAFTS, layout=False)
