"""CrossMatch (Zhao et al. 2024): decoders of weakly and strongly perturbed features learn from the clean one, and across views."""

from collections.abc import Mapping
from functools import partial

import torch
from torch import Tensor

from dissent.training.data import Batch
from dissent.training.learners.base import Learner, by_auxiliary
from dissent.training.unlabelled.perturb import dropped
from dissent.training.unlabelled.targets import agreement, boxes_for, dice, mix, targets


class CrossMatch(Learner):
    """UniMatch's two strong views, and distillation: the decoder runs on whole, weakly and strongly perturbed features.

    The repository AiEson/CrossMatch, `ACDC/train_cross_match.py`, with the targets of perturbed decoders mixed as since December 2024.
    """

    views = ("weak", "strong", "strong2")

    def loss(self, pairs: Batch, views: Mapping[str, Tensor], step: int) -> tuple[Tensor, dict[str, Tensor | float]]:
        task, options, known = self.pair_loss.task, self.options, views.get("known")
        (logits_x, *weak), features = self.decoded(pairs.images, views["weak"])
        given, given_w, given_t = (targets(task, logits, options["threshold"], known) for logits in weak)

        boxes1, boxes2 = (boxes_for(views[name], options["cutmix"]) for name in ("strong", "strong2"))
        strong1, strong2 = mix(views["strong"], boxes1), mix(views["strong2"], boxes2)
        (logits_s1, logits_s2, logits_s2w, logits_s2t), _ = self.decoded(strong1, strong2)
        mixed, mixed_w, mixed_t = (one.mixed(boxes2) for one in (given, given_w, given_t))

        # off: Dice where the target is sure; w and t: weakly and strongly perturbed
        off = partial(dice, task)
        views_loss = (off(logits_s1, given.mixed(boxes1)) + off(logits_s2, mixed)) / 4
        from_clean = (off(weak[1], given) + off(weak[2], given) + off(logits_s2w, mixed) + off(logits_s2t, mixed)) / 4
        across_views = (off(logits_s2w, mixed_w) + off(logits_s2t, mixed_t)) / 2

        # L = (L_x + w (L_s1 / 4 + L_s2 / 4 + k ((1 - eta) L_tkd + eta L_dkd))) / (1 + w)
        labelled = self.labelled(logits_x, by_auxiliary(self.network, features, pairs.images), pairs)
        distilled = (1 - options["eta"]) * from_clean + options["eta"] * across_views
        unlabelled = views_loss + options["distillation"] * distilled
        weight = self.weight(step)
        numbers: dict[str, Tensor | float] = {
            "unlabelled_loss": unlabelled.detach(),
            "sure": given.share(),
            "agreement": agreement(task, weak[2], given),
        }
        return (labelled + weight * unlabelled) / (1 + weight), numbers

    def decoded(self, first: Tensor, second: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """Logits of both, and of the second with features that lack few, and many, of their channels; in one forward. And
        the features of both.
        """
        features = self.network.encode(torch.cat([first, second]))  # type: ignore[operator]
        of_second = [level[len(first) :] for level in features]
        several = [features, *(dropped(of_second, self.options[name]) for name in ("weak_dropout", "strong_dropout"))]
        logits = self.network.decode([torch.cat(levels) for levels in zip(*several, strict=True)])  # type: ignore[operator]
        return list(logits.split([len(first)] + 3 * [len(second)])), features
