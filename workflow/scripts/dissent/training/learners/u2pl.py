"""U2PL (Wang et al. 2022, "Using Unreliable Pseudo-Labels"): what a pixel surely is not teaches too, by contrast."""

from collections.abc import Mapping
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dissent.core.task import Task
from dissent.training import augment, losses
from dissent.training.data import Batch
from dissent.training.learners.base import Averaged, Course, by_auxiliary, seen
from dissent.training.losses import Loss
from dissent.training.unlabelled.contrast import Queues, contrast, representation
from dissent.training.unlabelled.targets import Targets, agreement, mix, targets
from dissent.training.unlabelled.teacher import Teacher

MOST = 2_000_000  # pixels of which a quantile is taken; of more every second, third ... one is


class U2PL(Averaged):
    """The averaged teacher's entropy splits pixels. Reliable ones are learned; unreliable ones are negatives of unlikely classes."""

    views = ("weak",)
    one_at_first = True

    def __init__(self, network: nn.Module, loss: Loss, options: dict, course: Course):
        super().__init__(network, loss, options, course)
        exclusive, outputs, dimensions = loss.task.exclusive, loss.task.outputs, options["dimensions"]
        self.classes = outputs if exclusive else 2
        self.head = representation(network.fused_channels, dimensions)  # type: ignore[arg-type]
        self.teacher_head = Teacher(self.head, options["ema"])
        self.queues = Queues(outputs if exclusive else 2 * outputs, options["queue"], dimensions)

    def loss(self, pairs: Batch, views: Mapping[str, Tensor], step: int) -> tuple[Tensor, dict[str, Tensor | float]]:
        task, options, weak, many = self.pair_loss.task, self.options, views["weak"], len(pairs.images)
        if step < self.first:
            return self.labelled(*seen(self.network, pairs.images), pairs), {}

        # The teacher labels whole images; entropies, ranks and keys are those of the images with boxes of others.
        taught, keys = self._taught(torch.cat([pairs.images, weak]))
        boxes = augment.cutmix_boxes(len(weak), weak.shape[2], weak.shape[3], options["cutmix"])
        changed = boxes.flatten(1).any(1).nonzero()[:, 0].to(weak.device)
        boxes = boxes.to(weak.device)
        given, mixed = targets(task, taught[many:], 0, views.get("known")).mixed(boxes), mix(weak, boxes)
        if len(changed):
            taught[many + changed], keys[many + changed] = self._taught(mixed[changed])

        images = torch.cat([pairs.images, mixed])
        encoded = self.network.encode(images)  # type: ignore[operator]
        fused = self.network.fuse(encoded)  # type: ignore[operator]
        logits: Tensor = self.network.classify(fused, tuple(images.shape[2:]))  # type: ignore[operator]
        features = self.head(coarse(fused, images.shape[2])).float()

        # alpha = alpha_0 (1 - t): the share that is unreliable
        share = options["unreliable"] * (1 - (step - self.first) / max(1, self.course.steps - self.first))
        probabilities = task.distributions(task.probabilities(taught))
        parts = split(entropy(probabilities[many:]), given.known_B1HW, share)
        unlabelled = reliable_loss(task, logits[many:], given, parts.kept, share)
        against = self._contrast(features, keys, probabilities, pairs.target, given, parts)

        # L = L_s + w L_u + l_c L_c
        labelled = self.labelled(logits[:many], by_auxiliary(self.network, encoded, images), pairs)
        total = labelled + self.weight(step) * unlabelled + options["contrast"] * self.rise(step) * against
        return total, {
            "unlabelled_loss": unlabelled.detach(),
            "sure": losses.mean(parts.kept.float(), given.known_B1HW),
            "agreement": agreement(task, logits[many:], given),
            "contrast_loss": against.detach(),
            "queues": self.queues.share(),
        }

    @torch.no_grad()
    def _taught(self, images_BCHW: Tensor) -> tuple[Tensor, Tensor]:
        """The teacher's logits (B, outputs, H, W) and representations (B, D, h, w)."""
        network = self.teacher.network
        fused = network.fuse(network.encode(images_BCHW))  # type: ignore[operator]
        logits = network.classify(fused, tuple(images_BCHW.shape[2:]))  # type: ignore[operator]
        return logits, self.teacher_head(coarse(fused, images_BCHW.shape[2])).float()

    def _contrast(
        self, features: Tensor, keys: Tensor, probabilities: Tensor, target: Tensor, given: Targets, parts: "Split"
    ) -> Tensor:
        """Queue the new keys, then contrast each group of classes; its mean over groups."""
        task, options, many = self.pair_loss.task, self.options, len(target)
        size = (features.shape[2], features.shape[3])
        planes, known = task.planes(nearest(torch.cat([target, given.label_BHW])[:, None], size)[:, 0])
        known = torch.cat([known[:many], nearest(given.known_B1HW, size).expand_as(known[many:])])[:, :, None] > 0
        labels = (task.distributions(planes) > 0) & known
        everywhere = known[:many, :, 0].expand_as(labels[:many, :, 0])
        low = torch.cat([everywhere, nearest(parts.low, size)])[:, :, None]
        high = torch.cat([torch.zeros_like(everywhere), nearest(parts.high, size)])[:, :, None]
        likely = nearest(probabilities.flatten(1, 2), size).unflatten(1, probabilities.shape[1:3])
        negative = negatives(likely, labels, known, high, many, self.low_rank, options)

        own = labels & low
        anchors = own & (likely > options["anchor_probability"])
        flat_student, flat_teacher = (one.permute(0, 2, 3, 1).flatten(0, 2) for one in (features, keys))
        own, anchors, negative = (one.permute(1, 2, 0, 3, 4).flatten(2) for one in (own, anchors, negative))
        for number, chosen in enumerate(negative.flatten(0, 1)):
            self.queues.push(number, flat_teacher[chosen])
        groups = range(len(own))
        each = [
            contrast(flat_student, flat_teacher, anchors[g], own[g], self.queues, g * self.classes, options)
            for g in groups
        ]
        return torch.stack(each).mean()

    @property
    def low_rank(self) -> int:
        """Classes that a pixel may well be, the likeliest ones: 3 as published, fewer where there are fewer than five classes."""
        return int(self.options["low_rank"] or min(3, max(1, self.classes - 2)))

    def averages(self) -> list[tuple[Teacher, nn.Module]]:
        return [*super().averages(), (self.teacher_head, self.head)]


