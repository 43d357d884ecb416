"""What an image is called, and the group of which all images stay in one subset of a split. No torch."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from dissent.config.dataset import Source, Table
from dissent.datasets.naming import plain
from dissent.datasets.problems import Problems

_FOLDERS = (r"^([^/]+)/", r"^(.+)/", r"^([^/]+)")  # pat00/f1: the first, the last, or what lies in none by itself
_NAMES = (
    r"^(.+)[-_. ][^-_. ]*\d[^-_. ]*$",  # pat00_f1, a_1_2, scan3-07b: all but the last part, which holds a number
    r"^(.+?)\d+$",  # a1, a2, b1
    r"^(.+?)(?:[-_. ][^-_. ]*\d[^-_. ]*)?$",  # the first, where some names have no such part
)
_BETWEEN = re.compile(r"(?<=\w)[-_\s]+(?=\w)|(?<=[a-z])(?=\d)")
_ZEROS = re.compile(r"(?<![\d.,])0+(?=\d)")
_FEWEST = 3  # two are rather old and new images, or two cameras
# what programs and people write into an empty cell
_NOTHING = ("nan", "na", "n/a", "none", "null", "nil", "-", "?", ".")
_ERROR = re.compile(r"#[A-Za-z/0]+[!?]?|<NA>|<NaT>")  # what spreadsheets and pandas do: #REF!
_SHORTENED = re.compile(r"[+-]?\d(\.\d+)?[eE][+-]\d{2,}")  # a long number, as a spreadsheet saves it


def id_of(source: Source, folder: str, key: str) -> str:
    """The id of an image: `key` is its path below `folder`, the one of its part, without extension and suffix."""
    return f"{folder}/{key}".replace("/", "__") if source.names == "path" else key.rsplit("/", 1)[-1]


def given_table(source: Source) -> Table:
    """The table of a data set that names columns, which has one."""
    assert source.table is not None, source
    return source.table


def group_of(source: Source, folder: str, key: str, row: dict, where: str, problems: Problems) -> str:
    """The group of an image: from its table row, its path, or its own id; `where` names it in `problems`."""
    id_ = id_of(source, folder, key)
    if source.group is None:
        return id_
    column, pattern = source.group.column, source.group.pattern
    if pattern is None:
        value = row[column]
        if why := _no_group(value):
            problems.add(where, f"has {why} {column} in {given_table(source).path}")
        return value
    group = found_in(pattern, key)
    if not group:
        problems.add(where, f"does not fit `group: {{pattern: {pattern}}}`, which is searched in {key}")
    return group or id_


def _no_group(value: str) -> str:
    """Why a cell says nothing of a group, as words before the column's name; "" if it does."""
    if not value:
        return "no"
    if value.casefold() in _NOTHING or _ERROR.fullmatch(value):
        return f"{value!r}, the word for an empty cell, as its"
    if _SHORTENED.fullmatch(value):
        return f"{value!r}, a number of which a spreadsheet has cut digits (save the column as text), as its"
    return ""


def found_in(pattern: str, key: str) -> str:
    """What a pattern finds in an image's path below the folder of its part: its first bracket, or the whole; "" if nothing.

    A pattern that names no / reaches over none: where it would, or finds nothing, it is searched in the name alone.
    """
    for text in dict.fromkeys((key, key.rsplit("/", 1)[-1])):
        match = re.search(pattern, text)
        found = (match.group(1 if match.re.groups else 0) or "") if match else ""
        if found and ("/" not in found or "/" in pattern):
            return found
    return ""


def told_apart(values: Iterable[tuple[str, str]], what: str, problems: Problems) -> None:
    """Refuse groups that are probably one, such as 0 and 0.0, A and a, pat01 and pat_1. `values`: pairs of value and file."""
    first: dict[str, tuple[str, str]] = {}
    told = set()
    for value, where in values:
        alike = _ZEROS.sub("", _BETWEEN.sub(" ", plain(value)))  # pat01, Pat 1 and pat_1
        other, there = first.setdefault(alike or value, (value, where))
        if other != value and value not in told:
            told.add(value)
            problems.add(
                where, f"{what} {value!r}, and {there} has {other!r}: write one of them, or rename one if they differ"
            )


@dataclass(frozen=True)
class Suggestion:
    """A pattern that finds fewer groups than images: how many images each has."""

    pattern: str
    images: Counter[str]

    def of(self, key: str) -> str:
        """The group of an image."""
        return found_in(self.pattern, key)


def suggested(keys: Iterable[str], names: bool = True) -> Suggestion | None:
    """A pattern that fits every image, where folders or names look like several images of one source; None: they do not.

    `keys`: paths below the folder of a part, without extension. Folders come first; where a name stands in two of them,
    names alone say nothing, nor without `names`.
    """
    every = list(keys)
    names = names and len({key.rsplit("/", 1)[-1] for key in every}) == len(every)
    folders = _FOLDERS if any("/" in key for key in every) else ()
    for pattern in (*folders, *(_NAMES if names else ())):
        groups = Counter(found_in(pattern, key) for key in every)
        if "" not in groups and _FEWEST <= len(groups) <= len(every) // 2:
            return Suggestion(pattern, groups)
    return None
