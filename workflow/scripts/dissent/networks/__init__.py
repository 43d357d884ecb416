"""Networks by the name of their architecture, each with `encode` and `decode`.

They are built from a network file's settings, and saved and loaded as plain numbers.

Every network takes float images `(B, C, H, W)` of 0..255 and normalises them itself. `encode(x)` gives a list of
features from fine to coarse. `decode(features)` gives logits `(B, outputs, H, W)` of the input's size. `forward` is the
two in a row. `decode` is itself two in a row: `fuse(features)` gives the decoder's one map `(B, fused_channels, h, w)`,
and `classify(map, (H, W))` gives its logits. `same_channels` tells whether all features have equally many channels, and
`deepest_channels` how many the last ones have.
One with an `auxiliary_head` has `auxiliary(features, (H, W))`, logits of that head, and `both(x)`: those of `forward` and
of it. Training alone asks for them, and files of trained networks go without it.
`crop` is the network file's: a network that learned from windows is shown images in windows (training/inference.py).
There are `encoder_parameters()` and `decoder_parameters()`. An EvalNet, which rates masks, has `forward` alone.
"""

from pathlib import Path

from torch import nn

from dissent.core.files import UserError
from dissent.networks import evalnet, smp, storage, unet1x1
from dissent.networks.storage import save

__all__ = ["ARCHITECTURES", "build", "load", "save"]

ARCHITECTURES = {
    "unet1x1": unet1x1.build,
    "unet": smp.build,
    "unetplusplus": smp.build,
    "manet": smp.build,
    "linknet": smp.build,
    "fpn": smp.build,
    "pspnet": smp.build,
    "pan": smp.build,
    "deeplabv3": smp.build,
    "deeplabv3plus": smp.build,
    "upernet": smp.build,
    "segformer": smp.build,
    "dpt": smp.build,
    "evalnet": evalnet.build,
}


def build(network: dict, outputs: int, channels: int) -> nn.Module:
    """A new network from `config.network.Network.model_dump(mode="json")`; its weights come from torch's random state."""
    name = network["architecture"]
    if name not in ARCHITECTURES:
        raise UserError(f"`architecture: {name}` is not known; there are {', '.join(ARCHITECTURES)}")
    built = ARCHITECTURES[name](network, outputs, channels)
    built.crop = network.get("crop")  # type: ignore[assignment]
    return built


def load(folder: str | Path, checkpoint: int = 0) -> tuple[nn.Module, dict]:
    """The network that `save` wrote, in eval mode on the CPU, and its model.json; executes and downloads nothing."""
    return storage.load(folder, build, checkpoint)
