"""Every raw file read as `prepare` will read it, before a setting is written: what does not work is named, the rest counted."""

import math
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dissent.cli.init.mask_meaning import Guess
from dissent.cli.init.regions import areas_of
from dissent.cli.text import columns
from dissent.config.dataset import Source
from dissent.core.files import UNKNOWN
from dissent.core.words import some
from dissent.datasets.convert import label_of
from dissent.datasets.decode import Header
from dissent.datasets.exif import Turns
from dissent.datasets.items import Item
from dissent.datasets.problems import Problems
from dissent.datasets.raw import find_items
from dissent.datasets.settle import check_unmapped, check_used, each, settle

_FLAGS = ("exif", "on_size_mismatch")
"""settings that flags of `dissent init` write as they are"""

_MEASURED = 50
"""masks of which things are measured"""

Counts = dict[int, tuple[int, int]]
"""pixels and masks of each label by its number (binary: 0 is the background), and of UNKNOWN"""


class Rehearsed(NamedTuple):
    """What masks hold once they are read: counts of labels, and how large what is labelled is."""

    counts: Counts
    across: float
    """pixels of the middle one of what is labelled, as it is in the images; 0 where images are hardly made smaller"""


class _Read(NamedTuple):
    """Read the mask of one item: pixels of each label, pixels that fit no colour, its palette, and the numbers in it."""

    counts: Counter[int]
    unmapped: int
    palette: bytes
    used: tuple[int, ...]
    areas: tuple[int, ...]


def rehearse(dataset: Source, threads: int) -> Rehearsed:
    """What the labels of all masks hold; UserError names every file that `prepare` would refuse."""
    raw, problems = Path(dataset.raw), Problems()
    pixels, masks = Counter[int](), Counter[int]()
    with warnings.catch_warnings(), ThreadPoolExecutor(threads) as pool:
        warnings.simplefilter("ignore")  # Pillow's doubts about files that are refused or checked here
        items = find_items(dataset, raw, problems)
        items, headers, turns = settle(pool, dataset, items, raw, problems)
        masked = [item for item in items if item.masks]
        some_of = {item.id for item in masked[:: -(-len(masked) // _MEASURED) or 1]}
        jobs = [(item, headers[item.id], dataset, turns, item.id in some_of) for item in masked]
        read = dict(each(pool, _counted, jobs, problems, raw))
    for one in read.values():
        for value, number in one.counts.items():
            pixels[value] += number
            masks[value] += 1
    fit = {id_: (one.unmapped, sum(one.counts.values())) for id_, one in read.items()}  # colours do not overlap
    check_unmapped(dataset.mask_encoding, fit, problems)
    used = [(item, read[item.id].palette, read[item.id].used) for item in items if item.id in read]
    check_used(dataset.mask_encoding, used, raw, problems)
    flags = [f"--{key.replace('_', '-')}" for key in _FLAGS if any(f"`{key}: " in problem for problem in problems)]
    problems.stop(raw, f", so nothing was written{f' (here {flags[0]} says it)' if flags else ''}")
    areas = [area for one in read.values() for area in one.areas]
    return Rehearsed({value: (pixels[value], masks[value]) for value in pixels}, _across(areas))


def _across(areas: list[int]) -> float:
    """The side of the thing that holds the middle pixel of all that is labelled: specks have few pixels, and hardly count."""
    if not areas:
        return 0.0
    areas = sorted(areas)
    half = sum(areas) / 2
    return math.sqrt(next(area for area, sum_ in zip(areas, accumulate(areas), strict=True) if sum_ >= half))


def _counted(item: Item, image: Header, source: Source, turns: Turns, measure: bool) -> _Read:
    """Pixels of each label in an item's mask, and what else is known of it."""
    label = label_of(item, image, source, turns)
    if label.ids is None:  # an item without masks
        return _Read(Counter(), 0, b"", (), ())
    values, numbers = np.unique(label.ids, return_counts=True)
    counts: Counter[int] = Counter(dict(zip(values.tolist(), numbers.tolist(), strict=True)))
    if source.task.overlapping:
        labels = range(len(source.task.labels))
        set_ = {bit: sum(n for value, n in counts.items() if value != UNKNOWN and value >> bit & 1) for bit in labels}
        counts = Counter({value: n for value, n in (set_ | {UNKNOWN: counts[UNKNOWN]}).items() if n})
    areas = areas_of(_things(label.ids, source)) if measure and _shrinks(label.ids.shape, source) else []
    return _Read(counts, label.unmapped, label.palette, label.used, tuple(areas))


def _things(ids: np.ndarray, source: Source) -> np.ndarray:
    """The mask with 0 for what is no thing: background, and what nobody knows."""
    task, nothing = source.task, [UNKNOWN]
    plain = ids.astype(np.int64)
    if task.exclusive:  # its first id is a label like the others, unless it is the background
        plain += 1
        nothing = [UNKNOWN + 1, *([task.labels.index(task.background) + 1] if task.background else [])]
    return np.where(np.isin(plain, nothing), 0, plain)


def _shrinks(shape: tuple[int, ...], source: Source) -> bool:
    """Whether an image is made half as large or less."""
    return source.geometry.name == "whole" and 2 * min(a / b for a, b in zip(source.size, shape, strict=True)) <= 1


def told_meaning(meant: Guess, held: Counts) -> str:
    """What masks are read as: each label with what stands for it, and the pixels that it has once they are read so."""
    rows = [
        (value, name, *_cells(held, number))
        for number, (value, name) in enumerate(zip(meant.values, meant.names, strict=True))
    ]
    if UNKNOWN in held:
        rows.append(("", "(nobody knows)", *_cells(held, UNKNOWN)))
    lines = [
        f"read as {meant.encoding['name']}, a {meant.kind} task\n",
        columns([["value", "label", "pixels", "masks"], *rows]),
    ]
    ids = meant.encoding.get("ids", [])
    gaps = sorted(set(range(ids[-1])) - set(ids) - set(meant.encoding.get("ignore", []))) if len(ids) > 1 else []
    if gaps:
        lines.append(f"\nnote    no mask holds {some(gaps)}; add to `ids` and `labels` what is a label all the same")
    if meant.note:
        lines.append(f"\nnote    {meant.note}")
    return "\n".join(lines)


def _cells(held: Counts, number: int) -> tuple[str, str]:
    pixels, masks = held.get(number, (0, 0))
    return f"{pixels:,}", str(masks)
