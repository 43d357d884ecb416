"""Losses by name, for every kind of task; several are added up.

They leave out pixels that nobody knows (255). A batch of such pixels costs 0.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import torch
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


def dice(
    task: Task, logits_BCHW: Tensor, planes_BCHW: Tensor, known_B1HW: Tensor, decided_BCHW: Tensor | None = None
) -> Tensor:
    """1 - soft Dice over the batch, mean of the labels that occur in the target (0 where none does).

    `decided_BCHW`: of soft planes those of the decided label, which tell what occurs: each has a little of every label.
    """
    probabilities = task.probabilities(logits_BCHW) * known_B1HW
    planes = planes_BCHW * known_B1HW
    both = (probabilities * planes).sum((0, 2, 3))
    size = (probabilities + planes).sum((0, 2, 3))
    occurring = planes if decided_BCHW is None else decided_BCHW * known_B1HW
    occurs = (occurring.sum((0, 2, 3)) > 0).float()
    return ((1 - (2 * both + 1) / (size + 1)) * occurs).sum() / occurs.sum().clamp(min=1.0)


def ohem(
    task: Task,
    logits_BCHW: Tensor,
    planes_BCHW: Tensor,
    known_B1HW: Tensor,
    threshold: float = 0.7,
    share: float = 0.08,
) -> Tensor:
    """Cross-entropy of hard pixels: whose true label has a probability q of `threshold` at most, and of the hardest `share`
    of the batch's pixels at least; of all that are known, where they are fewer.

    (Shrivastava et al. 2016, as in the codes of U2PL, iMAS and UniMatch, which give the share as a number of pixels.)
    """
    entropy = task.cross_entropy(logits_BCHW, planes_BCHW)
    weight = known_B1HW.expand_as(entropy)
    # q of pixels that nobody knows is 1: they are the easiest
    chance = torch.where(weight > 0, (-entropy.detach()).exp(), 1.0)
    least = max(1, round(share * chance.numel()))
    limit = chance.flatten().sort().values[least - 1].clamp(min=threshold)
    return mean(entropy, weight * (chance <= limit))


def focal(task: Task, logits_BCHW: Tensor, planes_BCHW: Tensor, known_B1HW: Tensor, gamma: float = 2.0) -> Tensor:
    """Cross-entropy times (1 - q)^gamma, where q is the probability of the true label (Lin et al. 2017)."""
    entropy = task.cross_entropy(logits_BCHW, planes_BCHW)
    # 1 - q from the entropy itself, and not below what a root can stand
    easy = (-torch.expm1(-entropy)).clamp(min=1e-6)
    return mean(easy**gamma * entropy, known_B1HW)


LOSSES = {"mse": mse, "ce": cross_entropy, "bce": cross_entropy, "dice": dice, "ohem": ohem, "focal": focal}
_WEIGHTED = ("ce", "bce", "ohem", "focal")


class Loss:
    """The sum of named losses for one task: `loss(logits_BCHW, target_BHW) -> scalar`.

    `options`: those of `config.loss.LossOptions`.
    """

    def __init__(
        self,
        task: Task,
        names: Sequence[str],
        options: Mapping | None = None,
        auxiliary: Mapping | None = None,
        soft_labels: str = "none",
    ):
        """`auxiliary`: the network's option `aux_head`. `soft_labels`: the method's key."""
        self.by_sureness = soft_labels == "weighted"
        self.task, self.auxiliary_weight = task, auxiliary["weight"] if auxiliary else 0.0
        given = dict(options or {})
        more = {
            "ohem": {"threshold": given.get("ohem_threshold", 0.7), "share": given.get("ohem_share", 0.08)},
            "focal": {"gamma": given.get("focal_gamma", 2.0)},
        }
        self.parts: list[tuple[str, Callable[..., Tensor]]] = [
            (name, partial(LOSSES[name], **more.get(name, {}))) for name in names
        ]
        self.class_weights: Sequence[float] | None = given.get("class_weights")

    def __call__(self, logits_BCHW: Tensor, target_BHW: Tensor, soft_BCHW: Tensor | None = None) -> Tensor:
        """The scalar loss; `soft_BCHW`: probabilities to learn in place of the target, which then tells what is known."""
        planes, known = self.task.planes(target_BHW)
        told: dict[str, dict[str, Tensor]] = {}
        if soft_BCHW is not None:
            told = {"dice": {"decided_BCHW": planes}}
            planes = soft_BCHW
            known = known * self.task.sureness(planes) if self.by_sureness else known
        heavy = self._weighted(planes, known)
        first, *others = (
            part(self.task, logits_BCHW, planes, heavy if name in _WEIGHTED else known, **told.get(name, {}))
            for name, part in self.parts
        )
        return sum(others, start=first)

    def _weighted(self, planes: Tensor, known: Tensor) -> Tensor:
        """What each pixel weighs: 0 where nobody knows its label."""
        if self.class_weights is None:
            return known
        weights = planes.new_tensor(self.class_weights)[:, None, None]
        return known * ((planes * weights).sum(1, keepdim=True) if self.task.exclusive else weights)
