"""What `prepare` decides on all raw files before it converts them, and checks on all of them behind that."""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from dissent.config.dataset import Source
from dissent.config.mask_encoding import Encoding
from dissent.datasets.convert import BadFiles, headers_of
from dissent.datasets.decode import Header, turned_size
from dissent.datasets.exif import Turns, decide_turns
from dissent.datasets.items import Item
from dissent.datasets.palettes import Palettes
from dissent.datasets.problems import Problems

log = logging.getLogger(__name__)


def settle(
    pool: ThreadPoolExecutor, source: Source, items: list[Item], raw: str | Path, problems: Problems
) -> tuple[list[Item], dict[str, Header], Turns]:
    """The items whose files fit together, the header of the image of each, and how they and their masks are turned."""
    headers = dict(each(pool, headers_of, [(item,) for item in items], problems, raw))
    items = [item for item in items if item.id in headers]
    drawn = [(item, headers[item.id][0], [] if item.own else headers[item.id][1]) for item in items]
    turns = decide_turns(source, drawn, problems)
    items = _of_one_size(source, items, headers, turns, problems)
    return items, {item.id: headers[item.id][0] for item in items}, turns


def each(
    pool: ThreadPoolExecutor, function: Callable, jobs: list[tuple], problems: Problems, raw: str | Path, verb: str = ""
) -> Iterator[tuple[str, Any]]:
    """(id, result) of each job that works; files and reasons of the others go to `problems`."""

    def guarded(job: tuple) -> tuple[str, Any, list[str]]:
        try:
            return job[0].id, function(*job), []
        except BadFiles as error:
            return job[0].id, None, [f"{_shown(path, Path(raw))}: {why}" for path, why in error.files]

    for count, (id_, result, bad) in enumerate(pool.map(guarded, jobs), 1):
        if verb and (count == len(jobs) or count % max(200, len(jobs) // 10) == 0):
            log.info("%s %d of %d", verb, count, len(jobs))
        if bad:
            problems += bad
        else:
            yield id_, result


def _shown(path: Path, raw: Path) -> str:
    return (path.relative_to(raw) if path.is_relative_to(raw) else path).as_posix()


def _of_one_size(
    source: Source, items: list[Item], headers: dict[str, tuple[Header, list[Header]]], turns: Turns, problems: Problems
) -> list[Item]:
    """The items whose masks have the size of their image, or may be brought to it."""
    fit, unequal = [], []
    for item in items:
        image, masks = headers[item.id]
        high, wide = turned_size(image.size, turns.image(image))
        sizes = [turned_size(mask.size, 1 if item.own else turns.mask(image, mask)) for mask in masks]
        wrong = [size for size in sizes if size != (high, wide)]
        if wrong:
            h, w = wrong[0]
            unequal.append(f"{item.source}: has {high} x {wide} pixels (height x width), and its mask {h} x {w}")
        if not wrong or source.on_size_mismatch == "resize":
            fit.append(item)
    if source.on_size_mismatch == "refuse":
        problems += [f"{text}; `on_size_mismatch: resize` if both show the same" for text in unequal]
    elif unequal:
        log.warning("%d masks are resized to the size of their images, e.g. %s", len(unequal), unequal[0])
    return fit


def check_unmapped(encoding: Encoding, found: dict[str, tuple[int, int]], problems: Problems) -> None:
    """Pixels that fit no colour, of all pixels: told, or refused where they are too many. `found`: both for each id."""
    unmapped, pixels = (sum(one[i] for one in found.values()) for i in (0, 1))
    if not unmapped or encoding.name != "colours":  # only colours can be unmapped
        return
    worst = max(found, key=lambda id_: found[id_][0])
    text = f"{unmapped} pixels of the masks ({unmapped / pixels:.3%}) fit no colour, {found[worst][0]} of {worst}"
    if unmapped > encoding.unmapped * pixels:
        problems.append(f"{text}; `unmapped: {encoding.unmapped}` allows less: look at `table` and `tolerance`")
    else:
        log.warning("%s; they count as unknown", text)


Used = list[tuple[Item, bytes, tuple[int, ...]]]
"""of each item with masks: the palette, if there is one, and the numbers that occur"""


def check_used(encoding: Encoding, masks: Used, raw: str | Path, problems: Problems) -> None:
    """What a number means must not differ from file to file."""
    if encoding.name == "index" and encoding.palettes == "alike":
        _check_palettes(masks, raw, problems)
    if encoding.name in ("folders", "channels") and encoding.threshold is None:
        first: dict[int, str] = {}
        for item, _, numbers in masks:
            first |= {number: item.source for number in numbers if number not in first}
        if {1, 255} <= first.keys():
            ignore = ", or `ignore: [255]` if 255 means that nobody knows" if encoding.name == "folders" else ""
            problems.add(
                first[255],
                f"its masks hold 255, and those of {first[1]} hold 1: say `threshold: 1` in `mask_encoding` if both mean that the "
                f"label is there{ignore}",
            )


def _check_palettes(masks: Used, raw: str | Path, problems: Problems) -> None:
    found = Palettes()
    for item, palette, numbers in masks:
        if palette and not item.own and (mask := item.masks[0]):
            found.add(mask.relative_to(raw).as_posix(), palette, numbers)
    if clash := found.clash():
        problems.append(
            f"the palettes of masks differ: {clash}. Say `mask_encoding: {{name: colours, table: ...}}` if colours count "
            "(`dissent init` writes the table), or `palettes: any` in `mask_encoding` if numbers do"
        )
