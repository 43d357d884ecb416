"""UniMatch V2 (Yang et al. 2025, section 3): an averaged teacher, and two strong views that lack opposite channels."""

from collections.abc import Mapping

import torch
from torch import Tensor

from dissent.training.data import Batch
from dissent.training.learners.base import Averaged, by_auxiliary
from dissent.training.unlabelled.perturb import complementary
from dissent.training.unlabelled.targets import agreement, loss, pasted, targets


class UniMatchV2(Averaged):
    """The averaged teacher labels the weak view. Two strong views learn from it; each lacks the channels that the other has."""

    views = ("weak", "strong", "strong2")

    def loss(self, pairs: Batch, views: Mapping[str, Tensor], step: int) -> tuple[Tensor, dict[str, Tensor | float]]:
        task, options, network, many = self.pair_loss.task, self.options, self.network, len(pairs.images)
        given = targets(task, self.teacher(views["weak"]), options["threshold"], views.get("known"))
        (strong1, taught1), (strong2, taught2) = (
            pasted(views[name], given, options["cutmix"]) for name in ("strong", "strong2")
        )

        # One forward, so that BatchNorm learns the statistics by which the teacher judges from all images that are learned.
        features = network.encode(torch.cat([pairs.images, strong1, strong2]))  # type: ignore[operator]
        auxiliary = by_auxiliary(network, features, strong1)
        logits = network.decode(complementary(features, bool(network.same_channels), many))  # type: ignore[operator]
        logits_x, logits_s1, logits_s2 = logits.split([many, len(strong1), len(strong2)])

        # L = (L_x + w (L_s1 + L_s2) / 2) / (1 + w)
        labelled = self.labelled(logits_x, auxiliary, pairs)
        unlabelled = (loss(task, logits_s1, taught1) + loss(task, logits_s2, taught2)) / 2
        weight = self.weight(step)
        numbers: dict[str, Tensor | float] = {
            "unlabelled_loss": unlabelled.detach(),
            "sure": given.share(),
            "agreement": agreement(task, logits_s1, taught1),
        }
        return (labelled + weight * unlabelled) / (1 + weight), numbers
