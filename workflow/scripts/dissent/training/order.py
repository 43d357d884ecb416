"""Which images a training step draws: all equally often, or those of rare classes more often. Knows no method."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from dissent.core.files import MOST_BY_LABEL, UNKNOWN
from dissent.core.seeds import count_of, generator
from dissent.core.task import Task


class Draw(Protocol):
    """From a step to the numbers of its images; it needs no history, so resume is free."""

    def __call__(self, step: int) -> list[int]: ...

    def wanted(self, step: int) -> list[int]:
        """The class for which each of them is drawn, by its number in `Task.histogram_names`; -1: for none."""
        ...


def subset(rows: list[dict], share: float, key: tuple) -> list[dict]:
    """Pairs with a part of those labelled by annotators: at least one, drawn anew for every member."""
    if share >= 1:
        return rows
    people = [index for index, row in enumerate(rows) if row["origin"] != "pseudo"]
    kept = (
        set(generator(*key).choice(people, count_of(share, len(people)), replace=False).tolist()) if people else set()
    )
    return [row for index, row in enumerate(rows) if row["origin"] == "pseudo" or index in kept]


class Order:
    """An endless shuffled stream of 0..count-1, cut into batches."""

    def __init__(self, count: int, batch: int, key: tuple):
        self.count, self.batch, self.key = count, batch, key
        self._epoch, self._permutation = -1, np.zeros(0, np.int64)

    def __call__(self, step: int) -> list[int]:
        return [self._at(position) for position in range(step * self.batch, (step + 1) * self.batch)]

    def wanted(self, step: int) -> list[int]:
        """For no class."""
        return [-1] * self.batch

    def _at(self, position: int) -> int:
        epoch, index = divmod(position, self.count)
        if epoch != self._epoch:
            self._epoch, self._permutation = epoch, generator(*self.key, "order", epoch).permutation(self.count)
        return int(self._permutation[index])


@dataclass(frozen=True)
class RareClasses:
    """Draws images by the classes that they hold, rare ones more often (DAFormer, Hoyer et al. 2022, equation 6)."""

    task: Task
    options: Mapping
    """those of `config.rare_classes.RareClasses`"""

    def order(self, labels: Iterable[np.ndarray], batch: int, key: tuple) -> "RareOrder | None":
        """What draws its share of a batch of these labels (H, W) each; None where none of them holds a class."""
        pixels = np.array([self._pixels(label) for label in labels], np.int64)
        held, counts = pixels[:, :-1] >= self.options["least_pixels"], pixels.sum(0)
        if self.task.doubt_class:
            held[:, 0] = False
        classes = np.flatnonzero(held.any(0))
        if not len(classes):
            return None
        # P(c) ~ exp((1 - f_c) / T), f_c the share of known pixels that have the class
        rarity = (1 - counts[classes] / max(1, counts[-1])) / self.options["temperature"]
        chances = np.exp(rarity - rarity.max())
        holders = [np.flatnonzero(held[:, number]) for number in classes]
        return RareOrder(classes, holders, chances / chances.sum(), count_of(self.options["share"], batch), key)

    def _pixels(self, label_HW: np.ndarray) -> list[int]:
        """Known pixels of each class, and of all."""
        known = int(np.count_nonzero(label_HW != UNKNOWN))
        if self.task.by_label:  # where a label may be unknown by itself, the bits above say of which
            label_HW = label_HW & ~(label_HW >> np.uint8(MOST_BY_LABEL))
        return [*self.task.pixels(label_HW), known]


@dataclass(frozen=True)
class RareOrder:
    """An endless stream of images: a class by its chance, then one of those that hold it."""

    classes: np.ndarray
    """their numbers in `Task.histogram_names`"""
    holders: list[np.ndarray]
    """of each class, the numbers of images"""
    chances: np.ndarray
    batch: int
    key: tuple

    def __call__(self, step: int) -> list[int]:
        chosen, random = self._chosen(step)
        return [int(random.choice(self.holders[number])) for number in chosen]

    def wanted(self, step: int) -> list[int]:
        """The class of each."""
        return [int(self.classes[number]) for number in self._chosen(step)[0]]

    def _chosen(self, step: int) -> tuple[np.ndarray, np.random.Generator]:
        """Which classes are drawn, and what draws their images."""
        random = generator(*self.key, "rare", step)
        return random.choice(len(self.holders), self.batch, p=self.chances), random


def places(task: Task, target_BHW: Tensor, wanted: Sequence[int]) -> Tensor:
    """Where each image of a batch has the class for which it was drawn, bool (B, H, W); nowhere, where it was for none."""
    number, known_BHW = torch.tensor(wanted, device=target_BHW.device)[:, None, None], target_BHW != UNKNOWN
    if task.by_label:
        target_BHW = target_BHW & ~(target_BHW >> MOST_BY_LABEL)
    has = (target_BHW >> number.clamp(min=0)) & 1 == 1 if task.bits else target_BHW == number
    return has & known_BHW & (number >= 0)
