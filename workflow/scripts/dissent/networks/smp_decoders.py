"""Decoders of segmentation_models_pytorch that take other sizes than the library's own. Importing this imports it."""

from collections.abc import Sequence

from segmentation_models_pytorch.base.initialization import initialize_decoder
from segmentation_models_pytorch.decoders.deeplabv3.decoder import DeepLabV3PlusDecoder
from segmentation_models_pytorch.decoders.dpt.decoder import DPTDecoder
from torch import Tensor, cat

from dissent.networks.blocks import resize


class SizedDecoder(DeepLabV3PlusDecoder):
    """DeepLabV3+'s, which brings coarse features to the size of the fine ones, and not to four times their own.

    So crops of 769 and 801 fit, as in the code of U2PL and UniMatch.
    """

    def forward(self, features: list[Tensor]) -> Tensor:
        """The map `(B, D, h, w)` at the size of the second level."""
        fine = self.block1(features[2])
        return self.block2(cat([resize(self.aspp(features[-1]), fine.shape[-2:]), fine], 1))


class PatchDecoder(DPTDecoder):
    """DPT's over the grid of a ViT's patches, whatever their size: levels at 4, 2, 1 and 1/2 times the grid.

    The library's fits patches of 16 alone, and even grids. UniMatch V2's is like this one.
    """

    def __init__(self, channels: Sequence[int], intermediate: Sequence[int], fusion: int):
        # the strides say how much each level is enlarged: of 16 by 4, 2, 1, 1/2
        super().__init__(channels, [16] * len(channels), False, "ignore", intermediate, fusion)
        initialize_decoder(self)

    def forward(self, features: list[Tensor]) -> Tensor:
        """The map `(B, D, 8 h, 8 w)` of levels `(B, C, h, w)`."""
        levels = [block(feature) for block, feature in zip(self.reassemble_blocks, features, strict=True)]
        fused = None
        for block, level in zip(self.fusion_blocks, reversed(levels), strict=True):
            # an odd grid was halved upwards
            fused = block(level, fused if fused is None else resize(fused, level.shape[-2:]))
        assert fused is not None
        return fused
