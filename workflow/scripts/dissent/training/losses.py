"""Losses by name, for every kind of task; several are added up.

They leave out pixels that nobody knows (255). A batch of such pixels costs 0.
"""

from collections.abc import Sequence

from torch import Tensor

from dissent.core.task import Task


def mean(values: Tensor, weight: Tensor, norm: Tensor | None = None) -> Tensor:
    """Weighted mean of values `(B, C or 1, H, W)`; 0 where all weights are 0.

    `norm` replaces the sum of the weights.
    """
    total = (values * weight).sum()
    if norm is None:
        norm = weight.expand_as(values).sum()
    return total / norm.clamp(min=1.0)


def mse(task: Task, logits_BCHW: Tensor, planes_BCHW: Tensor, known_B1HW: Tensor) -> Tensor:
    """Squared error of the probabilities (published for binary and multilabel tasks, section 3).

    A target above 1 (`mse_targets`) is never reached: it weighs the pixels that have the label.
    """
    if task.mse_targets is not None:
        planes_BCHW = planes_BCHW * planes_BCHW.new_tensor(task.mse_targets)[:, None, None]
    return mean((task.probabilities(logits_BCHW) - planes_BCHW).square(), known_B1HW)


def cross_entropy(task: Task, logits_BCHW: Tensor, planes_BCHW: Tensor, known_B1HW: Tensor) -> Tensor:
    """Cross-entropy: softmax for multiclass (published), sigmoid for binary and multilabel."""
    return mean(task.cross_entropy(logits_BCHW, planes_BCHW), known_B1HW)


def dice(task: Task, logits_BCHW: Tensor, planes_BCHW: Tensor, known_B1HW: Tensor) -> Tensor:
    """1 - soft Dice over the batch, mean of the labels that occur in the target (0 where none does)."""
    probabilities = task.probabilities(logits_BCHW) * known_B1HW
    planes = planes_BCHW * known_B1HW
    both = (probabilities * planes).sum((0, 2, 3))
    size = (probabilities + planes).sum((0, 2, 3))
    occurs = (planes.sum((0, 2, 3)) > 0).float()
    return ((1 - (2 * both + 1) / (size + 1)) * occurs).sum() / occurs.sum().clamp(min=1.0)


LOSSES = {"mse": mse, "ce": cross_entropy, "bce": cross_entropy, "dice": dice}


class Loss:
    """The sum of named losses for one task: `loss(logits_BCHW, target_BHW) -> scalar`."""

    def __init__(self, task: Task, names: Sequence[str]):
        self.task = task
        self.parts = [LOSSES[name] for name in names]

    def __call__(self, logits_BCHW: Tensor, target_BHW: Tensor) -> Tensor:
        planes, known = self.task.planes(target_BHW)
        first, *others = (part(self.task, logits_BCHW, planes, known) for part in self.parts)
        return sum(others, start=first)
