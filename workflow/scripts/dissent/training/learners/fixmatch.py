"""FixMatch for segmentation (Sohn et al. 2020; as in UniMatch's repository, facts in docs/reference/methods.md)."""

from collections.abc import Mapping

import torch
from torch import Tensor

from dissent.training import augment, losses
from dissent.training.data import Batch
from dissent.training.learners.base import Learner


class FixMatch(Learner):
    """Hard labels of the weak view, where the network is sure, teach the strong view of the same images."""

    views = ("weak", "strong")

    def loss(self, pairs: Batch, views: Mapping[str, Tensor], step: int) -> tuple[Tensor, dict[str, Tensor | float]]:
        task, options = self.pair_loss.task, self.options
        weak, strong = views["weak"], views["strong"]

        # q = argmax p(weak), counted where max p >= threshold
        self.network.eval()
        with torch.no_grad():
            probabilities = task.probabilities(self.network(weak))
        self.network.train()
        label_BHW = task.decide(probabilities)
        sure = (task.confidence(probabilities) >= options["threshold"]).float()

        # CutMix: a box of the next image, with its label and its confidence
        boxes = augment.cutmix_boxes(len(weak), weak.shape[2], weak.shape[3], options["cutmix"]).to(weak.device)
        strong = torch.where(boxes[:, None], strong.flip(0), strong)
        label_BHW = torch.where(boxes, label_BHW.flip(0), label_BHW)
        sure = torch.where(boxes[:, None], sure.flip(0), sure)

        # L = (L_x + w L_u) / (1 + w); L_u is the mean over all pixels of 1[sure] H(q, p(strong))
        logits_x, logits_u = self.network(torch.cat([pairs.images, strong])).split([len(pairs.images), len(strong)])
        labelled = self.pair_loss(logits_x, pairs.target)
        entropy = task.cross_entropy(logits_u, task.planes(label_BHW)[0])
        unlabelled = losses.mean(entropy, sure, torch.tensor(float(sure.numel()), device=sure.device))
        weight = options["weight"]
        total = (labelled + weight * unlabelled) / (1 + weight)
        return total, {"unlabelled_loss": unlabelled.detach(), "sure": sure.mean()}
