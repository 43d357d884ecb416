"""From the pixels of raw masks to class ids or bits: one function for each encoding. ValueError gives the reason.

Each takes the files of a mask (folders: one a label, None where there is none), of which each is turned by itself, and
returns uint8 (H, W) ids with 255 where nobody knows, and the number of pixels that fit no colour.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dissent.config.mask_encoding import Channels, Colours, Encoding, Folders, Index, Zero255
from dissent.config.task import TaskSettings
from dissent.core.files import UNKNOWN
from dissent.core.words import some
from dissent.datasets.colour import opaque, with_channels
from dissent.datasets.decode import Header, read_header, read_pixels, turned
from dissent.datasets.greys import codes_of, table_of_ids


class Label(NamedTuple):
    """Ids (H, W) uint8, the number of pixels that fit no colour, the palette if there is one, and the numbers that occur."""

    ids: np.ndarray | None
    unmapped: int = 0
    palette: bytes = b""
    used: tuple[int, ...] = ()


Turn = Callable[[Header], int]
"""by which EXIF orientation (1 to 8) a file with this header is turned"""


def as_stored(header: Header) -> int:
    """The turn of files that are read as they are stored."""
    return 1


def read_label(paths: list[Path | None], encoding: Encoding, task: TaskSettings, turn: Turn = as_stored) -> Label:
    """The label that the raw mask files at `paths` hold; the layers of a label may be stored each in its own way."""
    if encoding.name == "folders":
        return _folders(paths, encoding, task, turn)
    given = [path for path in paths if path is not None]
    label = READERS[encoding.name](given, encoding, task)
    return label if label.ids is None else label._replace(ids=turned(label.ids, turn(read_header(given[0]))))


def label_folders(encoding: Encoding, task: TaskSettings) -> list[str]:
    """Folders below the folder of masks, one for each file of a label; [""]: the folder itself."""
    if encoding.name != "folders":
        return [""]
    return encoding.folders or (task.labels[1:] if task.exclusive else task.labels)


def _index(paths: list[Path], encoding: Index, task: TaskSettings) -> Label:
    return read_ids(paths[0], table_of_ids(encoding, task))


def read_ids(path: Path, table: dict[int, int], others: int | None = None) -> Label:
    """The label of an index mask: `table` has our byte of each value, `others` that of all that it lacks (None: refused)."""
    header, pixels = _guard_lossy(read_pixels(path), allowed=False)
    if header.mode not in ("1", "L", "P", "I;16"):
        raise ValueError(
            f"has colour mode {header.mode} where index masks have one channel; is it `mask_encoding: colours`?"
        )
    pixels = _of_few_bits(header, pixels, table)
    present = np.unique(pixels).tolist()
    strange = [value for value in present if value not in table]
    if strange and others is None:
        full = set(present) == {0, 255}
        hint = "; are 0 and 255 meant, `mask_encoding: {name: zero_255}`?" if full else _ignore_hint(strange)
        raise ValueError(f"has the value {some(strange)}, which is no id ({some(sorted(table))}){hint}")
    table = table | dict.fromkeys(strange, others or 0)
    lookup = np.zeros(max(table) + 1, np.uint8)
    lookup[list(table)] = list(table.values())
    return Label(lookup[pixels], 0, header.palette, tuple(present))


def _of_few_bits(header: Header, pixels: np.ndarray, table: dict) -> np.ndarray:
    """The ids that greys of 1, 2 or 4 bits mean: their numbers, or the greys that are shown where only these are ids."""
    if header.mode != "1" and (header.mode != "L" or header.bits >= 8):
        return pixels
    factor = np.uint8(255 // (2**header.bits - 1))
    numbers, shown = (pixels, pixels * factor) if header.mode == "1" else (pixels // factor, pixels)
    fit = [set(np.unique(one).tolist()) <= table.keys() for one in (numbers, shown)]
    if all(fit) and numbers.any():
        raise ValueError(
            f"has {header.bits} bits a pixel, and {numbers.max()} and {shown.max()} are both ids: white may mean either; "
            "save all masks with 8 bits"
        )
    return shown if fit[1] else numbers


def _zero_255(paths: list[Path], encoding: Zero255, task: TaskSettings) -> Label:
    pixels = read_grey(paths[0], lossy=encoding.threshold is not None)
    ids = np.where(pixels >= (encoding.threshold or 255), 1, 0).astype(np.uint8)
    known = (pixels == 0) | (pixels == 255)
    for value in encoding.ignore:
        ids[pixels == value] = UNKNOWN
        known |= pixels == value
    if encoding.threshold is None and not known.all():
        strange = np.unique(pixels[~known]).tolist()
        hint = "; is it `mask_encoding: index`?" if set(np.unique(pixels).tolist()) == {0, 1} else ""
        raise ValueError(f"has the value {some(strange)} beside 0 and 255{hint or _ignore_hint(strange)}")
    return Label(ids)


def _colours(paths: list[Path], encoding: Colours, task: TaskSettings) -> Label:
    header, pixels = _guard_lossy(read_pixels(paths[0]), encoding.tolerance > 0)
    pixels = colours_of(header, pixels)
    if pixels.dtype != np.uint8:
        raise ValueError("has 16 bits a sample where colour codes have 8")
    packed = pixels.astype(np.uint32) @ np.array([65536, 256, 1], np.uint32)
    packed, inverse = np.unique(packed, return_inverse=True)
    colours = np.stack([packed >> 16, packed >> 8 & 255, packed & 255], 1)
    meant = codes_of(encoding, task)
    codes = np.array([colour for colour, _ in meant], np.int16)
    values = np.array([byte for _, byte in meant], np.uint8)
    mapped = np.empty(len(colours), np.uint8)
    fits = np.empty(len(colours), bool)
    for start in range(0, len(colours), 4096):  # a photograph taken for a mask has many colours
        part = slice(start, start + 4096)
        far = np.abs(colours[part, None].astype(np.int16) - codes[None]).max(2)
        nearest = far.argmin(1)
        fits[part] = far.min(1) <= encoding.tolerance
        mapped[part] = np.where(fits[part], values[nearest], UNKNOWN)
    inverse = inverse.reshape(-1)
    return Label(mapped[inverse].reshape(pixels.shape[:2]), int((~fits)[inverse].sum()))


def colours_of(header: Header, pixels: np.ndarray) -> np.ndarray:
    """(H, W, 3): the colours of a mask as stored."""
    return _palette_colours(header, pixels) if header.mode == "P" else with_channels(header.mode, pixels, 3)


def _palette_colours(header: Header, numbers: np.ndarray) -> np.ndarray:
    """(H, W, 3): the colour of each number, also of a transparent one, unless another number tells it apart by that alone."""
    colours = np.frombuffer(header.palette, np.uint8).reshape(-1, 3)
    used = np.unique(numbers)
    if used.size and used[-1] >= len(colours):
        raise ValueError(f"has the number {used[-1]} where its palette has {len(colours)} colours")
    if header.alphas:
        seen = np.column_stack([colours, np.frombuffer(header.alphas, np.uint8)])[used]
        if len(np.unique(seen, axis=0)) > len(np.unique(seen[:, :3], axis=0)):
            raise ValueError(
                "has a colour that is transparent in some pixels and not in others; save it without transparency"
            )
    return colours[numbers]


def _folders(paths: list[Path | None], encoding: Folders, task: TaskSettings, turn: Turn = as_stored) -> Label:
    given = [(number, path) for number, path in enumerate(paths) if path is not None]
    stored = {path: _layer(path, encoding) for _, path in given}
    greys = {path: turned(grey, turn(read_header(path))) for path, (grey, _) in stored.items()}
    shapes = {path.parent.name: grey.shape for path, grey in greys.items()}
    if len(set(shapes.values())) > 1:
        raise ValueError(f"has masks of unequal size: {', '.join(f'{k} {h} x {w}' for k, (h, w) in shapes.items())}")
    unknown = np.any([np.isin(grey, encoding.ignore) for grey in greys.values()], axis=0)
    layers = {path: (grey >= (encoding.threshold or 1)) & ~unknown for path, grey in greys.items()}
    ids = np.zeros(unknown.shape, np.uint8)
    for number, path in given:
        if task.overlapping:
            ids |= layers[path].astype(np.uint8) << number
            continue
        if encoding.overlap == "refuse" and (ids[layers[path]] > 0).any():
            raise ValueError("sets pixels for two labels; say `overlap: later` if the later label shall win")
        ids[layers[path]] = number + 1
    ids[unknown] = UNKNOWN
    return Label(ids, used=tuple({number for _, used in stored.values() for number in used}))


def _layer(path: Path, encoding: Folders) -> tuple[np.ndarray, tuple[int, ...]]:
    try:
        grey = read_grey(path, lossy=encoding.threshold is not None)
        return grey, _set(grey, encoding.threshold, encoding.ignore)
    except ValueError as error:
        raise ValueError(f"its mask {path.parent.name}/{path.name} {error}") from None


def _channels(paths: list[Path], encoding: Channels, task: TaskSettings) -> Label:
    header, pixels = _guard_lossy(read_pixels(paths[0]), encoding.threshold is not None)
    if header.mode not in ("RGB", "RGBA") or pixels.dtype != np.uint8:
        raise ValueError(f"has colour mode {header.mode} where each channel of an RGB mask is a label")
    pixels = with_channels(header.mode, pixels, 3)
    used = _set(pixels, encoding.threshold)
    layers = pixels >= (encoding.threshold or 1)
    if layers[:, :, len(task.labels) :].any():
        raise ValueError(f"has a channel more than the {len(task.labels)} labels of the task")
    bits = 1 << np.arange(len(task.labels), dtype=np.uint8)
    return Label((layers[:, :, : len(task.labels)] * bits).sum(2).astype(np.uint8), used=used)


READERS: dict[str, Callable[..., Label]] = {
    "index": _index,
    "zero_255": _zero_255,
    "colours": _colours,
    "folders": _folders,
    "channels": _channels,
}


def read_grey(path: Path, lossy: bool) -> np.ndarray:
    """uint8 (H, W) of a 0/255 mask: grey, 1 bit, RGB with equal channels, a palette of greys, or 0/65535 in 16 bits."""
    header, pixels = _guard_lossy(read_pixels(path), lossy)
    if header.mode == "P":
        colours = np.frombuffer(header.palette, np.uint8).reshape(-1, 3)
        known = pixels.max(initial=0) < len(colours)
        pixels = colours[pixels] if known else pixels
        if not known or (pixels != pixels[..., :1]).any():
            raise ValueError(
                "has a palette of colours where 0/255 masks are grey; is it `mask_encoding: index` or `colours`?"
            )
    if header.mode == "1":
        return pixels * np.uint8(255)
    if header.mode == "LA" or header.mode == "RGBA":
        pixels = opaque(pixels)
    if pixels.dtype != np.uint8:
        return _byte(pixels)
    if pixels.ndim == 3:
        if (pixels != pixels[..., :1]).any():
            raise ValueError("is coloured where 0/255 masks are grey; is it `mask_encoding: colours` or `channels`?")
        pixels = pixels[..., 0]
    return pixels


def _byte(pixels: np.ndarray) -> np.ndarray:
    """0/255 of 16 bits a sample, in which white may be 65535."""
    if pixels.ndim == 2 and set(np.unique(pixels).tolist()) <= {0, 65535}:
        return (pixels >> 8).astype(np.uint8)
    if pixels.ndim == 2 and pixels.max(initial=0) <= 255:
        return pixels.astype(np.uint8)
    raise ValueError("has 16 bits a sample where 0/255 masks have 8")


def _guard_lossy(read: tuple[Header, np.ndarray], allowed: bool) -> tuple[Header, np.ndarray]:
    header, _ = read
    if header.lossy and not allowed:
        what = "is a JPEG" if header.format == "JPEG" else f"has {header.lossy} inside"
        raise ValueError(f"{what}: its values are blurred; save masks as PNG, or give a threshold or tolerance")
    return read


def _set(pixels: np.ndarray, threshold: int | None, ignore: Sequence[int] = ()) -> tuple[int, ...]:
    """The numbers that occur where 0 is not set and 1 or 255 is; ValueError names others, which want a threshold."""
    present = tuple(value for value in np.unique(pixels).tolist() if value not in ignore)
    strange = [value for value in present if value not in (0, 1, 255)]
    if strange and threshold is None:
        raise ValueError(f"has the value {some(strange)} beside 0 and 255; give `threshold` if greys are meant")
    return present


def _ignore_hint(strange: list[int]) -> str:
    return f"; if it means that nobody knows: `ignore: [{strange[0]}]`" if len(strange) == 1 else ""
