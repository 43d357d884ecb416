"""Which groups a draw takes: by a hash that nests, or as the papers' code does (scikit-learn, Python's shuffle).

`key`: the column that says which rows are drawn together, `group` or `id` (each window by itself).
"""

import hashlib
import random
from math import ceil, floor
from pathlib import PurePosixPath

import numpy as np

Row = dict[str, str]


class TooFew(ValueError):
    """More images are asked for than there are."""


def unit_of(rows: list[Row]) -> str:
    """What a row of files.csv is: an image, or a tile of one."""
    return "tiles" if rows and rows[0].get("window") else "images"


def nested(rows: list[Row], share: int | float, seed: int, subset: str, key: str = "group") -> list[Row]:
    """About `share` (count or fraction) of `rows`, whole groups; less of it for the same seed is a part of more.

    Groups come in the order of a hash of seed, subset and group, and as many are taken as come nearest to the share.
    Images without a mask are passed over, except for `unlabelled`. TooFew when there are not enough others.
    """
    wanted = floor(share * len(rows) + 0.5) if isinstance(share, float) else share
    groups = _groups(rows, key, masked=subset != "unlabelled")
    if sum(map(len, groups.values())) < wanted:
        raise TooFew(f"{wanted} {unit_of(rows)} are asked for, and {sum(map(len, groups.values()))} are there")
    order = sorted(groups, key=lambda group: hashlib.sha256(f"{seed}/{subset}/{group}".encode()).digest())
    sizes = np.cumsum([0, *[len(groups[group]) for group in order]])
    count = int(np.abs(sizes - wanted).argmin())
    count = max(count, 1) if share else 0
    return [row for group in order[:count] for row in groups[group]]


def as_sklearn(rows: list[Row], share: int | float, seed: int, rest: bool, key: str = "group") -> list[Row]:
    """What scikit-learn's train_test_split(names, random_state=seed) gives, names sorted as Windows lists files.

    `share` is that of the second list, the one for tests (size: the next whole number), which is the result; with
    `rest` it is that of the first list, which is the result then.
    """
    groups = _groups(rows, key, masked=True)
    names = _as_windows_lists(groups, key)
    part = share
    if rest:
        part = round(1 - share, 12) if isinstance(share, float) else len(names) - share
    count = ceil(part * len(names)) if isinstance(part, float) else part
    if not 0 <= count <= len(names):
        raise TooFew(f"{share} are asked for, and {len(names)} are there")
    first, second = permutation_split(len(names), count, seed)
    return [row for index in (first if rest else second) for row in groups[names[index]]]


def as_shuffled(rows: list[Row], share: int | float, seed: int, key: str = "group") -> list[Row]:
    """The first of the names after random.seed(seed), random.shuffle(names): as many whole ones as `share` gives."""
    groups = _groups(rows, key, masked=True)
    names = _as_windows_lists(groups, key)
    count = int(share * len(names)) if isinstance(share, float) else share
    if count > len(names):
        raise TooFew(f"{share} are asked for, and {len(names)} are there")
    random.Random(seed).shuffle(names)
    return [row for name in names[:count] for row in groups[name]]


def permutation_split(length: int, second: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the two lists of train_test_split, `second` of them in the second, in scikit-learn's order."""
    order = np.random.RandomState(seed).permutation(length)
    return order[second:], order[:second]


def _as_windows_lists(groups: dict[str, list[Row]], key: str) -> list[str]:
    """The groups in the order of their files' names there; windows are files of their own in the papers' code."""

    def name(row: Row) -> str:
        return f"{row['id']}.png".upper() if key == "id" else PurePosixPath(row["source"]).name.upper()

    return sorted(groups, key=lambda group: min(map(name, groups[group])))


def _groups(rows: list[Row], key: str, masked: bool) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        if row["label"] or not masked:
            groups.setdefault(row[key], []).append(row)
    return groups
