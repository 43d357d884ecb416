"""Nearly the same image in two subsets of a split, and one image with two masks: a part of `dissent check`.

Equal pixels in two subsets are refused by the split itself. What is only alike is told and never refused: frames of a video are
alike too, and whether that is a fault only a person knows.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dissent.core.files import UNKNOWN, read_mask, read_rows, read_table, write_table
from dissent.core.seeds import generator
from dissent.core.task import Task
from dissent.core.words import some
from dissent.datasets.near import Found, Pair, Wanted, find

_WORST_FIRST = ("test", "val", "labelled", "unlabelled")
COLUMNS = ("subset", "image", "other_subset", "other_image", "how", "likeness")
MOST_COMPARED = 10_000  # images that are compared; of more unlabelled ones a part is drawn
_ALL = 0.97  # of the smaller image
_TWINS = 0.97  # likeness from which two masks should be one
_CROWD = 0.05  # of the pairs that were asked for: as many are alike for another reason than a copy
_APART = 0.3  # of the pixels where either mask shows something


class Alike(NamedTuple):
    """Two images that are nearly one, the subset that is judged by first."""

    subsets: tuple[str, str]
    names: tuple[str, str]
    how: str
    likeness: float

    def __str__(self) -> str:
        (one, other), (subset, where) = self.names, self.subsets
        return f"{one} ({subset}) and {other} ({where}): {self.how}"


def check_alike(prepared: Path, split: Path, task: Task, table: Path) -> tuple[list[str], list[str]]:
    """Notes and warnings; all pairs are written to `table`, if there are any."""
    rows, left_out = _rows(prepared, split)
    notes = [f"of unlabelled images {left_out:,} are not searched for near duplicates"] if left_out else []
    warnings: list[str] = []
    masks = _one_image_two_masks(rows, prepared)
    across = []
    found = _found(rows, prepared)
    crowd = is_crowd(found, len(rows))
    for pair in found.pairs:
        one, other = rows[pair.first], rows[pair.second]
        if one["subset"] != other["subset"]:
            names = one["id"], other["id"]
            across.append(Alike((one["subset"], other["subset"]), names, _how(pair, one, other), pair.likeness))
        elif not crowd and (
            pair.likeness >= _TWINS and not pair.part and not pair.turn and one["image_sha256"] != other["image_sha256"]
        ):
            masks += _two_masks(one, other, prepared, task)
    if across:
        shown = [(*_column(one.subsets, one.names), one.how, f"{one.likeness:.3f}") for one in across]
        write_table(table, [dict(zip(COLUMNS, values, strict=True)) for values in shown], COLUMNS)
    loud = [one for one in across if one.subsets != ("labelled", "unlabelled")]
    quiet = [one for one in across if one.subsets == ("labelled", "unlabelled")]
    if crowd:
        (warnings if loud else notes).append(_told_crowd(found.alike, across, table))
    elif loud:
        warnings.append(_told(loud, table))
    if quiet and not crowd:
        several = (
            f"{len(quiet):,} pairs of a labelled and an unlabelled image are"
            if quiet[1:]
            else "a labelled and an unlabelled image are"
        )
        notes.append(
            f"{several} nearly the same, and teach little beside each other: {some(quiet, between='; ')}. All stand in {table}"
        )
    if masks:
        notes.append(
            f"one image with two masks that differ: {some(masks, between='; ')}. Keep the right one, or mark what is open as ignored"
        )
    return notes, warnings


def is_crowd(found: Found, images: int) -> bool:
    """Whether so many pairs are alike that a copy cannot be told; a few copies are much of a few images."""
    return found.alike > _CROWD and len(found.pairs) > images


def _column(subsets: tuple[str, str], names: tuple[str, str]) -> tuple[str, ...]:
    return subsets[0], names[0], subsets[1], names[1]


def _rows(prepared: Path, split: Path) -> tuple[list[dict], int]:
    """Rows of files.csv with their subset, those first by which is judged; and how many unlabelled ones are left out."""
    subsets = {row["id"]: subset for subset in _WORST_FIRST for row in read_rows(split / f"{subset}.csv", ("id",))}
    rows = [row | {"subset": subsets[row["id"]]} for row in read_table(prepared / "files.csv") if row["id"] in subsets]
    rows.sort(key=lambda row: _WORST_FIRST.index(row["subset"]))
    judged = sum(row["subset"] != "unlabelled" for row in rows)
    room, others = max(0, MOST_COMPARED - judged), len(rows) - judged
    if others <= room:
        return rows, 0
    kept = np.sort(generator("near", "unlabelled").choice(others, room, replace=False)) + judged
    return rows[:judged] + [rows[index] for index in kept], others - room


def _found(rows: Sequence[Mapping], prepared: Path) -> Found:
    groups = {name: number for number, name in enumerate(dict.fromkeys(row["group"] for row in rows))}
    wanted = Wanted(
        np.array([_WORST_FIRST.index(row["subset"]) for row in rows], np.int8),
        np.array([groups[row["group"]] for row in rows], np.int64),
        within=tuple(range(_WORST_FIRST.index("unlabelled"))),
    )
    paths = [prepared / "images" / f"{row['id']}.png" for row in rows]
    return find(paths, [shape_of(row) for row in rows], wanted, prepared)


def shape_of(row: Mapping) -> tuple[int, int]:
    """Height and width of the raw image; of a window, whose scale is its own, (1, 1)."""
    return (int(row["raw_height"]), int(row["raw_width"])) if row.get("raw_height") else (1, 1)


def _how(pair: Pair, one: Mapping, other: Mapping) -> str:
    if pair.part and pair.share >= _ALL:
        return "one is a crop of the other"
    if pair.part:
        return f"overlapping crops, which share {pair.share:.0%} of the smaller one"
    words = [pair.turn] if pair.turn else []
    if sorted(shape_of(one)) != sorted(shape_of(other)):
        words.append("resized")
    if pair.brightness:
        words.append("other brightness or contrast")
    kinds = {Path(row["source"].split("#")[0]).suffix.lower() for row in (one, other)}
    if len(kinds) > 1 or not words:
        words.append("compressed anew" if kinds & {".jpg", ".jpeg"} else "almost the same pixels")
    return ", ".join(words)


def _one_image_two_masks(rows: Sequence[Mapping], prepared: Path) -> list[str]:
    """Images of one subset with equal pixels whose masks differ."""
    first: dict[tuple[str, str], Mapping] = {}
    found = []
    for row in rows:
        other = first.setdefault((row["subset"], row["image_sha256"]), row)
        if row["subset"] != "unlabelled" and other["label_sha256"] != row["label_sha256"]:
            share = float((_mask(other, prepared) != _mask(row, prepared)).mean())
            found.append(f"{other['id']} and {row['id']} ({row['subset']}), at {share:.2%} of the pixels")
    return found


def _two_masks(one: Mapping, other: Mapping, prepared: Path, task: Task) -> Iterator[str]:
    """Words on two images that are nearly one, where their masks are not."""
    first, second = _mask(one, prepared), _mask(other, prepared)
    known = (first != UNKNOWN) & (second != UNKNOWN)
    something = known & ((first != task.background) | (second != task.background))
    differ = known & (first != second)
    if differ.sum() > _APART * max(1, something.sum()):
        yield f"{one['id']} and {other['id']} ({one['subset']}), at {float(differ.mean()):.2%} of the pixels"


def _mask(row: Mapping, prepared: Path) -> np.ndarray:
    return read_mask(prepared / "labels" / f"{row['id']}.png")


def _told(pairs: Sequence[Alike], table: Path) -> str:
    counts = Counter(" and ".join(one.subsets) for one in pairs)
    where = ", ".join(f"{count:,} in {subsets}" for subsets, count in counts.items())
    several = (
        f"{len(pairs):,} pairs of images that are nearly the same lie"
        if pairs[1:]
        else "two images that are nearly the same lie"
    )
    return (
        f"{several} in two subsets of the split ({where}), so scores are too good: {some(pairs, between='; ')}. Say with `group` which images belong "
        f"together (frames of a video, crops of a slide), or leave one of each pair out. All stand in {table}"
    )


def _told_crowd(share: float, pairs: Sequence[Alike], table: Path) -> str:
    return (
        f"about {share:.0%} of all pairs of images look nearly the same: they share a background (a fixed camera, a frame, a "
        f"plate), or are frames of a few scenes, so that copies cannot be told from others. Say with `group` which images "
        f"belong together, if some do. The likest: {some(pairs, between='; ')}. More stand in {table}"
    )
