"""Random windows of large images at a random scale, with mirroring: what a training step sees of them (network key `crop`)."""

import math

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from dissent.core.files import UNKNOWN

TRIES = 10  # windows of an image of which one should show what is wanted


def cropped(
    images_BCHW: Tensor,
    masks_BHW: Tensor | None,
    crop: dict,
    rotation_invariant: bool,
    generator: Generator,
    wanted_BHW: Tensor | None = None,
) -> tuple[Tensor, Tensor | None, Tensor]:
    """A window of each image and mask, and where there is an image in it, (B, 1, h, w) of 0 and 1.

    The image becomes `scale` times as large (images bilinear, masks nearest). Where it is smaller than the window it lies in the
    upper left corner, what is beyond it is black, and unknown in the mask. Half of all windows are mirrored, and where up has
    no meaning half are turned upside down. (UniMatch's recipe, facts in docs/reference/method_notes.md.)

    `wanted_BHW`: pixels that a window should show; of ten windows the first that shows one is taken, as DAFormer does.
    """
    numbers = torch.rand(len(images_BCHW), 5, generator=generator)
    if wanted_BHW is not None:
        others = torch.rand(TRIES - 1, len(images_BCHW), 5, generator=generator)
        numbers = _showing(wanted_BHW, torch.cat([numbers[None], others]), crop)
    size = crop["size"]
    images = images_BCHW.new_zeros((*images_BCHW.shape[:2], *size))
    known = images_BCHW.new_zeros((len(images), 1, *size))
    masks = None if masks_BHW is None else torch.full((len(images), *size), UNKNOWN, dtype=masks_BHW.dtype)
    masks = None if masks is None else masks.to(images.device)
    for index, (scale, top, left, mirrored, turned) in enumerate(numbers.tolist()):
        (rows, y), (columns, x) = _parts((images_BCHW.shape[2], images_BCHW.shape[3]), crop, scale, (top, left))
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


def _showing(wanted_BHW: Tensor, numbers_TB5: Tensor, crop: dict) -> Tensor:
    """Of several draws of each image's numbers (T, B, 5) the first whose window shows something wanted, else the first: (B, 5)."""
    height, width = wanted_BHW.shape[1:]
    chosen = numbers_TB5[0].clone()
    for index, wanted in enumerate(wanted_BHW):
        for scale, top, left, *rest in numbers_TB5[:, index].tolist() if wanted.any() else []:
            (rows, _), (columns, _) = _parts((height, width), crop, scale, (top, left))
            if wanted[rows, columns].any():
                chosen[index] = torch.tensor([scale, top, left, *rest])
                break
    return chosen


def _parts(
    sides: tuple[int, int], crop: dict, scale: float, at: tuple[float, float]
) -> tuple[tuple[slice, int], tuple[slice, int]]:
    """Rows and columns that a window shows, and as how many; `scale` and `at`: 0 to below 1."""
    low, high = crop["scale"]
    factor = low + (high - low) * scale
    return _part(sides[0], crop["size"][0], factor, at[0]), _part(sides[1], crop["size"][1], factor, at[1])


def _part(side: int, window: int, factor: float, at: float) -> tuple[slice, int]:
    """Which pixels of a side are seen, and as how many; `at`, 0 to below 1: where they lie."""
    seen = min(side, math.ceil(window / factor))
    first = int(at * (side - seen + 1))
    return slice(first, first + seen), min(window, max(1, round(seen * factor)))
