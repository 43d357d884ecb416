"""What segmentation_models_pytorch's architectures take: options, strides, sizes. No torch."""

import math
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from dissent.config.base import Model, nearest
from dissent.config.encoders import Encoder


class AuxHead(Model):
    """A second head, on the second-coarsest features of the encoder (layer3 of a ResNet), that training alone has; its loss of the pairs is added (U2PL, iMAS)."""

    weight: PositiveFloat = 0.4
    """weight of its loss; published .4"""
    channels: PositiveInt = 256
    """channels between its two convolutions; published 256"""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """share of channels that training leaves out; published .1 (U2PL), 0 (iMAS)"""


class NetworkOptions(Model):
    """Options of segmentation_models_pytorch's architectures by its own names; each architecture has some of them (docs/reference/networks.md)."""

    encoder_output_stride: Literal[8, 16, 32] | None = None
    """deeplabv3, deeplabv3plus (8 or 16), pan (16 or 32): pixels of the image to a pixel of the coarsest features; default 16, of deeplabv3 8"""
    encoder_multi_grid: Annotated[list[PositiveInt], Field(min_length=1)] | None = None
    """deeplabv3, deeplabv3plus, pan with a ResNet of output stride 8 or 16: factors on the dilation of the blocks of its last stage, one each; published 2, 2, 4 (U2PL, iMAS, PS-MT), default 1, 1, 1"""
    encoder_output_indices: Annotated[list[int], Field(min_length=4, max_length=4)] | None = None
    """dpt: blocks of the ViT whose outputs are used, the first is 0; default: evenly spread"""
    decoder_channels: PositiveInt | Annotated[list[PositiveInt], Field(min_length=5, max_length=5)] | None = None
    """unet, unetplusplus, manet: five numbers from coarse to fine (256, 128, 64, 32, 16); deeplabv3, deeplabv3plus, upernet (256), pan (32): one"""
    decoder_attention_type: Literal["scse"] | None = None
    """unet, unetplusplus: attention in the decoder"""
    decoder_pab_channels: PositiveInt | None = None
    """manet: channels of the attention in its centre (64)"""
    decoder_pyramid_channels: PositiveInt | None = None
    """fpn: channels of the pyramid (256)"""
    decoder_segmentation_channels: PositiveInt | None = None
    """fpn (128), segformer (256): channels of the decoder"""
    decoder_merge_policy: Literal["add", "cat"] | None = None
    """fpn: how levels are joined (add)"""
    decoder_dropout: Annotated[float, Field(ge=0, lt=1)] | None = None
    """fpn: share of channels that training leaves out (.2)"""
    psp_out_channels: PositiveInt | None = None
    """pspnet: channels of the decoder (512)"""
    psp_dropout: Annotated[float, Field(ge=0, lt=1)] | None = None
    """pspnet: share of channels that training leaves out (.2)"""
    decoder_atrous_rates: Annotated[list[PositiveInt], Field(min_length=3, max_length=3)] | None = None
    """deeplabv3, deeplabv3plus: dilations of the pooling pyramid (12, 24, 36); published for output stride 16: 6, 12, 18"""
    decoder_aspp_separable: bool | None = None
    """deeplabv3 (false), deeplabv3plus (true): the cheaper convolutions in the pyramid"""
    decoder_aspp_dropout: Annotated[float, Field(ge=0, lt=1)] | None = None
    """deeplabv3, deeplabv3plus: share of values that training leaves out (.5)"""
    decoder_intermediate_channels: Annotated[list[PositiveInt], Field(min_length=4, max_length=4)] | None = None
    """dpt: channels of the four levels (256, 512, 1024, 1024)"""
    decoder_fusion_channels: PositiveInt | None = None
    """dpt: channels of the decoder (256)"""

    aux_head: AuxHead | None = None

    def given(self) -> dict[str, object]:
        """Those that are set."""
        return self.model_dump(exclude_none=True)


@dataclass(frozen=True)
class Architecture:
    """What can be said of one without building it; tests build them all and compare."""

    options: tuple[str, ...] = ()
    strides: tuple[int, ...] = (32,)
    """output strides of the encoder that it can have, the default first"""
    multiple: int = 1
    """of what both sides of an image must be multiples"""
    least: int = 32
    """the smallest side of an image"""
    pooled: bool = False
    """it normalises one value an image over the batch"""
    patches: bool = False
    """it takes the features of a ViT, and no others"""
    refused: str = "-"
    """how the names of encoders begin that do not go with it"""
    channels: int = 0
    """how many numbers `decoder_channels` has; 0: none"""
    shallow: bool = False
    """its encoder ends too early for an auxiliary head"""


_FIVE = ("decoder_channels", "decoder_attention_type")
_ASPP = (
    "encoder_output_stride",
    "encoder_multi_grid",
    "decoder_channels",
    "decoder_atrous_rates",
    "decoder_aspp_separable",
    "decoder_aspp_dropout",
)
_DPT = ("encoder_output_indices", "decoder_intermediate_channels", "decoder_fusion_channels")

