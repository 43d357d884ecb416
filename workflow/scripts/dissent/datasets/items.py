"""An image of a raw folder with its masks, and whether all can be called what they are called. No torch."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dissent.config.dataset import Source
from dissent.datasets.naming import odd_character
from dissent.datasets.problems import Problems

_LONGEST = 180  # bytes of a name: tiles and writers add some, and a file system takes 255


@dataclass(frozen=True)
class Item:
    """An image with its masks: none where it is unlabelled, one file a label where the encoding has folders."""

    id: str
    part: str
    image: Path
    source: str
    masks: tuple[Path | None, ...]
    group: str
    row: dict[str, str] = field(default_factory=dict)
    own: bool = False
    """its mask is one of ours, beside the raw files (datasets/own_masks.py)"""


def check_names(source: Source, items: Sequence[Item], problems: Problems) -> None:
    """Names must survive tables, file systems that ignore case, and spreadsheets."""
    seen: dict[str, Item] = {}
    files: dict[str, Item] = {}
    masks = {os.path.realpath(mask): mask for item in items for mask in item.masks if mask is not None}
    for item in items:
        real = os.path.realpath(item.image)
        if real in masks:
            problems.add(
                item.source, f"is a link to the mask {masks[real].name}, no image: remove it, or say `leave_out`"
            )
            continue
        twin = files.setdefault(real, item)
        if twin.part != item.part:
            problems.add(item.source, f"is in two of the `parts`, {twin.part} and {item.part}: take it out of one")
            continue
        other = seen.setdefault(item.id.casefold(), item)
        if other is not item:
            problems.append(f"{item.source} and {other.source}: {_alike(source, item.id == other.id)}")
        bad = odd_character(item.source) or (ascii("\\") if "\\" in item.id else "")
        if bad:
            problems.append(f"{item.source!a}: its name has the character {bad}; rename it")
        elif item.id[0] in "=+@-" or item.id != item.id.strip() or item.source != item.source.strip():
            problems.append(f"{item.source!r}: its name begins with one of = + @ - or has a blank at an end; rename it")
        elif len(item.id.encode()) > _LONGEST:
            problems.append(f"{item.source[:60]}...: its name is longer than {_LONGEST} bytes; rename it")


def _alike(source: Source, equal: bool) -> str:
    if not equal:
        return "differ in upper and lower case only"
    return "have the same name; " + (
        "rename one, as / becomes __ in it" if source.names == "path" else "say `names: path`"
    )
