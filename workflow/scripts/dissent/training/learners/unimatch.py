"""UniMatch (Yang et al. 2023, section 3): two strong views of the image, and one of its features, learn from the weak view."""

from collections.abc import Mapping

import torch
from torch import Tensor

from dissent.training.data import Batch
from dissent.training.learners.base import Learner, by_auxiliary
from dissent.training.unlabelled.perturb import dropped
from dissent.training.unlabelled.targets import loss, pasted, targets


class UniMatch(Learner):
    """FixMatch with a second strong view, and with the weak view decoded from features that lack half of their channels."""

    views = ("weak", "strong", "strong2")

    def loss(self, pairs: Batch, views: Mapping[str, Tensor], step: int) -> tuple[Tensor, dict[str, Tensor | float]]:
        task, options, network = self.pair_loss.task, self.options, self.network
        weak, many = views["weak"], len(pairs.images)

        # Labelled images and weak views in one forward, so that BatchNorm sees clean images; whole and perturbed features
        # go through the decoder together.
        features = network.encode(torch.cat([pairs.images, weak]))  # type: ignore[operator]
        auxiliary = by_auxiliary(network, features, weak)
        whole_and_perturbed = [
            torch.cat(pair) for pair in zip(features, dropped(features, options["dropout"]), strict=True)
        ]
        whole, perturbed = network.decode(whole_and_perturbed).chunk(2)  # type: ignore[operator]
        logits_x, logits_w, logits_fp = whole[:many], whole[many:], perturbed[many:]
        given = targets(task, logits_w, options["threshold"], views.get("known"))

        (strong1, taught1), (strong2, taught2) = (
            pasted(views[name], given, options["cutmix"]) for name in ("strong", "strong2")
        )
        logits_s1, logits_s2 = network(torch.cat([strong1, strong2])).chunk(2)

        # L = (L_x + w (L_s1 / 4 + L_s2 / 4 + L_fp / 2)) / (1 + w)
        labelled = self.labelled(logits_x, auxiliary, pairs)
        views_loss = (loss(task, logits_s1, taught1) + loss(task, logits_s2, taught2)) / 4
        unlabelled = views_loss + loss(task, logits_fp, given) / 2
        weight = self.weight(step)
        total = (labelled + weight * unlabelled) / (1 + weight)
        return total, {"unlabelled_loss": unlabelled.detach(), "sure": given.share()}
