"""Filters on one row of masks.csv: (row, the classes that each teacher sees, task) -> the reason to drop it, or ""."""

from collections.abc import Mapping, Sequence

from dissent.task import Task


def everything(row: Mapping, seen: Sequence[frozenset[int]], task: Task) -> str:
    """Keep every image."""
    return ""


def larger(row: Mapping, seen: Sequence[frozenset[int]], task: Task) -> str:
    """Keep where the agreed foreground is larger than the doubt and not empty (published for ISIC, section 5.1).

    Other kinds of task than binary have no such foreground: there every image is kept, as published.
    """
    if not task.one_foreground:
        return ""
    if row["agreed_pixels"] == 0:
        return "teachers agree on no foreground"
    if row["agreed_pixels"] <= row["doubt_pixels"]:
        return "doubt is not smaller than the agreed foreground"
    return ""


def same_classes(row: Mapping, seen: Sequence[frozenset[int]], task: Task) -> str:
    """Keep where all teachers predict the same set of classes (published as an option, section 5.1)."""
    return "" if len(set(seen)) == 1 else "teachers see different classes"
