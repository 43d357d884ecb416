"""Which images of the pool are nearly the same as another one, or as one that has its mask already."""

import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from dissent.cli.check.alike import MOST_COMPARED, is_crowd, shape_of
from dissent.core.columns import DISJOINT
from dissent.core.files import read_rows, read_table
from dissent.datasets.near import Wanted, find

_PART = 0.5
"""of the tiles of the smaller image, that have to be alike"""


def duplicates(
    prepared: Path, split: Path, sources: Sequence[str], tiles: Mapping[str, Sequence[str]]
) -> tuple[list[tuple[int, int]], dict[int, str], str]:
    """(pairs of places in `sources`, place -> id of the image with a mask that it is like, a note or "")."""
    about = {row["id"]: row for row in read_table(prepared / "files.csv", ("id",))}
    owner = {name: place for place, source in enumerate(sources) for name in tiles[source]}
    masked = [
        row["id"]
        for subset in DISJOINT
        if subset != "unlabelled"
        for row in read_rows(split / f"{subset}.csv", ("id",))
        if row["id"] in about
    ]
    names = [*owner, *masked][:MOST_COMPARED]
    subsets = np.array([int(name not in owner) for name in names], np.int8)
    with tempfile.TemporaryDirectory() as folder:
        found = find(
            [prepared / "images" / f"{name}.png" for name in names],
            [shape_of(about[name]) for name in names],
            Wanted(subsets, np.arange(len(names)), within=(0,)),
            Path(folder),
        )
    if is_crowd(found, len(names)):
        told = f"about {found.alike:.0%} of all pairs of images look nearly the same, so copies cannot be told from others and none is passed over"
        return [], {}, told
    both: Counter[tuple[int, int]] = Counter()
    like: dict[int, Counter[str]] = {}
    for pair in found.pairs:
        one, other = (names[number] for number in (pair.first, pair.second))
        if other not in owner:
            like.setdefault(owner[one], Counter())[other] += 1
        elif owner[one] != owner[other]:
            both[owner[one], owner[other]] += 1

    def enough(times: int, *places: int) -> bool:
        return times >= _PART * min(len(tiles[sources[place]]) for place in places)

    pairs = [places for places, times in both.items() if enough(times, *places)]
    return pairs, {place: next(iter(many)) for place, many in like.items() if enough(sum(many.values()), place)}, ""