SMP: dict[str, Architecture] = {
    "unet": Architecture(_FIVE, channels=5),
    "unetplusplus": Architecture(_FIVE, multiple=32, refused="mit_b", channels=5),
    "manet": Architecture(("decoder_channels", "decoder_pab_channels"), multiple=32, channels=5),
    "linknet": Architecture(multiple=32, refused="mit_b"),
    "fpn": Architecture(
        ("decoder_pyramid_channels", "decoder_segmentation_channels", "decoder_merge_policy", "decoder_dropout"),
        multiple=32,
    ),
    "pspnet": Architecture(("psp_out_channels", "psp_dropout"), pooled=True, shallow=True),
    "pan": Architecture(
        ("encoder_output_stride", "encoder_multi_grid", "decoder_channels"),
        (16, 32),
        least=128,
        pooled=True,
        channels=1,
    ),
    "deeplabv3": Architecture(_ASPP, (8, 16), pooled=True, channels=1),
    "deeplabv3plus": Architecture(_ASPP, (16, 8), pooled=True, channels=1),
    "upernet": Architecture(("decoder_channels",), pooled=True, channels=1),
    "segformer": Architecture(("decoder_segmentation_channels",)),
    "dpt": Architecture(_DPT, patches=True),
}


PACKAGED = "tu-tf_efficientnet_lite0"
"""the encoder whose weights an optional package of this library brings"""


def misuse(name: str, encoder: Encoder, options: NetworkOptions) -> str:
    """What an architecture does not take; "" when it takes all."""
    kind, given = SMP[name], options.given()
    if given.pop("aux_head", None) and kind.shallow:
        return (
            f"`options.aux_head` does not go with {name}: its encoder ends at an eighth of the image's side, and there are no deep features "
            "beside those that the decoder has; deeplabv3plus, upernet and others take it"
        )
    if others := sorted(given.keys() - set(kind.options)):
        allowed = f"options: {', '.join(sorted([*kind.options, *([] if kind.shallow else ['aux_head'])]))}"
        return f"`options.{others[0]}` is not an option of {name}{nearest(others[0], list(kind.options))} ({allowed})"
    channels = given.get("decoder_channels")
    if channels is not None and (kind.channels == 5) != isinstance(channels, list):
        return f"`options.decoder_channels: {channels}`: {name} takes {'five numbers' if kind.channels == 5 else 'one number'}"
    if encoder.name.startswith(kind.refused):
        return f"`encoder: {encoder.name}` does not go with {name}; segformer, unet, upernet and fpn take it"
    if kind.patches != encoder.patches:
        takes = (
            "a ViT, as tu-vit_small_patch14_dinov2"
            if kind.patches
            else "an encoder with levels, as resnet50; a ViT goes with dpt"
        )
        return f"`encoder: {encoder.name}` does not go with {name}, which takes {takes}"
    stride = output_stride(name, options)
    if stride not in kind.strides and not kind.patches:
        return f"`options.encoder_output_stride: {stride}`: {name} has {' or '.join(map(str, kind.strides))}"
    if stride < 32 and not encoder.dilated and not kind.patches:
        return (
            f"`encoder: {encoder.name}` cannot have the output stride {stride} that {name} wants; take another encoder "
            "(a ResNet, an EfficientNet, a ConvNeXt), or upernet, segformer or unet"
        )
    return _ungridded(encoder, options.encoder_multi_grid, stride)


def _ungridded(encoder: Encoder, factors: list[int] | None, stride: int) -> str:
    """Why the last stage of an encoder does not take these factors on its dilations; "" where it does."""
    if factors is None:
        return ""
    if stride == 32:
        return "`options.encoder_multi_grid` is for a last stage that is dilated: say `encoder_output_stride: 16`"
    if not encoder.blocks:
        return (
            f"`options.encoder_multi_grid` is for ResNets, as tu-resnet50s: {encoder.name} has no last stage of blocks that can be dilated "
            "each by itself"
        )
    if len(factors) != encoder.blocks:
        return f"`options.encoder_multi_grid: {factors}`: the last stage of {encoder.name} has {encoder.blocks} blocks, a number for each"
    return ""


def output_stride(name: str, options: NetworkOptions) -> int:
    """Pixels of the image to a pixel of the coarsest features of the encoder."""
    return options.encoder_output_stride or SMP[name].strides[0]


def sizes(name: str, encoder: Encoder, options: NetworkOptions) -> tuple[int, int]:
    """The smallest side of an image, and of what both sides must be multiples."""
    kind = SMP[name]
    multiple = math.lcm(kind.multiple, encoder.multiple)
    least = kind.least * (output_stride(name, options) // 16 if name == "pan" else 1)
    return max(math.ceil(least / multiple) * multiple, 2 * multiple if kind.patches else multiple), multiple
