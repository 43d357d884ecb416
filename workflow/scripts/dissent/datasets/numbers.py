"""Whose numbers a plain PNG mask has: ours, or those of the data set's raw masks where `mask_encoding` gives them another meaning."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from dissent.config.mask_encoding import Encoding
from dissent.config.task import TaskSettings
from dissent.core.files import UNKNOWN
from dissent.datasets.decode import Header
from dissent.datasets.greys import meanings_of_greys
from dissent.datasets.mask_readers import colours_of, label_folders, read_label
from dissent.datasets.palettes import GREY

NUMBERS = {
    "ours": "those of prepared masks, as `dissent drafts` and `dissent predict` write them",
    "raw": "those of the data set's raw masks, by its mask_encoding",
}
"""answers to `--numbers`, with what they mean"""
_OF_ITS_FOLDER = -1  # what a number of a folder a label means, where there are several


def palette_of(task: TaskSettings) -> bytes:
    """The palette that masks of ours have."""
    return bytes(channel for colour in task.palette for channel in colour)


def has_our_palette(header: Header, task: TaskSettings) -> bool:
    """Whether a mask has the palette that `dissent` writes, which says that its numbers are ours."""
    return header.mode == "P" and header.palette == palette_of(task)


def _is_grey(header: Header) -> bool:
    return header.mode in ("1", "L", "LA", "I;16") or (header.mode == "P" and header.palette == GREY)


def read_as_said(
    path: Path,
    header: Header,
    pixels: np.ndarray,
    task: TaskSettings,
    encoding: Encoding | None,
    said: str | None,
    ours: Callable[[], np.ndarray],
) -> np.ndarray:
    """Bytes of prepared masks (H, W) as stored: what `ours` reads, or the raw masks' `encoding` where a person `said` so.

    ValueError asks where the two would give different labels.
    """
    if encoding is None or said == "ours" or has_our_palette(header, task):
        return ours()
    if said == "raw":
        return _raw(path, encoding, task)
    if _is_grey(header) and header.bits >= 8:  # of fewer bits it is refused below
        _ask_about_greys(pixels[..., 0] if pixels.ndim == 3 else pixels, encoding, task)
    try:
        raw = _raw(path, encoding, task)
    except ValueError:  # it is none of the raw kind
        return ours()
    try:
        found = ours()
    except ValueError as error:
        raise ValueError(f"{error}; or say `--numbers raw` if it is like the raw masks") from None
    if (other := found != raw).any():
        colour = colours_of(header, pixels)[other][0].tolist()
        what = f"the colour {' '.join(map(str, colour))}"
        raise ValueError(_question(what, int(found[other][0]), int(raw[other][0]), task))
    return found


def _raw(path: Path, encoding: Encoding, task: TaskSettings) -> np.ndarray:
    if len(label_folders(encoding, task)) > 1:
        raise ValueError(
            "is one file, and the raw masks of the data set are a folder a label: give one mask an image, numbered "
            f"{numbers_told(task)}, and say `--numbers ours`; or put it into the folder of its label in the raw folder"
        )
    ids = read_label([path], encoding, task).ids
    assert ids is not None
    return ids


def _ask_about_greys(pixels: np.ndarray, encoding: Encoding, task: TaskSettings) -> None:
    meant, present = meanings_of_greys(encoding, task), np.unique(pixels).tolist()
    if len(label_folders(encoding, task)) > 1:
        if not meant.keys() >= set(present):  # no mask of one label
            return
        meant = {value: _OF_ITS_FOLDER if number == 1 else number for value, number in meant.items()}
    for value in present:
        if value in meant and meant[value] != value and (value == UNKNOWN or value < _count(task)):
            raise ValueError(_question(f"the number {value}", value, meant[value], task))


def _count(task: TaskSettings) -> int:
    return 2 ** len(task.labels) if task.overlapping else len(task.value_names)


def _question(what: str, ours: int, raw: int, task: TaskSettings) -> str:
    if raw == _OF_ITS_FOLDER:
        return (
            f"has {what}, and the raw masks of the data set are a folder a label, in which it is the label of the folder: say "
            f"`--numbers ours` if it means {_name(ours, task)}; or put it into the folder of its label in the raw folder"
        )
    return (
        f"has {what}, which may be {_name(ours, task)} (as `dissent drafts` writes it: say `--numbers ours`) or "
        f"{_name(raw, task)} (by the data set's `mask_encoding`: say `--numbers raw`)"
    )


def _name(number: int, task: TaskSettings) -> str:
    if number == UNKNOWN:
        return "what nobody knows"
    if task.overlapping:
        return " and ".join(f"`{one}`" for bit, one in enumerate(task.labels) if number >> bit & 1) or "no label"
    return f"`{task.value_names[number]}`"


def numbers_told(task: TaskSettings) -> str:
    """How masks of ours are numbered, in words."""
    if task.overlapping:
        return f"by the sum of {', '.join(f'{1 << bit} for {name}' for bit, name in enumerate(task.labels))}"
    return ", ".join(f"{number} for {name}" for number, name in enumerate(task.value_names))
