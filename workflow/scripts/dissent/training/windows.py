"""Images in windows that slide over them: what a network that learned from crops says of them (network key `crop`)."""

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor, nn


def places(side: int, window: int, overlap: float, last: str) -> list[int]:
    """Where windows begin along a side, as UniMatch (`beyond`) and its second version and U2PL (`shifted`) place them."""
    step = max(1, int(window * (1 - overlap) + 1e-9))
    if last == "beyond":
        return list(range(0, side, step))
    return [*range(0, max(0, side - window), step), max(0, side - window)]


def slides(network: nn.Module) -> dict | None:
    """The `crop` of a network that sees images in windows; None of one that sees all of an image at once."""
    crop: dict | None = getattr(network, "crop", None)  # those that were saved before there was a choice slide
    return crop if crop is not None and crop.get("sliding", True) else None


def in_windows(
    logits: Callable[[Tensor], Tensor],
    probabilities: Callable[[Tensor], Tensor],
    images_BCHW: Tensor,
    crop: dict,
) -> Tensor:
    """Probabilities (B, C, H, W) by all windows that see a pixel: the mean of theirs, or those of the mean of their logits.

    `logits`: windows (B, channels, h, w) -> (B, C, h, w). `probabilities`: of logits. What a window has beyond the image is
    black, as it is in training.
    """
    if crop.get("average") == "logits":  # networks that were saved before there was a choice have no such key
        return probabilities(_mean(logits, images_BCHW, crop))
    return _mean(lambda windows: probabilities(logits(windows)), images_BCHW, crop)


def _mean(run: Callable[[Tensor], Tensor], images_BCHW: Tensor, crop: dict) -> Tensor:
    (height, width), (high, wide) = images_BCHW.shape[2:], crop["size"]
    total, times = None, images_BCHW.new_zeros((1, 1, height, width))
    for top in places(height, high, crop["overlap"], crop["last"]):
        for left in places(width, wide, crop["overlap"], crop["last"]):
            window = images_BCHW[:, :, top : top + high, left : left + wide]
            rows, columns = window.shape[2:]
            found = run(F.pad(window, (0, wide - columns, 0, high - rows)))[:, :, :rows, :columns]
            if total is None:
                total = found.new_zeros((*found.shape[:2], height, width))
            total[:, :, top : top + rows, left : left + columns] += found
            times[:, :, top : top + rows, left : left + columns] += 1
    assert total is not None  # an image has pixels
    return total / times
