"""Operations on the pixels of an image, as RandAugment has them (Cubuk et al. 2020), in the ranges that iMAS draws from."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from dissent.config.averaged import COLOURFUL
from dissent.training.blur import gaussian, smooth


def _factor(strength: float) -> float:
    return 0.1 + 0.85 * strength


# torchvision's functions, an image (C, H, W) of bytes, and a strength of 0 to 1 -> the image changed
OPERATIONS: dict[str, Callable[[Any, Tensor, float], Tensor]] = {
    "identity": lambda tv, image, strength: image,
    "autocontrast": lambda tv, image, strength: tv.autocontrast(image),
    "equalize": lambda tv, image, strength: tv.equalize(image),
    "invert": lambda tv, image, strength: tv.invert(image),
    "blur": lambda tv, image, strength: (
        smooth(image[None].float(), gaussian(0.1 + 1.9 * strength, 4))[0].round().byte()
    ),
    "contrast": lambda tv, image, strength: tv.adjust_contrast(image, _factor(strength)),
    "brightness": lambda tv, image, strength: tv.adjust_brightness(image, _factor(strength)),
    "colour": lambda tv, image, strength: tv.adjust_saturation(image, _factor(strength)),
    "sharpness": lambda tv, image, strength: tv.adjust_sharpness(image, _factor(strength)),
    "posterize": lambda tv, image, strength: tv.posterize(image, 8 - max(1, math.ceil(4 * strength))),
    "solarize": lambda tv, image, strength: tv.solarize(image, 256 - max(1, math.ceil(255 * strength))),
    "hue": lambda tv, image, strength: tv.adjust_hue(image, strength - 0.5),
}


def disturbed(images_BCHW: Tensor, names: Sequence[str], number: int = 2) -> Tensor:
    """Images of 0..255 after `number` operations each, drawn with replacement, of strengths of their own.

    Grey images draw from those that change them. Torch's own generator draws, which `loop` seeds for every step.
    """
    from torchvision.transforms.v2 import functional  # takes seconds, and other learners need not wait

    if images_BCHW.shape[1] == 1:
        names = [name for name in names if name not in COLOURFUL]
    changed = []
    with torch.autocast(images_BCHW.device.type, enabled=False):  # sharpness is a convolution
        for image in images_BCHW.round().byte():
            for chosen, strength in zip(
                torch.randint(len(names), (number,)).tolist(), torch.rand(number).tolist(), strict=True
            ):
                image = OPERATIONS[names[chosen]](functional, image, strength)
            changed.append(image)
    return torch.stack(changed).to(images_BCHW.dtype)
