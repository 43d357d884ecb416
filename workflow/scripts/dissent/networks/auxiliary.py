"""The auxiliary head, which training alone has: it makes deep features of the encoder tell the labels by themselves."""

from torch import Tensor, nn

from dissent.networks.blocks import exactly, resize

PLACE = "auxiliary_head"
"""the attribute of a network that has one; files of trained networks go without"""


class AuxiliaryHead(nn.Sequential):
    """A 3x3 convolution, BatchNorm, ReLU, dropout and a 1x1 convolution on one level of features.

    Source: Haochen-Wang409/U2PL, `u2pl/models/decoder.py`; iMAS has the same without dropout.
    """

    def __init__(self, inputs: int, outputs: int, channels: int, dropout: float):
        super().__init__(
            nn.Conv2d(inputs, channels, 3, padding=1),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.Dropout2d(dropout),
            nn.Conv2d(channels, outputs, 1),
        )

    def at(self, features: list[Tensor], size: tuple[int, int]) -> Tensor:
        """Logits `(B, outputs, *size)` in float32 of the second-coarsest of an encoder's features."""
        level, weights = features[-2], next(self.parameters())
        with exactly(level):
            return resize(self(level.to(weights.dtype)), size)
