"""What an exported file computes: images in, probabilities out, by one network or the mean of several."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dissent.cli.predict.pool import Knows, Pool
from dissent.core.task import Task
from dissent.training.windows import in_windows, slides


class Graph(nn.Module):
    """Images (N, channels, H, W) float of 0..255 to probabilities (N, C, H, W), the mean of all networks of a pool.

    Where the data set's images were resized whole, so are these, and the probabilities come back at the images' size. Else the
    networks see the images at their own scale. Every network normalises its images itself.
    """

    def __init__(self, pool: Pool, task: Task):
        super().__init__()
        self.networks = nn.ModuleList(pool.networks)
        self.task = task
        self.whole = resized_whole(pool.knows)
        self.size = pool.knows.shape

    def forward(self, image: Tensor) -> Tensor:
        """Probabilities at the images' size."""
        seen = image
        if self.whole:
            seen = F.interpolate(image, self.size, mode="bilinear", align_corners=False, antialias=True)
        found = torch.stack([self._judged(network, seen) for network in self.networks]).mean(0)
        if self.whole:
            found = F.interpolate(found, image.shape[-2:], mode="bilinear", align_corners=False)
        return found

    def _judged(self, network: nn.Module, images_BCHW: Tensor) -> Tensor:
        crop = slides(network)
        if crop and self.whole:
            return in_windows(network, self.task.probabilities, images_BCHW, crop)
        return self.task.probabilities(network(images_BCHW))


def resized_whole(knows: Knows) -> bool:
    """Whether images come whole to the size of the network, whatever theirs."""
    return knows.input.geometry.name == "whole"
