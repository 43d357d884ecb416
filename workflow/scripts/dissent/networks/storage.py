"""Networks on disk: model.safetensors (numbers alone) and model.json (how to build what they belong to)."""

import hashlib
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor, nn

from dissent.config.base import validate
from dissent.config.network import Network
from dissent.core.files import UserError, read_json, write_atomic, write_json
from dissent.core.words import some
from dissent.networks import auxiliary
from dissent.networks.blocks import without_numbers

FORMAT = 2
_WIDEST, _LARGEST_BATCH = 64, 4096  # beyond them a hostile file could ask for more memory than there is
_CHECKPOINT = re.compile(r"checkpoint\d+\.")
_KEYS = {"format": int, "network": dict, "outputs": int, "channels": int, "bytes": int, "sha256": str}


def save(
    net: nn.Module,
    folder: str | Path,
    network: dict,
    outputs: int,
    channels: int,
    extra: dict,
    checkpoints: Sequence[dict[str, Tensor]] = (),
) -> None:
    """Write the weights of `net` and a model.json from which `load` rebuilds it; the same weights give the same bytes.

    `checkpoints`: other weights of the same network, which lie beside them. `extra` (task, image size, ...) stands beside the other keys of model.json and comes back from `load`.
    """
    assert not extra.keys() & _KEYS.keys(), f"{sorted(extra.keys() & _KEYS.keys())} are keys of model.json itself"
    # safetensors takes tensors in C order alone, and channels_last ones are not
    state = {
        f"{prefix}{name}": value.detach().cpu().contiguous()
        for prefix, weights in [("", net.state_dict()), *((_prefix(n), one) for n, one in enumerate(checkpoints, 1))]
        for name, value in weights.items()
        if not name.startswith(f"{auxiliary.PLACE}.")
    }
    content = safetensors.torch.save(state)
    meta = {
        "format": FORMAT,
        "network": network,
        "outputs": outputs,
        "channels": channels,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    folder = Path(folder)
    write_atomic(folder / "model.safetensors", content)
    write_json(folder / "model.json", meta | extra)


def _prefix(checkpoint: int) -> str:
    return f"checkpoint{checkpoint}." if checkpoint else ""


def load(
    folder: str | Path, build: Callable[[dict, int, int], nn.Module], checkpoint: int = 0
) -> tuple[nn.Module, dict]:
    """Read what `save` wrote: the network in eval mode on the CPU, and model.json as a dict. `checkpoint`, from 1: with those weights.

    Nothing in the files is executed, nothing is downloaded, torch's random state stays as it is. UserError where a
    file is absent, was changed or damaged, or does not fit the other.
    """
    folder = Path(folder)
    meta = _read_meta(folder / "model.json")
    state = _of(checkpoint, _read_state(folder / "model.safetensors", meta))
    try:
        net = _skeleton(meta, build)
    except (KeyError, TypeError, ValueError, ArithmeticError, RuntimeError, AssertionError) as error:
        raise UserError(f"{folder / 'model.json'} does not describe a network that can be built: {error}") from None
    expected = {name: (value.shape, value.dtype) for name, value in net.state_dict().items()}
    found = {name: (value.shape, value.dtype) for name, value in state.items()}
    if found != expected:
        wrong = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
        raise UserError(
            f"{folder / 'model.safetensors'} does not hold the network that model.json beside it describes "
            f"(differing: {some(wrong)})"
        )
    net.load_state_dict(state, assign=True)
    return net.eval(), meta


def _of(checkpoint: int, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights of one checkpoint, or of the network itself, without their prefix."""
    prefix = _prefix(checkpoint)
    named = {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
    return {name: value for name, value in named.items() if checkpoint or not _CHECKPOINT.match(name)}


def _skeleton(meta: dict, build: Callable[[dict, int, int], nn.Module]) -> nn.Module:
    network = meta["network"] | {"weights": "none", "weights_sha256": None}
    network |= {"options": network["options"] | {"aux_head": None}}
    with without_numbers():
        return build(network, meta["outputs"], meta["channels"])


def _read_meta(path: Path) -> dict:
    meta = read_json(path)
    if not isinstance(meta, dict) or not all(type(meta.get(key)) is kind for key, kind in _KEYS.items()):
        raise UserError(f"{path} is no description of a network (it must have {', '.join(_KEYS)})")
    if meta["format"] != FORMAT:
        raise UserError(f"{path} has the format {meta['format']}; this version of dissent reads {FORMAT}")
    try:
        network = validate(Network, meta["network"], "`network`")
    except UserError as error:
        raise UserError(f"{path} does not describe a network that can be built: {error}") from None
    if network.width > _WIDEST or network.batch_size > _LARGEST_BATCH:
        raise UserError(
            f"{path} has `width: {network.width:g}` and `batch_size: {network.batch_size}`, where {_WIDEST} and {_LARGEST_BATCH} are "
            "the most that are read: it was changed or damaged"
        )
    return meta


def _read_state(path: Path, meta: dict) -> dict[str, Tensor]:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise UserError(f"{path} does not exist, but model.json beside it does; train the network again") from None
    if len(content) != meta["bytes"] or hashlib.sha256(content).hexdigest() != meta["sha256"]:
        raise UserError(
            f"{path} is not the file that model.json beside it names (its size or SHA-256 differs): it was changed or "
            "damaged since; copy or train it again"
        )
    try:
        return safetensors.torch.load(content)
    except SafetensorError as error:
        raise UserError(f"{path} is not a safetensors file ({error}); nothing in it was executed") from None
