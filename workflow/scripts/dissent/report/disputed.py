"""Which labels teachers dispute: of each label the share in doubt, and which two classes they take for one another."""

from collections import Counter
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from dissent.core.files import read_mask, verify
from dissent.core.seeds import generator
from dissent.core.task import Task
from dissent.report.run_results import Generation, Story

MEAN = 0  # the number in predictions.csv of what is no teacher of its own
SAMPLE = 200  # images that are read; of more, that many are drawn with a fixed seed


@dataclass(frozen=True)
class Disputed:
    """What teachers dispute in the images that were read."""

    images: int
    of: int
    """images that there are"""
    doubt: dict[str, float] = field(default_factory=dict)
    """label -> of the pixels that any teacher gives it, the share that not all do; labels that no teacher names are left out"""
    pairs: list[tuple[str, str, float]] = field(default_factory=list)
    """of classes that exclude each other: two of them, and of all that two teachers dispute the share that is between these"""


def disputed(story: Story) -> Disputed:
    """What the teachers of the generation that is pictured say of each label, beside each other."""
    if not story.labelled_by_teachers:
        return Disputed(0, 0)
    one, task = story.pictured, Task(story.params["task"])
    names = sorted(one.predictions)
    drawn = generator("disputed").permutation(len(names))[:SAMPLE]
    any_all = np.zeros((2, len(task.histogram_names)), np.int64)
    between: Counter[tuple[int, int]] = Counter()
    for index in sorted(drawn):
        masks = _said(one, names[index])
        any_all += _counted(task, masks)
        between.update(_between(masks) if task.exclusive else {})
    said, agreed = any_all
    labels = task.histogram_names
    found = {
        name: 1 - int(agreed[i]) / int(said[i])
        for i, name in enumerate(labels)
        if said[i] and name in task.foreground_names
    }
    whole = sum(between.values())
    pairs = [(labels[a], labels[b], count / whole) for (a, b), count in between.most_common()]
    return Disputed(len(drawn), len(names), found, pairs)


def _said(one: Generation, name: str) -> list[np.ndarray]:
    rows = [row for number, row in sorted(one.predictions[name].items()) if number != MEAN]
    for row in rows:
        verify(row["prediction"], row["sha256"], one.folder / "predictions.csv")
    return [read_mask(row["prediction"]) for row in rows]


def _counted(task: Task, masks: list[np.ndarray]) -> np.ndarray:
    """(2, names): pixels that any teacher gives the label, and pixels that all do."""
    found = np.zeros((2, len(task.histogram_names)), np.int64)
    if task.bits:
        several = np.stack(masks)
        found[0] = task.pixels(np.bitwise_or.reduce(several))
        found[1] = task.pixels(np.bitwise_and.reduce(several))
        return found
    for index in set().union(*(np.unique(mask).tolist() for mask in masks)):
        planes = np.stack([mask == index for mask in masks])
        found[:, index] = planes.any(0).sum(), planes.all(0).sum()
    return found


def _between(masks: list[np.ndarray]) -> dict[tuple[int, int], int]:
    """Pixels that two teachers give other classes, by these two classes, the lower id first."""
    found: Counter[tuple[int, int]] = Counter()
    for one, other in combinations(masks, 2):
        differ = one != other
        low, high = np.minimum(one, other)[differ], np.maximum(one, other)[differ]
        codes, counts = np.unique(low.astype(np.uint16) * 256 + high, return_counts=True)
        found.update(
            {(int(code) // 256, int(code) % 256): int(count) for code, count in zip(codes, counts, strict=True)}
        )
    return found
