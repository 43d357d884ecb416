"""Architectures of segmentation_models_pytorch behind encode() and decode().

The library is imported when a network is built: it takes seconds, and who uses the small U-Net alone need not wait.
"""

import copy
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from dissent.config import encoders
from dissent.config.architectures import NetworkOptions, output_stride, sizes
from dissent.core.files import UserError
from dissent.networks import pretrained
from dissent.networks.auxiliary import AuxiliaryHead
from dissent.networks.blocks import exactly, resize
from dissent.networks.multi_grid import dilate

if TYPE_CHECKING:  # what is used of the library, which tells no types

    class _Model(nn.Module):
        encoder: nn.Module
        decoder: nn.Module
        segmentation_head: nn.Module


CLASSES = {
    "unet": "Unet",
    "unetplusplus": "UnetPlusPlus",
    "manet": "MAnet",
    "linknet": "Linknet",
    "fpn": "FPN",
    "pspnet": "PSPNet",
    "pan": "PAN",
    "deeplabv3": "DeepLabV3",
    "deeplabv3plus": "DeepLabV3Plus",
    "upernet": "UPerNet",
    "segformer": "Segformer",
    "dpt": "DPT",
}

OURS = ("aux_head", "encoder_multi_grid")
"""options that the library does not know"""
_INTERMEDIATE = (256, 512, 1024, 1024)


