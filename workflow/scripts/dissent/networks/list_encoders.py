"""Makes config/encoders.csv from the installed libraries: each encoder is built without numbers, and tried.

    python -m dissent.networks.list_encoders > workflow/scripts/dissent/config/encoders.csv

It takes about half an hour. With names behind it, it does these alone.
"""

import csv
import sys
import warnings
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from dissent.config.encoders import COLUMNS
from dissent.networks.blocks import without_numbers
from dissent.networks.multi_grid import last_stage

# height and width, and of what both must be multiples where the one before it did not do
_TRIED = (((97, 131), 1), ((96, 160), 32), ((128, 192), 64), ((224, 448), 224), ((256, 512), 256), ((384, 768), 384))
_SIDE = 256  # costs are those of 256x256, as in planning/network_size.py


def names() -> list[str]:
    """All encoders that the libraries know; smp's `timm-` ones give way to timm's own, which are `tu-`."""
    import timm
    from segmentation_models_pytorch.encoders import encoders

    return [
        *(name for name in encoders if not name.startswith("timm-")),
        *(f"tu-{name}" for name in timm.list_models()),
    ]


def row(name: str) -> dict[str, object] | None:
    """What the table says of an encoder; None for one that fits no decoder or takes images of one size alone."""
    for form, options in (
        ("levels", {}),
        ("levels", {"dynamic_img_size": True}),
        ("patches", {"dynamic_img_size": True}),
        ("patches", {}),
    ):
        try:
            net = _made(name, form, options)
            multiple = _multiple(net, form)
        except Exception:  # each of a thousand networks fails in its own way
            continue
        if not multiple:
            continue
        gflop, mb = _cost(net, multiple)
        dilated = form == "levels" and not options and _dilated(name)
        return {
            "name": name,
            "form": form,
            "multiple": multiple,
            "resized": "yes" if options else "",
            "dilated": "yes" if dilated else "",
            "blocks": (dilated and len(last_stage(net))) or "",
            "channels": " ".join(map(str, net.out_channels)),
            "gflop": f"{gflop:.3g}",
            "mb": f"{mb:.3g}",
            "weights": f"{sum(one.numel() for one in net.parameters()) / 1e6:.3g}",
            "tags": " ".join(_tags(name)),
        }
    return None


def _made(name: str, form: str, options: dict) -> Any:
    from segmentation_models_pytorch.encoders import get_encoder
    from segmentation_models_pytorch.encoders.timm_vit import TimmViTEncoder

    with without_numbers():
        if form == "levels":
            return get_encoder(name, **options)
        if not name.startswith("tu-"):
            raise ValueError(name)
        return TimmViTEncoder(name.removeprefix("tu-"), pretrained=False, **options)


def _features(net: Any, height: int, width: int) -> list[Tensor]:
    images = torch.zeros(2, 3, height, width, device="meta")
    try:
        found = net(images)
    except RuntimeError:  # it makes tensors of its own
        with torch.device("meta"):
            found = net(images)
    return found[0] if isinstance(found, tuple) else found


def _multiple(net: Any, form: str) -> int:
    """Of what the sides of an image must be multiples; 0: of nothing that was tried."""
    net.eval()
    if form == "patches":
        patch = net.output_strides[0]
        grids = [tuple(one.shape[2:]) for one in _features(net, 8 * patch, 6 * patch)]
        return patch if set(net.output_strides) == {patch} and set(grids) == {(8, 6)} else 0
    for size, multiple in _TRIED:
        try:
            found = _features(net, *size)
        except Exception:
            continue
        if multiple == 1:
            return multiple
        halved = [tuple(side >> level for side in size) for level in range(6)]
        return multiple if [tuple(one.shape[2:]) for one in found] == halved else 0
    return 0


def _dilated(name: str) -> bool:
    """Whether its last features can be of output stride 16, and so 8."""
    try:
        net = _made(name, "levels", {"output_stride": 16}).eval()
        return _SIDE // _features(net, _SIDE, _SIDE)[-1].shape[-1] == 16
    except Exception:
        return False


def _cost(net: nn.Module, multiple: int) -> tuple[float, float]:
    """GFLOP of a forward pass, and MB that the backward pass needs of it, for one image of 256x256."""
    side = max(1, round(_SIDE / multiple)) * multiple
    kept: dict[int, Tensor] = {}

    def keep(tensor: Tensor) -> Tensor:
        if not isinstance(tensor, nn.Parameter):
            kept[tensor.untyped_storage()._cdata] = tensor
        return tensor

    net.train()
    with FlopCounterMode(display=False) as counter, torch.autograd.graph.saved_tensors_hooks(keep, lambda one: one):
        _features(net, side, side)
    scale = (_SIDE / side) ** 2 / 2  # of two images
    mb = sum(one.numel() * one.element_size() for one in kept.values()) / 1e6
    return counter.get_total_flops() / 1e9 * scale, mb * scale


def _tags(name: str) -> list[str]:
    """Weights that the hub has of it; the first is what it gives unasked."""
    import timm
    from segmentation_models_pytorch.encoders import encoders

    if name in encoders:
        return list(encoders[name]["pretrained_settings"])
    bare = name.removeprefix("tu-")
    first = timm.get_pretrained_cfg(bare, allow_unregistered=True)
    tags = [one.partition(".")[2] for one in timm.list_pretrained(f"{bare}*") if one.partition(".")[0] == bare]
    return sorted(filter(None, tags), key=lambda tag: (first is None or tag != first.tag, tag))


def _main() -> None:
    warnings.simplefilter("ignore")
    table = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    table.writeheader()
    for name in sys.argv[1:] or names():
        if found := row(name):
            table.writerow(found)
            sys.stdout.flush()


if __name__ == "__main__":
    _main()
