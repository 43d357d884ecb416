"""Hard labels that a network gives unlabelled images, and the loss towards them (FixMatch's, as in UniMatch's code)."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from dissent.core.task import Task
from dissent.training import augment, losses


@dataclass(frozen=True)
class Targets:
    """What unlabelled images are taught, and how much."""

    label_BHW: Tensor
    """bytes, as in masks"""
    weight_BCHW: Tensor
    """(B, 1, H, W), or (B, C, H, W) where labels may overlap: how much a pixel, or a label of it, counts; mostly 0 or 1"""
    known_B1HW: Tensor
    """0 where there is no image, as beyond the edge of a crop, else 1"""

    def mixed(self, boxes_BHW: Tensor, partner_B: Tensor | None = None) -> "Targets":
        """Those of images into which a box of another image was pasted by `mix`, with the same boxes."""
        parts = (self.label_BHW, self.weight_BCHW, self.known_B1HW)
        return Targets(*(mix(part, boxes_BHW, partner_B) for part in parts))

    def scaled(self, weight: Tensor) -> "Targets":
        """Those whose weights are times `weight`, which may have sides of 1."""
        return Targets(self.label_BHW, self.weight_BCHW * weight, self.known_B1HW)

    def share(self) -> Tensor:
        """How much of what is known counts, for the log."""
        return losses.mean(self.weight_BCHW, self.known_B1HW)


def mix(values: Tensor, boxes_BHW: Tensor, partner_B: Tensor | None = None) -> Tensor:
    """CutMix: inside the boxes what another image has there. `values` are (B, H, W) or (B, C, H, W).

    `partner`: the other image of each; else the batch's reverse.
    """
    boxes = boxes_BHW if values.dim() == 3 else boxes_BHW[:, None]
    return torch.where(boxes, values.flip(0) if partner_B is None else values[partner_B], values)


def boxes_for(images_BCHW: Tensor, probability: float) -> Tensor:
    """A box for each image, or none, as bool (B, H, W); torch's own generator draws them, which `loop` seeds for every step."""
    count, _, height, width = images_BCHW.shape
    return augment.cutmix_boxes(count, height, width, probability).to(images_BCHW.device)


def pasted(images_BCHW: Tensor, given: Targets, probability: float) -> tuple[Tensor, Targets]:
    """CutMix: images, with probability `probability` with a box of another, and what they are taught, alike."""
    boxes = boxes_for(images_BCHW, probability)
    return mix(images_BCHW, boxes), given.mixed(boxes)


def targets(task: Task, logits_BCHW: Tensor, threshold: float, known_B1HW: Tensor | None = None) -> Targets:
    """Hard labels of these logits; a pixel counts where its confidence is `threshold` or more. No gradient runs back.

    Confidence is the probability of the winning class. Without classes that exclude each other it is that of each label's side, .5 to 1.
    """
    probabilities = task.probabilities(logits_BCHW.detach())
    sure = (task.confidence(probabilities) >= threshold).float()
    known = torch.ones_like(sure[:, :1]) if known_B1HW is None else known_B1HW
    return Targets(task.decide(probabilities), sure, known)


def agreed(task: Task, several: Sequence[Tensor], known_B1HW: Tensor | None = None, threshold: float = 0) -> Targets:
    """What networks decide alike, from the logits of each; a pixel, or a label of it, counts where all decide the same and are sure."""
    first, *others = (targets(task, logits, threshold, known_B1HW) for logits in several)
    planes = task.planes(first.label_BHW)[0]
    weight = first.weight_BCHW
    for other in others:
        same = (planes == task.planes(other.label_BHW)[0]).float()
        weight = weight * other.weight_BCHW * (same.amin(1, keepdim=True) if task.exclusive else same)
    return Targets(first.label_BHW, weight, first.known_B1HW)


def loss(task: Task, logits_BCHW: Tensor, given: Targets, among_sure: bool = False) -> Tensor:
    """Cross-entropy with the hard labels, weighted, divided by all known pixels and not by those that count.

    So few sure pixels cost little. `among_sure`: divided by those that count. 0 where nothing is known, or nothing counts.
    """
    entropy = task.cross_entropy(logits_BCHW, task.planes(given.label_BHW)[0])
    weight = given.weight_BCHW * given.known_B1HW
    divided_by = weight > 0 if among_sure else given.known_B1HW.expand_as(weight)
    return losses.mean(entropy, weight, divided_by.sum())


def dice(task: Task, logits_BCHW: Tensor, given: Targets, smooth: float = 1e-5) -> Tensor:
    """1 - soft Dice with squared sizes over the pixels of the whole batch that count, mean of the labels; 0 where none counts.

    Of a binary task it is the foreground's. (CrossMatch, UniMatch's medical code.)
    """
    counts = given.weight_BCHW * given.known_B1HW
    probabilities, planes = task.probabilities(logits_BCHW), task.planes(given.label_BHW)[0]
    both, size = ((value * counts).sum((0, 2, 3)) for value in (probabilities * planes, probabilities**2 + planes))
    return (1 - (2 * both + smooth) / (size + smooth)).mean()


def divergence(task: Task, logits_BCHW: Tensor, other_BCHW: Tensor, known_B1HW: Tensor) -> Tensor:
    """Kullback-Leibler divergence of these probabilities from the other's, which get no gradient; mean over known pixels (and labels)."""
    other = other_BCHW.detach()
    goal = task.probabilities(other)
    return losses.mean(task.cross_entropy(logits_BCHW, goal) - task.cross_entropy(other, goal), known_B1HW)


def agreement(task: Task, logits_BCHW: Tensor, given: Targets) -> Tensor:
    """Share of known pixels at which these logits decide as `given` says, for the log."""
    same = task.decide(task.probabilities(logits_BCHW.detach())) == given.label_BHW
    return losses.mean(same[:, None].float(), given.known_B1HW)
