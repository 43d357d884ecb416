"""Mean probabilities of one network over an image in several sizes, and mirrored (as ST++ labels, model/semseg/base.py)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dissent.core.task import Task
from dissent.training.inference import judged

_STEPS, _LEAST = (32, 16, 14), 32


def averaged(network: nn.Module, images_BCHW: Tensor, task: Task, device: str, precision: str, views: dict) -> Tensor:
    """The mean probabilities (B, C, H, W) of a network over views of each image. `views`: scales, mirrored."""
    size = (images_BCHW.shape[2], images_BCHW.shape[3])
    total, count = None, 0
    for scale in views["scales"]:
        # a large view takes no more memory than the image
        part = max(1, int(len(images_BCHW) / max(1.0, scale * scale)))
        seen = _resized(images_BCHW, scaled(size, scale))
        for flip in (False, True)[: 1 + views["mirrored"]]:
            view = seen.flip(3) if flip else seen
            found = torch.cat([judged(network, some, task, device, precision) for some in view.split(part)])
            found = _resized(found.flip(3) if flip else found, size)
            total, count = found if total is None else total + found, count + 1
    assert total is not None  # there is a scale
    return total / count


def scaled(size: tuple[int, int], scale: float) -> tuple[int, int]:
    """The size of a view: a multiple of what both sides of the image are multiples of, so that it fits the same networks."""
    if scale == 1:
        return size
    step = next((one for one in _STEPS if not size[0] % one and not size[1] % one), 1)
    least = -(-_LEAST // step) * step
    height, width = (max(least, round(side * scale / step) * step) for side in size)
    return height, width


def _resized(maps_BCHW: Tensor, size: tuple[int, int]) -> Tensor:
    if tuple(maps_BCHW.shape[2:]) == size:
        return maps_BCHW
    return F.interpolate(maps_BCHW, size, mode="bilinear", align_corners=True)
