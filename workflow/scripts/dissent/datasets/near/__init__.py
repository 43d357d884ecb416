"""Near duplicates: images that are one picture, resized, compressed, turned, brightened, or cut from one scene.

`whole` and `parts` propose pairs from small descriptors, without comparing all pairs in Python; `likeness` then compares the
pixels of each, aligned, and decides. numpy and pillow only. How well it works: benchmarks/near.py, docs/how-to/own_data.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dissent.datasets.near import likeness, parts, whole
from dissent.datasets.near.shared import Shared, shared
from dissent.datasets.near.views import Views, load_views

_MOST_WHOLE = 20_000  # proposals of `whole` that are compared, the likest first, so that time and memory have a bound
_MOST_PARTS = 20_000  # of `parts`, those of most votes first
_SELF = 0.02  # of the canvas: nearer than that, one image lies on the other as it is


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
    """Which pairs are asked for: a number a subset and a group of each image, and the subsets within which pairs count too."""

    subsets: np.ndarray
    groups: np.ndarray
    within: tuple[int, ...] = ()

    def __call__(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Bool for arrays of image numbers."""
        subsets = self.subsets[first]
        across = (subsets != self.subsets[second]) | np.isin(subsets, self.within)
        return across & (self.groups[first] != self.groups[second])

    def count(self) -> int:
        """How many pairs are asked for, those of one group among them."""
        every = np.bincount(self.subsets).astype(np.int64)
        inside = sum(int(every[subset]) ** 2 for subset in range(len(every)) if subset not in self.within)
        return (int(every.sum()) ** 2 - inside) // 2


@dataclass(frozen=True)
class Found:
    """The pairs that were found, likest first, and `alike`: about what share of all pairs that were asked for is alike."""

    pairs: list[Pair]
    alike: float


def find(paths: Sequence[Path], shapes: Sequence[tuple[int, int]], wanted: Wanted, folder: Path) -> Found:
    """The pairs among prepared images.

    `shapes`: (height, width) of what each image was made from, whose proportions count. `folder`: for two files that are
    as large as the small copies of all images (20 KB each), so that memory does not grow with these.
    """
    if len(paths) < 2:
        return Found([], 0.0)
    views = load_views(paths, shapes, folder)
    common = shared(views)
    found = {}
    proposed, total = whole.proposals(views.thumbs, wanted, _MOST_WHOLE)
    for first, second, turn in proposed:
        laid = whole.TURNS[turn]
        like = likeness.of_whole(views.thumbs[first], views.thumbs[second], laid, common)
        if like.same:
            found[first, second] = Pair(first, second, laid.name, False, 1.0, like.value, like.brightness)
    alike = total * len(found) / max(1, len(proposed))
    for first, second, placed in _placed(parts.proposals(views, wanted), common)[:_MOST_PARTS]:
        if (first, second) not in found:
            like = _of_parts(views, first, second, placed, common)
            if like.same:
                found[first, second] = Pair(
                    first, second, "", not _is_whole(placed, like.share), like.share, like.value, like.brightness
                )
    ranked = sorted(found.values(), key=lambda pair: (-pair.likeness, pair.first, pair.second))
    return Found(ranked, max(alike, len(ranked)) / max(1, wanted.count()))


def _placed(
    proposals: list[tuple[int, int, parts.Placed]], common: Shared | None
) -> list[tuple[int, int, parts.Placed]]:
    """Where all images share something, it lies on itself in all pairs; such pairs were compared as a whole."""
    if common is None:
        return proposals
    return [one for one in proposals if abs(one[2].scale - 1) > 0.04 or max(abs(one[2].y), abs(one[2].x)) > _SELF]


def _is_whole(placed: parts.Placed, share: float) -> bool:
    """Whether one image lies on all of the other."""
    return share > 0.97 and abs(placed.scale - 1) < 0.04


def _of_parts(views: Views, first: int, second: int, placed: parts.Placed, common: Shared | None) -> likeness.Likeness:
    images = (views.canvases[first], views.canvases[second])
    return likeness.of_parts(images, (views.extents[first], views.extents[second]), placed, common)
