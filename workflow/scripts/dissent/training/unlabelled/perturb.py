"""Disturbed features: what `encode` gives, with channels left out, for `decode`."""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor


def dropped(features: Sequence[Tensor], share: float) -> list[Tensor]:
    """Whole channels set to 0 with probability `share`, an own draw for each image and level; the others grow by 1 / (1 - share).

    UniMatch's feature perturbation (Yang et al. 2023). It takes torch's own generator, which `loop` seeds for every step.
    """
    return [F.dropout2d(feature, share, training=True) for feature in features]
