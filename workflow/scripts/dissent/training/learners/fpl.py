"""Fuzzy Positive Learning (Qiao et al. 2023): every class of a likely set shall be above every other class.

It is a loss for labels of others: of the network's own weak view, as FixMatch has them, or of a second network, as CPS.
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from dissent.core.task import Task
from dissent.training import losses
from dissent.training.data import Batch
from dissent.training.learners.base import Course, Learner, eval_logits, seen
from dissent.training.losses import Loss
from dissent.training.unlabelled.targets import boxes_for, mix, targets

_STEEP = 50  # of the concave weight


class FuzzyPositive(Learner):
    """Teachers' logits are pasted with the images; the set of positives, its loss and its weight come from the mixed ones."""

    def __init__(self, network: nn.Module, loss: Loss, options: dict, course: Course):
        super().__init__(network, loss, options, course)
        self.second = course.build() if options["on"] == "cps" else None
        self.views = ("weak", "strong") if self.second is None else ("weak",)

    def trained(self) -> list[nn.Module]:
        return [self.network] if self.second is None else [self.network, self.second]

    def others(self) -> dict[str, nn.Module]:
        return {} if self.second is None else {"second": self.second}

    def loss(self, pairs: Batch, views: Mapping[str, Tensor], step: int) -> tuple[Tensor, dict[str, Tensor | float]]:
        task, weak = self.pair_loss.task, views["weak"]
        boxes = boxes_for(weak, self.options["cutmix"])
        images = torch.cat([pairs.images, mix(views[self.views[-1]], boxes)])
        known = mix(views.get("known", torch.ones_like(weak[:, :1])), boxes)
        teachers = [mix(eval_logits(network, weak), boxes) for network in reversed(self.trained())]
        labelled, fuzzy, hard, weights = [], [], [], []
        for network, taught in zip(self.trained(), teachers, strict=True):
            logits, auxiliary = seen(network, images)
            logits_x, logits_u = logits.split([len(pairs.images), len(weak)])
            labelled.append(self.labelled(logits_x, auxiliary, pairs))
            margin, weight = fuzzy_positive(task, logits_u, taught, self.options)
            fuzzy.append(losses.mean(weight * margin, known))
            hard.append(losses.mean(_hard(task, logits_u, taught), known))
            weights.append(losses.mean(weight, known))

        # L = sum of L_x + w L_f sg(L_hard / L_f): as large as with hard labels, in the direction of the fuzzy ones
        unlabelled = sum(fuzzy[1:], start=fuzzy[0])
        if self.options["balance"]:
            target = sum(hard[1:], start=hard[0])
            unlabelled = unlabelled * (target / unlabelled.clamp(min=1e-8)).detach().clamp(0.2, 5)
        total = sum(labelled[1:], start=labelled[0]) + self.weight(step) * unlabelled
        return total, {"unlabelled_loss": unlabelled.detach(), "weight": torch.stack(weights).mean()}


def _hard(task: Task, logits: Tensor, taught: Tensor) -> Tensor:
    return task.cross_entropy(logits, task.planes(targets(task, taught, 0).label_BHW)[0])


def fuzzy_positive(task: Task, logits_BCHW: Tensor, taught_BCHW: Tensor, options: dict) -> tuple[Tensor, Tensor]:
    """The loss and the weight of each pixel, (B, 1, H, W), or (B, C, H, W) where labels may overlap. Only the loss has a gradient.

    Positives are the classes before the sorted probabilities of the teacher reach `mass`, at least one and at most
    `positives`. L = log(1 + sum over positives of e^-z * sum over the others of e^z); one positive gives cross-entropy.
    """
    if not task.exclusive:  # two sides of one label: one is the positive
        probabilities = task.probabilities(taught_BCHW.detach())
        other = 1 - task.confidence(probabilities)
        return _hard(task, logits_BCHW, taught_BCHW), _weight(torch.full_like(other, 0.5), other, options["weighting"])
    logits, most = logits_BCHW.float(), min(options["positives"], logits_BCHW.shape[1] - 1)
    ordered, classes = task.probabilities(taught_BCHW.detach()).sort(dim=1, descending=True, stable=True)
    sums = ordered.cumsum(1)
    # m: how many of the sums 2..most stay below the mass, and the first class
    count = 1 + (sums[:, 1:most] < options["mass"]).sum(1, keepdim=True)
    rank = torch.arange(classes.shape[1], device=classes.device).view(1, -1, 1, 1)
    positive = torch.zeros_like(classes, dtype=torch.bool).scatter_(1, classes, rank < count)
    gone = torch.tensor(-math.inf, device=logits.device)
    below = torch.where(positive, -logits, gone).logsumexp(1, keepdim=True)
    above = torch.where(positive, gone, logits).logsumexp(1, keepdim=True)
    mean = sums.gather(1, count) / (count + 1)
    return nn.functional.softplus(below + above), _weight(mean, ordered.gather(1, count), options["weighting"])


def _weight(mean: Tensor, following: Tensor, weighting: str) -> Tensor:
    """How clearly the positives stand before the class that follows, 0 to 1; `mean` is the mean probability of them and it."""
    if weighting == "none":
        return torch.ones_like(mean)
    gap = (mean - following).clamp(min=0)
    if weighting == "linear":
        return gap / mean
    if weighting == "convex":
        return gap / (mean + following)
    return (torch.log1p(_STEEP * gap) / torch.log1p(_STEEP * mean)).clamp(max=1)
