"""FixMatch for segmentation (Sohn et al. 2020; as in UniMatch's repository, facts in docs/reference/methods.md)."""

from collections.abc import Mapping

import torch
from torch import Tensor

from dissent.training.data import Batch
from dissent.training.learners.base import Learner, eval_logits, seen
from dissent.training.unlabelled.targets import loss, pasted, targets


class FixMatch(Learner):
    """Hard labels of the weak view, where the network is sure, teach the strong view of the same images."""

    views = ("weak", "strong")

    def loss(self, pairs: Batch, views: Mapping[str, Tensor], step: int) -> tuple[Tensor, dict[str, Tensor | float]]:
        task, options = self.pair_loss.task, self.options
        weak, strong = views["weak"], views["strong"]

        # q = argmax p(weak), counted where max p >= threshold
        given = targets(task, eval_logits(self.network, weak), options["threshold"], views.get("known"))

        # CutMix: a box of another image, with its label and its confidence
        strong, mixed = pasted(strong, given, options["cutmix"])

        # L = (L_x + w L_u) / (1 + w); L_u is the mean over all pixels of 1[sure] H(q, p(strong))
        logits, auxiliary = seen(self.network, torch.cat([pairs.images, strong]))
        logits_x, logits_u = logits.split([len(pairs.images), len(strong)])
        labelled, unlabelled = self.labelled(logits_x, auxiliary, pairs), loss(task, logits_u, mixed)
        weight = self.weight(step)
        total = (labelled + weight * unlabelled) / (1 + weight)
        return total, {"unlabelled_loss": unlabelled.detach(), "sure": given.share()}
