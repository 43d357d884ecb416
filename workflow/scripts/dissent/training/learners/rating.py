"""How an EvalNet learns: squared error of the IoU, and the cross-entropy of what is detected (section 5.2)."""

from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor

from dissent.training.data import Batch
from dissent.training.learners.base import Learner


class Rating(Learner):
    """`pairs.images` are images with the planes of a mask behind them, `pairs.target` (B, heads, C): IoU, then detected."""

    def loss(self, pairs: Batch, views: Mapping[str, Tensor], step: int) -> tuple[Tensor, dict[str, Tensor | float]]:
        logits = self.network(pairs.images)
        total = F.mse_loss(logits[:, 0].sigmoid(), pairs.target[:, 0])
        if logits.shape[1] > 1:
            total = total + F.binary_cross_entropy_with_logits(logits[:, 1], pairs.target[:, 1])
        return total, {}
