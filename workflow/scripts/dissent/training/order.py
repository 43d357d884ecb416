"""Which images a training step draws: all equally often, or those of rare classes more often. Knows no method."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from dissent.core.files import MOST_BY_LABEL, UNKNOWN
from dissent.core.seeds import count_of, generator
from dissent.core.task import Task

Draw = Callable[[int], list[int]]
"""from a step to the numbers of its images; it needs no history, so resume is free"""


class Order:
    """An endless shuffled stream of 0..count-1, cut into batches."""

    def __init__(self, count: int, batch: int, key: tuple):
        self.count, self.batch, self.key = count, batch, key
        self._epoch, self._permutation = -1, np.zeros(0, np.int64)

    def __call__(self, step: int) -> list[int]:
        return [self._at(position) for position in range(step * self.batch, (step + 1) * self.batch)]

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
        return RareOrder(holders, chances / chances.sum(), count_of(self.options["share"], batch), key)

    def _pixels(self, label_HW: np.ndarray) -> list[int]:
        """Known pixels of each class, and of all."""
        known = int(np.count_nonzero(label_HW != UNKNOWN))
        if self.task.by_label:  # where a label may be unknown by itself, the bits above say of which
            label_HW = label_HW & ~(label_HW >> np.uint8(MOST_BY_LABEL))
        return [*self.task.pixels(label_HW), known]


@dataclass(frozen=True)
class RareOrder:
    """An endless stream of images: a class by its chance, then one of those that hold it."""

    holders: list[np.ndarray]
    """of each class, the numbers of images"""
    chances: np.ndarray
    batch: int
    key: tuple

    def __call__(self, step: int) -> list[int]:
        random = generator(*self.key, "rare", step)
        classes = random.choice(len(self.holders), self.batch, p=self.chances)
        return [int(random.choice(self.holders[number])) for number in classes]
