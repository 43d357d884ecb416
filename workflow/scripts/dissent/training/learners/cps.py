"""Cross pseudo supervision (CPS; Chen et al. 2021, equations 1 to 4): two networks teach each other hard labels."""

from collections.abc import Mapping

import torch
from torch import Tensor

from dissent.training import augment
from dissent.training.data import Batch
from dissent.training.learners.base import Pair, eval_logits, seen
from dissent.training.unlabelled.targets import agreed, loss, mix, targets


class CrossPseudoSupervision(Pair):
    """Each network learns the other's hard labels, with the boxes of CutMix pasted into images and labels alike."""

    views = ("weak",)

    def loss(self, pairs: Batch, views: Mapping[str, Tensor], step: int) -> tuple[Tensor, dict[str, Tensor | float]]:
        task, weak, known = self.pair_loss.task, views["weak"], views.get("known")
        both = (self.network, self.second)
        judgements = [eval_logits(network, weak) for network in both]
        pasted = augment.cutmix_patches(len(weak), weak.shape[2], weak.shape[3])
        boxes = (pasted & (torch.rand(len(weak)) < self.options["cutmix"])[:, None, None]).to(weak.device)
        images = torch.cat([pairs.images, mix(weak, boxes)])

        # L = L_x1 + L_x2 + w (H(y_2, p_1) + H(y_1, p_2)); no threshold: every pixel of a label counts
        labelled, unlabelled = [], []
        for network, others in zip(both, reversed(judgements), strict=True):
            logits, auxiliary = seen(network, images)
            logits_x, logits_u = logits.split([len(pairs.images), len(weak)])
            labelled.append(self.labelled(logits_x, auxiliary, pairs))
            unlabelled.append(loss(task, logits_u, targets(task, others, 0, known).mixed(boxes)))
        crossed = unlabelled[0] + unlabelled[1]
        numbers: dict[str, Tensor | float] = {
            "unlabelled_loss": crossed.detach(),
            "agreement": agreed(task, judgements, known).share(),
        }
        return labelled[0] + labelled[1] + self.weight(step) * crossed, numbers