class SmpNetwork(nn.Module):
    """A segmentation_models_pytorch network: images `(B, channels, H, W)` of 0..255 to logits `(B, outputs, H, W)` in
    float32.

    Images are normalised with mean and deviation of those on which the encoder was trained. A grey one becomes three
    equal channels before.
    """

    mean: Tensor
    deviation: Tensor
    head: nn.Module

    def __init__(self, model: "_Model", scale: pretrained.Scale, patch: int):
        """`patch`: the side of a ViT's patch, 1 where the first of the features has the size of the image."""
        super().__init__()
        self.encoder: Any = model.encoder
        self.decoder = model.decoder
        # what is behind the last convolution of the library's head is the scaling to the image's size
        self.head = model.segmentation_head.get_submodule("head") if patch > 1 else model.segmentation_head
        self.patch, self.same_channels = patch, patch > 1
        self.fused_channels: int = self._convolutions()[0].in_channels
        self.auxiliary_head: AuxiliaryHead | None = None
        for name, values in zip(("mean", "deviation"), scale, strict=True):
            self.register_buffer(name, 255 * torch.tensor(values, dtype=torch.float32).view(1, 3, 1, 1))

    def _convolutions(self) -> list[nn.Conv2d]:
        return [module for module in self.head.modules() if isinstance(module, nn.Conv2d)]

    def encode(self, x_BCHW: Tensor) -> list[Tensor]:
        """Features from fine to coarse. The first is the normalised image, of which decoders use the size only.

        Those of a ViT are four, of one size.
        """
        found = self.encoder((x_BCHW.expand(-1, 3, -1, -1) - self.mean) / self.deviation)
        return [self._normed(level) for level in found[0]] if self.patch > 1 else list(found)

    def _normed(self, level_BCHW: Tensor) -> Tensor:
        """A level of a ViT behind its last normalisation, as UniMatch V2 takes it; the library's DPT does not."""
        norm = getattr(self.encoder.model, "norm", None)
        if norm is None:
            return level_BCHW
        normed: Tensor = norm(level_BCHW.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return normed.contiguous()

    def fuse(self, features: list[Tensor]) -> Tensor:
        """The decoder's map before the head, `(B, fused_channels, h, w)`, from features as `encode` returns them."""
        return self.decoder(features)

    def classify(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        """Logits `(B, outputs, *size)` of a map of `fuse`."""
        layers = list(self.head.children()) if self.patch > 1 else [self.head.get_submodule("0")]
        with exactly(x):
            x = x.to(self._convolutions()[0].weight.dtype)
            for layer in layers:
                x = layer(x)
            return resize(x, size)

    def decode(self, features: list[Tensor]) -> Tensor:
        """Logits `(B, outputs, H, W)` from what `encode` returns, or from features of the same shapes."""
        height, width = features[0].shape[-2:]
        return self.classify(self.fuse(features), (height * self.patch, width * self.patch))

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """`encode` and `decode` in a row."""
        return self.decode(self.encode(x_BCHW))

    def auxiliary(self, features: list[Tensor], size: tuple[int, int]) -> Tensor:
        """Logits `(B, outputs, *size)` of the auxiliary head, from features as `encode` returns them."""
        assert self.auxiliary_head is not None  # asked by learners where there is one
        return self.auxiliary_head.at(features, size)

    def both(self, x_BCHW: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of the decoder and of the auxiliary head."""
        features = self.encode(x_BCHW)
        return self.decode(features), self.auxiliary(features, (x_BCHW.shape[2], x_BCHW.shape[3]))

    @property
    def deepest_channels(self) -> int:
        """Channels of the last of the features."""
        channels: list[int] = list(self.encoder.out_channels)  # type: ignore[arg-type]
        return channels[-1]

    def encoder_parameters(self) -> Iterable[nn.Parameter]:
        """Parameters of the backbone."""
        return self.encoder.parameters()

    def decoder_parameters(self) -> Iterable[nn.Parameter]:
        """Parameters of decoder and heads."""
        parts = [self.decoder, self.head, *([self.auxiliary_head] if self.auxiliary_head is not None else [])]
        return (p for part in parts for p in part.parameters())


def build(network: dict, outputs: int, channels: int) -> SmpNetwork:
    """A new network from a network file's settings."""
    if channels not in (1, 3):
        raise UserError(f"{network['architecture']} takes images of 1 or 3 channels, not {channels}")
    name, weights = network["encoder"], network["weights"]
    encoder = encoders.find(name)
    # read before a network is built: a wrong file is told at once
    given = None
    if weights == "package":
        given = pretrained.packaged()
    elif weights not in ("imagenet", "none"):
        given = pretrained.read(weights, network["weights_sha256"])
    model: Any
    if weights == "imagenet":
        model = pretrained.fetch(
            lambda: _model(network, encoder, outputs, True if name.startswith("tu-") else "imagenet"), name
        )
    else:
        model = _model(network, encoder, outputs, None)
    if given is not None:
        pretrained.put_in(model.encoder, given, f"`weights: {weights}` does not fit the encoder {name}")
    net = SmpNetwork(model, pretrained.scale(name), encoder.multiple if encoder.patches else 1)
    side, _ = sizes(network["architecture"], encoder, NetworkOptions(**network["options"]))
    _prune(net, max(side, 64 // side * side))
    if auxiliary := network["options"].get("aux_head"):
        inputs: int = list(model.encoder.out_channels)[-2]
        net.auxiliary_head = AuxiliaryHead(inputs, outputs, auxiliary["channels"], auxiliary["dropout"])
    return net


def _model(network: dict, encoder: encoders.Encoder, outputs: int, weights: bool | str | None) -> "_Model":
    import segmentation_models_pytorch as library

    from dissent.networks.smp_decoders import DeepLabV3PlusDecoder, PatchDecoder, SizedDecoder

    given: dict = network["options"]
    settings: dict[str, Any] = {key: value for key, value in given.items() if value is not None and key not in OURS}
    more: dict[str, Any] = {"dynamic_img_size": True} if encoder.resized else {}
    if encoder.patches:
        more |= {"num_classes": 0, "decoder_readout": "ignore"}
    made = getattr(library, CLASSES[network["architecture"]])
    model = made(network["encoder"], encoder_weights=weights, classes=outputs, **settings, **more)
    if factors := given.get("encoder_multi_grid"):
        dilate(model.encoder, factors, output_stride(network["architecture"], NetworkOptions(**given)))
    if encoder.patches:
        intermediate = settings.get("decoder_intermediate_channels", _INTERMEDIATE)
        model.decoder = PatchDecoder(
            model.encoder.out_channels, intermediate, settings.get("decoder_fusion_channels", 256)
        )
    elif isinstance(model.decoder, DeepLabV3PlusDecoder):
        model.decoder.__class__ = SizedDecoder  # the same parts, put together otherwise
    return model


def _prune(net: SmpNetwork, side: int) -> None:
    """Take out what no logit comes from, such as the last stages under a PSPNet: it would be saved and decay.

    A copy without numbers is asked, so that nothing is drawn or computed.
    """
    with torch.inference_mode(False), torch.enable_grad():
        _prune_idle(net, side)


def _prune_idle(net: SmpNetwork, side: int) -> None:
    twin, image = copy.deepcopy(net).to("meta").eval(), torch.zeros(1, 3, side, side, device="meta")
    twin(image).sum().backward()
    idle = {name for name, value in twin.named_parameters() if value.grad is None and name.startswith("encoder.")}
    places = []
    for name, module in net.named_modules():
        own = {f"{name}.{one}" for one, _ in module.named_parameters()}
        if own and own <= idle:
            places.append(name)
            idle -= own
    try:
        for name in places:
            _take_out(twin, name)
        twin(image)
    except TypeError:  # it asks what is idle how many parts it has
        return
    for name in places:
        _take_out(net, name)


def _take_out(net: nn.Module, name: str) -> None:
    parent, _, last = name.rpartition(".")
    setattr(net.get_submodule(parent), last, nn.Identity())