class Split(NamedTuple):
    """Pixels by the entropy of what the teacher says, bool (B, G, H, W)."""

    kept: Tensor
    """reliable: below the quantile 1 - share"""
    low: Tensor
    """at the quantile `share` or below"""
    high: Tensor
    """unreliable: at the quantile 1 - share or above"""


def entropy(probabilities_BGNHW: Tensor) -> Tensor:
    """H = - sum p log p of each group, (B, G, H, W), in natural units."""
    return -(probabilities_BGNHW * (probabilities_BGNHW + 1e-10).log()).sum(2)


def split(entropy_BGHW: Tensor, known_B1HW: Tensor, share: float) -> Split:
    """Pixels of each group by quantiles of its entropy over known pixels; none where none is known."""
    known = known_B1HW > 0
    masks = []
    for values in entropy_BGHW.unbind(1):
        seen = values[known[:, 0]]
        if not len(seen):
            masks.append([torch.zeros_like(values, dtype=torch.bool)] * 3)
            continue
        seen = seen[:: len(seen) // MOST + 1]
        low, high = torch.quantile(seen, seen.new_tensor([share, 1 - share]))
        masks.append([values < high, values <= low, values >= high])
    kept, below, above = (torch.stack(one, 1) & known for one in zip(*masks, strict=True))
    return Split(kept, below, above)


def reliable_loss(task: Task, logits_BCHW: Tensor, given: Targets, kept_BGHW: Tensor, share: float) -> Tensor:
    """L_u = N / N_kept * mean of H(y, p) over kept pixels, the mean of the groups; 0 where nothing is kept.

    Where many pixels have the same entropy, as of a network that says the same everywhere, next to none is kept. Then N_kept in the
    factor is what `share` leaves, to one pixel: the released code has a loss of hundreds there.
    """
    costs = task.cross_entropy(logits_BCHW, task.planes(given.label_BHW)[0]) * kept_BGHW
    kept, known = kept_BGHW.sum((0, 2, 3)).clamp(min=1), given.known_B1HW.sum()
    return (costs.sum((0, 2, 3)) / kept * known / kept.maximum((1 - share) * known - 1)).mean()


def negatives(
    likely_BGNHW: Tensor, labels: Tensor, known: Tensor, high: Tensor, many: int, low_rank: int, options: dict
) -> Tensor:
    """Pixels whose keys are negatives of a class, bool (B, G, N, h, w); the first `many` images are labelled.

    Unlabelled: unreliable, and the class has rank `low_rank` to `high_rank` - 1 there, from 0. Labelled: of another class, and the class is
    among the first `low_rank`. `as_released`: the released code asks besides that the pixel is labelled with the class itself.
    """
    rank = likely_BGNHW.argsort(dim=2, descending=True, stable=True).argsort(dim=2)
    unlikely = high & (rank >= low_rank) & (rank < options["high_rank"])
    mistaken = known & ~labels & (rank < low_rank)
    if options["as_released"]:
        return torch.cat([torch.zeros_like(mistaken[:many]), (unlikely & labels)[many:]])
    return torch.cat([mistaken[:many], unlikely[many:]])


def coarse(fused_BDHW: Tensor, height: int) -> Tensor:
    """The decoder's map at about a quarter of the image's side, by means of squares."""
    factor = max(1, 4 * fused_BDHW.shape[2] // height)
    return F.avg_pool2d(fused_BDHW, factor, ceil_mode=True) if factor > 1 else fused_BDHW


def nearest(values_BCHW: Tensor, size: tuple[int, int]) -> Tensor:
    """Every n-th pixel, so that all maps are of the same ones: (B, C, *size)."""
    rows, columns = (
        torch.div((2 * torch.arange(n, device=values_BCHW.device) + 1) * whole, 2 * n, rounding_mode="floor")
        for n, whole in zip(size, values_BCHW.shape[2:], strict=True)
    )
    return values_BCHW[:, :, rows][..., columns]
