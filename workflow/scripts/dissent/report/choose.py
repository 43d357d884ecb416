"""Which images the page shows: chosen by rule from masks.csv, not by hand."""

from collections.abc import Sequence
from dataclasses import dataclass

from dissent.core.seeds import generator

_DOUBT = ("doubt_share", "doubt_pixels")
"""what orders images: where nothing is left out of a label all shares are 0, and teachers differ all the same"""


@dataclass(frozen=True)
class Group:
    """Some rows of masks.csv, and the rule by which they were taken."""

    name: str
    rule: str
    rows: list[dict]


def choose(rows: Sequence[dict], each: int = 4) -> list[Group]:
    """Groups of images for the page: most and least doubtful, random, dropped, and most changed. No group is empty."""
    changed = [row for row in rows if row["changed_share"]]
    groups = [
        Group("Most doubtful", "the largest share of doubted pixels", _top(rows, _DOUBT, each)),
        Group("Least doubtful", "the smallest share of doubted pixels", _top(rows, _DOUBT, each, sign=1)),
        Group("Random", "drawn with a fixed seed", _drawn(rows, each)),
        Group(
            "Dropped",
            "drawn with a fixed seed from those that no student saw",
            _drawn([row for row in rows if row["kept"] != "1"], each),
        ),
        Group(
            "Most changed",
            "the largest share of agreed pixels whose label is another one than in the generation before",
            _top(changed, ("changed_share",), each),
        ),
    ]
    return [group for group in groups if group.rows]


def _top(rows: Sequence[dict], columns: Sequence[str], each: int, sign: int = -1) -> list[dict]:
    return sorted(rows, key=lambda row: (*(sign * float(row[name]) for name in columns), row["id"]))[:each]


def _drawn(rows: Sequence[dict], each: int) -> list[dict]:
    picked = generator("sheet").permutation(len(rows))[:each]
    return [rows[index] for index in sorted(picked)]
