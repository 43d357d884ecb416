"""Multi-grid: each block of a ResNet's last stage has a dilation of its own (DeepLab v3, Chen et al. 2017, its part 3.2)."""

from collections.abc import Sequence

from torch import nn


def last_stage(encoder: nn.Module) -> list[nn.Module]:
    """The blocks of the last stage of a ResNet, which are of torchvision's or timm's two kinds; none of another encoder."""
    import timm.models.resnet as timms
    import torchvision.models.resnet as torchvisions

    stage = getattr(getattr(encoder, "model", encoder), "layer4", None)
    blocks = list(stage) if isinstance(stage, nn.Sequential) else []
    kinds = [kind for library in (timms, torchvisions) for kind in (library.BasicBlock, library.Bottleneck)]
    return blocks if all(type(block) in kinds for block in blocks) else []


def dilate(encoder: nn.Module, factors: Sequence[int], stride: int) -> None:
    """Give the blocks of the last stage `factors` times their dilation, at an output stride of 16 or 8.

    That of the first block is the one of the stage before, as in the codes of U2PL, iMAS and PS-MT: with 2, 2, 4 at stride 16 the
    blocks have 2, 4, 8.
    """
    whole = 32 // stride
    for number, (block, factor) in enumerate(zip(last_stage(encoder), factors, strict=True)):
        rate = factor * (whole if number else whole // 2)
        for layer in block.modules():
            if isinstance(layer, nn.Conv2d) and layer.kernel_size == (3, 3):
                layer.dilation = layer.padding = (rate, rate)
