"""Near duplicates: images that are one picture, resized, compressed, turned, brightened, or cut from one scene.

`whole` and `parts` propose pairs from small descriptors, without comparing all pairs in Python; `likeness` then compares the
pixels of each, aligned, and decides. numpy and pillow only. How well it works: benchmarks/near.py, docs/how-to/own_data.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dissent.datasets.near import likeness, parts, whole
from dissent.datasets.near.views import Views, load_views

_MOST_PARTS = 20_000  # proposals of `parts` that are compared, those of most votes first


@dataclass(frozen=True)
class Pair:
    """Two images, by their numbers, that show the same."""

    first: int
    second: int
    turn: str
    """how the second lies to the first: "", flipped, rotated by 90 ..."""
    part: bool
    """whether a part of one is seen in the other, and not the same whole in both"""
    share: float
    """of the smaller image that the other shows too; 1 for whole images"""
    likeness: float
    """correlation of their details, 0 to 1"""
    brightness: bool
    """whether their grey levels differ by more than noise"""


@dataclass(frozen=True)
class Wanted:
    """Which pairs are asked for: a number a side and a group of each image, and the sides within which pairs count too."""

    sides: np.ndarray
    groups: np.ndarray
    within: tuple[int, ...] = ()

    def __call__(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Bool for arrays of image numbers."""
        sides = self.sides[first]
        across = (sides != self.sides[second]) | np.isin(sides, self.within)
        return across & (self.groups[first] != self.groups[second])


def find(paths: Sequence[Path], shapes: Sequence[tuple[int, int]], wanted: Wanted, folder: Path) -> list[Pair]:
    """The pairs among prepared images, likest first.

    `shapes`: (height, width) of what each image was made from, whose proportions count. `folder`: for two files that are
    as large as the small copies of all images (20 KB each), so that memory does not grow with these.
    """
    if len(paths) < 2:
        return []
    views = load_views(paths, shapes, folder)
    found = {}
    for first, second, turn in whole.proposals(views.thumbs, wanted):
        like = likeness.of_whole(views.thumbs[first], whole.TURNS[turn].of(views.thumbs[second]))
        if like.same:
            pair = Pair(first, second, whole.TURNS[turn].name, False, 1.0, like.value, like.brightness)
            found[first, second] = max(pair, found.get((first, second), pair), key=lambda one: one.likeness)
    for first, second, placed in parts.proposals(views, wanted)[:_MOST_PARTS]:
        if (first, second) not in found:
            like = _of_parts(views, first, second, placed)
            if like.same:
                found[first, second] = Pair(
                    first, second, "", not _is_whole(placed, like.share), like.share, like.value, like.brightness
                )
    return sorted(found.values(), key=lambda pair: (-pair.likeness, pair.first, pair.second))


def _is_whole(placed: parts.Placed, share: float) -> bool:
    """Whether one image lies on all of the other."""
    return share > 0.97 and abs(placed.scale - 1) < 0.04


def _of_parts(views: Views, first: int, second: int, placed: parts.Placed) -> likeness.Likeness:
    images = (views.canvases[first], views.canvases[second])
    return likeness.of_parts(images, (views.extents[first], views.extents[second]), placed)
