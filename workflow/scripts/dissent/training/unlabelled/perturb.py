"""Disturbed features: what `encode` gives, with channels left out or adversarial noise, for `decode`."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor


def dropped(features: Sequence[Tensor], share: float) -> list[Tensor]:
    """Whole channels set to 0 with probability `share`, an own draw for each image and level; the others grow by 1 / (1 - share).

    UniMatch's feature perturbation (Yang et al. 2023). It takes torch's own generator, which `loop` seeds for every step.
    """
    return [F.dropout2d(feature, share, training=True) for feature in features]


def complementary(features: Sequence[Tensor], same: bool, before: int = 0) -> list[Tensor]:
    """Features of two views of the same images, one view behind the other: each view has doubled what the other lacks.

    The channels of each image and level are drawn. Half of the images, rounded down, stay whole in both views, and so do the
    `before` images in front of the two views. `same`: one draw for all levels, as for a transformer's, which have equally many
    channels (UniMatch V2, `model/semseg/dpt.py`).
    """
    count, device = (len(features[0]) - before) // 2, features[0].device
    whole = torch.randperm(count, device=device)[: count // 2]
    found: list[Tensor] = []
    factor = features[0].new_ones(0)
    for feature in features:
        if not found or not same:
            first = 2.0 * (torch.rand(count, feature.shape[1], device=device) < 0.5)
            both = torch.stack([first, 2 - first]).index_fill(1, whole, 1).flatten(0, 1)
            factor = torch.cat([both.new_ones(before, feature.shape[1]), both])
        found.append(feature * factor[:, :, None, None].to(feature.dtype))
    return found


def adversarial(
    divergence: Callable[[Tensor], Tensor],
    like_BCHW: Tensor,
    probe: Tensor | float,
    length: Tensor | float,
    least: float = 1e-20,
) -> Tensor:
    """Noise in the direction in which `divergence(noise)` grows most, of L2 norm `length` an image; no gradient runs back.

    One step of power iteration from a random direction of norm `probe` (virtual adversarial training, Miyato et al. 2018).
    The gradient falls with the square of `probe`. So a small probe and a `least` that is added to its norm leave no noise.
    """
    random = (torch.rand(like_BCHW.shape) - 0.5).to(like_BCHW)
    direction = (random / (norms(random) + least)).requires_grad_()
    with torch.enable_grad():
        (gradient,) = torch.autograd.grad(divergence(probe * direction), direction)
    return length * gradient / (norms(gradient) + least)


def norms(values_BCHW: Tensor) -> Tensor:
    """L2 norms of each image's values, (B, 1, 1, 1)."""
    return values_BCHW.flatten(1).norm(dim=1)[:, None, None, None]
