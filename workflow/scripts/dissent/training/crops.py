"""Random windows of large images at a random scale, with mirroring: what a training step sees of them (network key `crop`)."""

import math

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from dissent.core.files import UNKNOWN


def cropped(
    images_BCHW: Tensor, masks_BHW: Tensor | None, crop: dict, rotation_invariant: bool, generator: Generator
) -> tuple[Tensor, Tensor | None, Tensor]:
    """A window of each image and mask, and where there is an image in it, (B, 1, h, w) of 0 and 1.

    The image becomes `scale` times as large (images bilinear, masks nearest). Where it is smaller than the window it lies in the
    upper left corner, what is beyond it is black, and unknown in the mask. Half of all windows are mirrored, and where up has
    no meaning half are turned upside down. (UniMatch's recipe, facts in docs/reference/method_notes.md.)
    """
    numbers = torch.rand(len(images_BCHW), 5, generator=generator)
    (low, high), size = crop["scale"], crop["size"]
    images = images_BCHW.new_zeros((*images_BCHW.shape[:2], *size))
    known = images_BCHW.new_zeros((len(images), 1, *size))
    masks = None if masks_BHW is None else torch.full((len(images), *size), UNKNOWN, dtype=masks_BHW.dtype)
    masks = None if masks is None else masks.to(images.device)
    for index, (scale, top, left, mirrored, turned) in enumerate(numbers.tolist()):
        factor = low + (high - low) * scale
        rows, y = _part(images_BCHW.shape[2], size[0], factor, top)
        columns, x = _part(images_BCHW.shape[3], size[1], factor, left)
        flips = [axis for axis, yes in ((-1, mirrored < 0.5), (-2, rotation_invariant and turned < 0.5)) if yes]
        window = F.interpolate(
            images_BCHW[index : index + 1, :, rows, columns], (y, x), mode="bilinear", antialias=True
        ).clamp(0, 255)
        images[index, :, :y, :x] = window[0]
        known[index, :, :y, :x] = 1
        images[index], known[index] = images[index].flip(flips), known[index].flip(flips)
        if masks is not None and masks_BHW is not None:
            part = masks_BHW[index, rows, columns][None, None].float()
            masks[index, :y, :x] = F.interpolate(part, (y, x), mode="nearest-exact")[0, 0].to(masks.dtype)
            masks[index] = masks[index].flip(flips)
    return images, masks, known


def _part(side: int, window: int, factor: float, at: float) -> tuple[slice, int]:
    """Which pixels of a side are seen, and as how many; `at`, 0 to below 1: where they lie."""
    seen = min(side, math.ceil(window / factor))
    first = int(at * (side - seen + 1))
    return slice(first, first + seen), min(window, max(1, round(seen * factor)))
