"""Inconsistency Masks within a step: what two networks decide alike is taught, what they dispute is not (ours)."""

from collections.abc import Mapping

import torch
from torch import Tensor

from dissent.training.data import Batch
from dissent.training.learners.base import Pair, eval_logits, seen
from dissent.training.unlabelled.targets import agreed, loss, pasted


class ImStep(Pair):
    """Two networks learn strong views where their hard decisions on the weak view agree; elsewhere nothing is taught.

    It is the mask of the IM papers (section 5.1), drawn anew in every step instead of once a generation.
    """

    views = ("weak", "strong")

    def loss(self, pairs: Batch, views: Mapping[str, Tensor], step: int) -> tuple[Tensor, dict[str, Tensor | float]]:
        task, options, weak = self.pair_loss.task, self.options, views["weak"]
        both = (self.network, self.second)

        # y, m: the decision of both, and 1 where they are the same, and sure
        judgements = [eval_logits(network, weak) for network in both]
        same, given = (agreed(task, judgements, views.get("known"), least) for least in (0, options["threshold"]))

        strong, mixed = pasted(views["strong"], given, options["cutmix"])
        images = torch.cat([pairs.images, strong])

        # L = sum over both of (L_x + w L_u) / (1 + w); L_u is the mean over all pixels of m H(y, p(strong))
        weight, total, unlabelled = self.weight(step), [], []
        for network in both:
            logits, auxiliary = seen(network, images)
            logits_x, logits_u = logits.split([len(pairs.images), len(weak)])
            unlabelled.append(loss(task, logits_u, mixed))
            total.append((self.labelled(logits_x, auxiliary, pairs) + weight * unlabelled[-1]) / (1 + weight))
        numbers: dict[str, Tensor | float] = {
            "unlabelled_loss": (unlabelled[0] + unlabelled[1]).detach() / 2,
            "agreement": same.share(),
            "sure": given.share(),
        }
        return total[0] + total[1], numbers
