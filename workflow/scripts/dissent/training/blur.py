"""The one Gaussian blur: of noise copies, of disturbed views and of strong views."""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

GAUSSIANS = {  # by level: OpenCV's default kernels of 3, 5 and 7 pixels, as the published code has them
    1: (0.25, 0.5, 0.25),
    2: (0.0625, 0.25, 0.375, 0.25, 0.0625),
    3: (0.03125, 0.109375, 0.21875, 0.28125, 0.21875, 0.109375, 0.03125),
}


def gaussian(sigma: float, radius: int = 2) -> list[float]:
    """A normalised kernel of `2 * radius + 1` pixels, computed as torchvision's `gaussian_blur` does."""
    reach = radius / math.sqrt(2)
    return torch.softmax(-((torch.linspace(-reach, reach, 2 * radius + 1) / sigma) ** 2), 0).tolist()


def smooth(images_BCHW: Tensor, kernel: Sequence[float]) -> Tensor:
    """Images blurred by a kernel in both directions, with mirrored borders: the same numbers as torchvision's."""
    weights, channels, radius = torch.tensor(kernel), images_BCHW.shape[1], len(kernel) // 2
    square = (weights[:, None] * weights).to(images_BCHW.device).expand(channels, 1, -1, -1)
    with torch.autocast(images_BCHW.device.type, enabled=False):  # views are the same in every precision
        return F.conv2d(F.pad(images_BCHW, (radius,) * 4, mode="reflect"), square, groups=channels)
