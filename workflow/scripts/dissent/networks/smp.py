"""U-Net and DeepLabV3+ of segmentation_models_pytorch behind encode() and decode().

The library is imported when a network is built: it takes seconds, and who uses the small U-Net alone need not wait.
"""

import hashlib
import io
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import safetensors.torch
import torch
from torch import Tensor, nn

from dissent.core.files import UserError
from dissent.networks.blocks import resize

# of the images on which the ImageNet weights were trained, RGB in 0..1
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

if TYPE_CHECKING:  # what is used of the library, which tells no types

    class _Encoder(nn.Module):
        def set_in_channels(self, in_channels: int, pretrained: bool) -> None: ...

    class _Head(nn.Module):
        def __getitem__(self, index: int) -> nn.Conv2d: ...

    class _Model(nn.Module):
        encoder: _Encoder
        decoder: nn.Module
        segmentation_head: _Head


class SmpNetwork(nn.Module):
    """A segmentation_models_pytorch network: images `(B, channels, H, W)` of 0..255 to logits `(B, outputs, H, W)` in
    float32.

    Three channels are normalised with ImageNet's mean and deviation, any other number is divided by 255.
    """

    same_channels = False
    mean: Tensor
    deviation: Tensor

    def __init__(self, model: "_Model", channels: int):
        super().__init__()
        self.encoder, self.decoder, self.head = model.encoder, model.decoder, model.segmentation_head
        mean, deviation = (_MEAN, _DEVIATION) if channels == 3 else ((0,) * channels, (1,) * channels)
        self.fused_channels = self.head[0].in_channels
        self.register_buffer("mean", 255 * torch.tensor(mean, dtype=torch.float32).view(1, -1, 1, 1))
        self.register_buffer("deviation", 255 * torch.tensor(deviation, dtype=torch.float32).view(1, -1, 1, 1))

    def encode(self, x_BCHW: Tensor) -> list[Tensor]:
        """Features from fine to coarse; the first is the normalised image, of which the decoder uses the size only."""
        return self.encoder((x_BCHW - self.mean) / self.deviation)

    def fuse(self, features: list[Tensor]) -> Tensor:
        """The decoder's map before the head, `(B, fused_channels, h, w)`, from features as `encode` returns them."""
        return self.decoder(features)

    def classify(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        """Logits `(B, outputs, *size)` of a map of `fuse`."""
        with torch.autocast(x.device.type, enabled=False):
            return resize(self.head[0](x.to(self.head[0].weight.dtype)), size)

    def decode(self, features: list[Tensor]) -> Tensor:
        """Logits `(B, outputs, H, W)` from what `encode` returns, or from features of the same shapes."""
        return self.classify(self.fuse(features), (features[0].shape[-2], features[0].shape[-1]))

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """`encode` and `decode` in a row."""
        return self.decode(self.encode(x_BCHW))

    def encoder_parameters(self) -> Iterable[nn.Parameter]:
        """Parameters of the backbone."""
        return self.encoder.parameters()

    def decoder_parameters(self) -> Iterable[nn.Parameter]:
        """Parameters of decoder and head."""
        return (p for part in (self.decoder, self.head) for p in part.parameters())


def unet(network: dict, outputs: int, channels: int) -> SmpNetwork:
    """A U-Net; images of any size from 32x32."""
    import segmentation_models_pytorch as library

    return _build(library.Unet, network, outputs, channels)


def deeplabv3plus(network: dict, outputs: int, channels: int) -> SmpNetwork:
    """A DeepLabV3+ of output stride 16; its pooled branch needs batches of two or more in training."""
    import segmentation_models_pytorch as library

    return _build(library.DeepLabV3Plus, network, outputs, channels)


def _build(architecture: type, network: dict, outputs: int, channels: int) -> SmpNetwork:
    encoder, weights = network["encoder"], network["weights"]
    given = _read(weights, network["weights_sha256"]) if weights not in ("imagenet", "none") else None
    # weights belong to three channels: they are loaded first and the first convolution is adapted after that
    settings = {"in_channels": 3, "classes": outputs}
    if weights == "imagenet":
        model = _download(architecture, encoder, settings)
    else:
        model = architecture(encoder, encoder_weights=None, **settings)
    if given is not None:
        try:
            model.encoder.load_state_dict(given)
        except RuntimeError as error:
            raise UserError(f"`weights: {weights}` does not fit the encoder {encoder}: {_short(error)}") from None
    model.encoder.set_in_channels(channels, pretrained=weights != "none")
    return SmpNetwork(model, channels)


def _download(architecture: type, encoder: str, settings: dict) -> "_Model":
    try:
        return architecture(encoder, encoder_weights="imagenet", **settings)
    # by version the hub's client raises OSError, its own errors or those of its HTTP library
    except Exception as error:
        from segmentation_models_pytorch.encoders import encoders

        source = encoders[encoder]["pretrained_settings"]["imagenet"]
        raise UserError(
            f"`weights: imagenet` needs the file model.safetensors of {source['repo_id']} (revision "
            f"{source['revision']}) of the Hugging Face hub, which could not be fetched ({_short(error)}). Without a "
            "network: fetch it elsewhere, copy it here and say `weights: PATH` and `weights_sha256: ...` in the "
            f"network file (a state dict of torchvision's {encoder} will do too), or say `weights: none`"
        ) from error


def _read(path: str, sha256: str | None) -> dict[str, Tensor]:
    """A state dict from a safetensors file or torch.save's; hashed before it is parsed, and nothing in it is executed."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise UserError(f"`weights: {path}` cannot be read ({error.strerror})") from None
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise UserError(f"`weights: {path}` has the SHA-256 {found}, but `weights_sha256` is {sha256}")
    try:
        if content[8:9] == b"{":  # safetensors: eight bytes of length, then JSON
            state = safetensors.torch.load(content)
        else:
            state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # damaged and hostile files fail in many ways
        raise UserError(
            f"`weights: {path}` is neither a safetensors file nor a plain state dict ({_short(error)})"
        ) from None
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise UserError(f"`weights: {path}` is no state dict: it must map names to tensors and hold nothing else")
    return dict(state)


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
