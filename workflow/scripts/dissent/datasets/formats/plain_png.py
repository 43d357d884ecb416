"""Plain PNG masks in the bytes of prepared masks, NAME.png for the image NAME; or RGB in the colours of their palette."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path

import numpy as np

from dissent.config.task import TaskSettings
from dissent.core.files import UNKNOWN, write_mask
from dissent.datasets.decode import read_header, read_pixels
from dissent.datasets.formats.base import Annotations, Ask, Draft, Format, Layer, Marks, is_image, left_out, planes_of
from dissent.datasets.listing import walk
from dissent.datasets.problems import Problems


def _folder(where: Path) -> Path:
    return where / "masks" if (where / "masks").is_dir() else where


def recognise(where: Path) -> bool:
    """A folder of PNG files, or one with a folder masks/ in it; asked after all other formats."""
    return where.is_dir() and any(path.suffix.lower() == ".png" for path in walk(_folder(where))[0])


def read(where: Path, ask: Ask, problems: Problems) -> Annotations:
    """Every image file, which is a mask of the task."""
    assert ask.task is not None
    found = Annotations(list(ask.task.value_names), [])
    folder = _folder(where)
    for path in walk(folder)[0]:
        name = path.relative_to(where).as_posix()
        if not is_image(path) or left_out(name, ask.leave_out):
            continue
        try:
            size = read_header(path).size
        except ValueError as error:
            problems.add(name, str(error))
            continue
        image = path.relative_to(folder).with_suffix("").as_posix()
        found.marks.append(Marks(image, name, partial(_layers, path, ask.task), size, (path,)))
    return found


def _layers(path: Path, task: TaskSettings, height: int, width: int) -> list[Layer]:
    header, pixels = read_pixels(path)
    if header.lossy:
        raise ValueError("is a JPEG: its values are blurred; save masks as PNG")
    count = 2 ** len(task.labels) if task.overlapping else len(task.value_names)
    numbers = [*range(count), UNKNOWN]
    if pixels.ndim == 3:
        pixels = _of_colours(pixels[..., :3], {number: tuple(task.palette[number]) for number in numbers})
    strange = sorted(set(np.unique(pixels).tolist()) - set(numbers))
    if strange:
        raise ValueError(
            f"has the value {strange[0]}, and the labels have 0 to {count - 1}, with {UNKNOWN} for nobody knows"
        )
    ids = pixels.astype(np.uint8)
    whole = [] if task.overlapping or (task.background is None and task.exclusive) else [_nothing(ids, task)]
    return [*whole, *planes_of(ids, task)]


def _nothing(ids: np.ndarray, task: TaskSettings) -> Layer:
    """The background as a layer, so that it is not taken for what nobody marked."""
    name = task.background if task.exclusive else task.value_names[0]
    assert name is not None
    return Layer(name, ids == task.value_names.index(name))


def _of_colours(pixels: np.ndarray, palette: dict[int, tuple[int, ...]]) -> np.ndarray:
    """Numbers (H, W) of colours that the palette has; ValueError names another one."""
    weights = np.array([65536, 256, 1], np.int64)
    packed = pixels.astype(np.int64) @ weights
    codes = {int(np.array(colour) @ weights): number for number, colour in reversed(palette.items())}
    values, inverse = np.unique(packed, return_inverse=True)
    if strange := [value for value in values.tolist() if value not in codes]:
        colour = (strange[0] >> 16, strange[0] >> 8 & 255, strange[0] & 255)
        raise ValueError(
            f"has the colour {colour}, which is none of the labels'; save it with the palette it came with"
        )
    return np.array([codes[value] for value in values.tolist()])[inverse.reshape(-1)].reshape(packed.shape)


def write(out: Path, drafts: Iterable[Draft], task: TaskSettings) -> str:
    """Write OUT/masks/NAME.png with the palette of the task."""
    for draft in drafts:
        write_mask(out / "masks" / f"{draft.stem}.png", draft.ids, task.palette)
    return "correct the files in masks/, each with the palette that it has"


FORMAT = Format("plain PNG masks", recognise, read, write, layout=False)
