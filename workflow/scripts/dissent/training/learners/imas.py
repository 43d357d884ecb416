"""iMAS (Zhao et al. 2023, "Instance-specific and Model-adaptive Supervision"): each image is taught as hard as it can bear."""

from collections.abc import Mapping

import torch
from torch import Tensor

from dissent.core.task import Task
from dissent.training.data import Batch
from dissent.training.learners.base import Averaged, eval_logits, seen
from dissent.training.unlabelled.operations import disturbed
from dissent.training.unlabelled.targets import agreement, loss, mix, targets


class IMAS(Averaged):
    """The averaged teacher labels weak views. How well student and teacher agree on an image says how much it is disturbed and counts."""

    views = ("weak",)
    one_at_first = True

    def loss(self, pairs: Batch, views: Mapping[str, Tensor], step: int) -> tuple[Tensor, dict[str, Tensor | float]]:
        task, options, weak = self.pair_loss.task, self.options, views["weak"]
        taught = self.teacher(weak)
        # in the first period student and teacher are one
        own = taught if step <= self.course.period else eval_logits(self.network, weak)
        given = targets(task, taught, options["threshold"], views.get("known"))
        agreed = ease(
            task, own, taught, options["threshold"], options["background"], options["hardness"], given.known_B1HW
        )
        by_image = agreed[:, None, None, None]

        # x_s <- g x_s + (1 - g) x_w
        images = [by_image * disturbed(weak, options["operations"]) + (1 - by_image) * weak]
        lessons = [given.scaled(by_image)]
        if torch.rand(()) < float(agreed.mean()):  # CutMix: an easy image and a hard one
            boxes, partner = cut(len(weak), *weak.shape[2:]).to(weak.device), opposite(agreed)
            images.append(mix(weak, boxes, partner))
            lessons.append(given.mixed(boxes, partner).scaled(by_image))
        sizes = [len(pairs.images), *map(len, images)]
        together, auxiliary = seen(self.network, torch.cat([pairs.images, *images]))
        logits_x, *logits_u = together.split(sizes)

        # L = L_x + w mean over views of the mean over all known pixels of the batch of g_i 1[sure] H(q, p)
        each = [loss(task, logits, lesson) for logits, lesson in zip(logits_u, lessons, strict=True)]
        unlabelled = torch.stack(each).mean()
        numbers: dict[str, Tensor | float] = {
            "unlabelled_loss": unlabelled.detach(),
            "sure": given.share(),
            "agreement": agreement(task, own, given),
            "ease": agreed.mean(),
        }
        return self.labelled(logits_x, auxiliary, pairs) + self.weight(step) * unlabelled, numbers


def ease(
    task: Task,
    first_BCHW: Tensor,
    second_BCHW: Tensor,
    threshold: float,
    background: bool,
    version: str,
    known_B1HW: Tensor,
) -> Tensor:
    """How well two networks agree on each image and how sure they are, 0 to 1, from their logits: the paper's hardness (B,).

    `(u_1 r_1 + u_2 r_2) / 2` is v1. r_k is network k's share of sure pixels. u_k is the mean IoU of classes, weighted by their
    pixels in k's prediction. v2 divides by `r_1 + r_2`; the released code gives 0/0 where nobody is sure, ours gives 0.
    Where both see background alone, they agree: the released code has 0 there, and such images would never be learned.
    """
    probabilities = [task.probabilities(logits) for logits in (first_BCHW, second_BCHW)]
    planes = [_planes(task, task.decide(one), background) * known_B1HW for one in probabilities]
    either = planes[0].maximum(planes[1]).sum((2, 3))
    iou = (planes[0] * planes[1]).sum((2, 3)) / either.clamp(min=1)
    total, sure = torch.zeros_like(iou[:, 0]), torch.zeros_like(iou[:, 0])
    for probability, plane in zip(probabilities, planes, strict=True):
        count = plane.sum((2, 3))
        weighted = (iou * count).sum(1) / count.sum(1).clamp(min=1)
        confident = (task.confidence(probability) >= threshold) * known_B1HW
        share = confident.sum((1, 2, 3)) / known_B1HW.expand_as(confident).sum((1, 2, 3)).clamp(min=1)
        total, sure = total + torch.where(either.sum(1) > 0, weighted, 1.0) * share, sure + share
    return total / 2 if version == "v1" else torch.where(sure > 0, total / sure, 0.0)


def _planes(task: Task, label_BHW: Tensor, background: bool) -> Tensor:
    """Planes (B, N, H, W) of the labels that count in the agreement."""
    planes = task.planes(label_BHW)[0]
    if not task.exclusive:
        return torch.cat([1 - planes, planes], 1) if background else planes
    counted = [number for number in range(task.outputs) if background or number != task.background]
    return planes[:, counted]


def opposite(ease_B: Tensor) -> Tensor:
    """The partner of each image: the easiest for the hardest, and so on; the middle one has itself."""
    order = ease_B.argsort(dim=0, stable=True)
    return torch.empty_like(order).scatter_(0, order, order.flip(0))


def cut(count: int, height: int, width: int) -> Tensor:
    """Boxes of one size, .1 to .9 of either side, around a point of each image, cut at its edge; bool (B, H, W) on the CPU."""
    side = 0.1 + 0.8 * float(torch.rand(()))
    boxes = torch.zeros(count, height, width, dtype=torch.bool)
    for box, middle in zip(boxes, torch.rand(count, 2).tolist(), strict=True):
        spans = []
        for size, place in zip((height, width), middle, strict=True):
            length, point = int(side * size), int(size // 16 + place * (size - size // 16))
            start = point - length // 2
            spans.append(slice(max(0, start), min(size, start + length)))
        box[spans[0], spans[1]] = True
    return boxes
