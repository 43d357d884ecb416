"""EvalNet (method notes, section 2.2): how good is this mask of this image?"""

import itertools

import torch
from torch import Tensor, nn

from dissent.networks.blocks import block, exactly, he_normal


class EvalNet(nn.Module):
    """A network that rates masks: two branches take the image and the planes of a mask.

    They are joined, halved five times more, and averaged over the pixels.

    Input `(B, channels + masks, H, W)`: an image of 0..255, and behind it the 0/1 planes of a mask. Output: logits.
    `(B, 1, 1)` is the IoU of the one foreground. `(B, 2, masks)` is each class's IoU, and whether it was detected.
    """

    def __init__(self, width: float, masks: int, channels: int, norm_momentum: float = 0.01):
        super().__init__()

        def f(count: int) -> int:
            return int(count * width)

        def halved(inputs: int, outputs: int) -> nn.Sequential:
            return nn.Sequential(block(inputs, (3, outputs), (1, outputs)), nn.MaxPool2d(2, ceil_mode=True))

        assert f(16) >= 1, width  # told by config.network
        self.channels, self.masks = channels, masks
        self.image = nn.Sequential(block(channels, (1, f(16))), halved(f(16), f(16)))
        self.mask = nn.Sequential(block(masks, (1, f(16))), halved(f(16), f(16)))
        sizes = [2 * f(16), f(16), f(32), f(64), f(128), f(256)]
        self.trunk = nn.Sequential(*(halved(a, b) for a, b in itertools.pairwise(sizes)))
        heads = [nn.Linear(f(256), masks) for _ in range(1 if masks == 1 else 2)]
        self.heads = nn.ModuleList(heads)
        he_normal(self, norm_momentum)
        for head in heads:
            nn.init.xavier_uniform_(head.weight)  # Keras' default for dense layers
            nn.init.zeros_(head.bias)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Logits, as the class says; in float32 under autocast too."""
        image = self.image(x_BCHW[:, : self.channels] / 255)
        mask = self.mask(x_BCHW[:, self.channels :])
        features = self.trunk(torch.cat([image, mask], 1)).mean((2, 3))
        with exactly(x_BCHW):
            return torch.stack([head(features.to(head.weight.dtype)) for head in self.heads], 1)


def build(network: dict, outputs: int, channels: int) -> EvalNet:
    """A new network from a network file's settings; `outputs` = planes of a mask."""
    return EvalNet(network["width"], outputs, channels, network["norm_momentum"])
