"""Named views of a batch (none, weak, strong) and CutMix. They are drawn anew on every step.

Random numbers are drawn on the CPU, from the generator that is given. So a step's views are the same on every device.
"""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from dissent.core.files import UNKNOWN
from dissent.training.blur import GAUSSIANS, gaussian, smooth
from dissent.training.crops import cropped

# rotation in degrees either way, factor of size, shift as a share of the side
GEOMETRY = {"none": None, "weak": (0.0, 1.1, 0.05), "strong": (25.0, 1.4, 0.1), "cutout": (0.0, 1.1, 0.05)}
# contrast, brightness (share of 255), saturation: drawn from 1 - x to 1 + x; hue turn in parts of a circle
COLOUR = {"none": None, "weak": None, "strong": (0.4, 0.15, 0.4, 0.04), "cutout": (0.5, 0.25, 0.5, 0.25)}
CUTOUT = {"cutout": 0.5}  # probability that a box is cut out of an image
_GREY = (0.299, 0.587, 0.114)


def _uniform(count: int, low: float, high: float, generator: Generator) -> Tensor:
    return torch.rand(count, generator=generator) * (high - low) + low


def affine(
    view: str, count: int, height: int, width: int, rotation_invariant: bool, generator: Generator
) -> Tensor | None:
    """Matrices `(count, 2, 3)` from output to input coordinates, for `affine_grid`; None where the view moves nothing.

    Flips are part of it. Where up has no meaning (`rotation_invariant`) images are turned by half turns too, and by
    quarter turns where they are square. The strong view adds its 25 degrees either way.
    """
    geometry = GEOMETRY[view]
    if geometry is None:
        return None
    degrees, scale, shift = geometry
    angle = _uniform(count, -degrees, degrees, generator) * (math.pi / 180)
    turns = torch.randint(0, 4, (count,), generator=generator)
    size = torch.exp(_uniform(count, -math.log(scale), math.log(scale), generator))
    moves = torch.stack([_uniform(count, -2 * shift, 2 * shift, generator) for _ in range(2)], 1)
    flips = (torch.rand(count, 2, generator=generator) < 0.5).float() * -2 + 1
    if rotation_invariant:
        angle = angle + (turns if height == width else turns // 2 * 2) * (math.pi / 2)
    else:
        flips[:, 1] = 1.0
    cos, sin, aspect = torch.cos(angle), torch.sin(angle), height / width
    rows = [torch.stack([cos, sin * aspect], 1), torch.stack([-sin / aspect, cos], 1)]
    matrix = torch.stack(rows, 1) / size[:, None, None] * flips[:, None, :]
    return torch.cat([matrix, moves[:, :, None]], 2)


def warp(images_BCHW: Tensor, masks_BHW: Tensor | None, matrices: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """Move images (bilinear) and masks (nearest) alike; what comes in from outside is the mirrored image."""
    if matrices is None:
        return images_BCHW, masks_BHW
    grid = F.affine_grid(matrices.to(images_BCHW.device), list(images_BCHW.shape), align_corners=False)
    # weights of bilinear sampling add up to a hair more than 1
    images = F.grid_sample(images_BCHW, grid, "bilinear", "reflection", align_corners=False).clamp(0, 255)
    if masks_BHW is not None:
        masks = F.grid_sample(masks_BHW[:, None].float(), grid, "nearest", "reflection", align_corners=False)
        masks_BHW = masks[:, 0].round().byte()
    return images, masks_BHW


def recolour(images_BCHW: Tensor, view: str, generator: Generator) -> Tensor:
    """Contrast and brightness change, and of colour images saturation and hue; some are blurred. Values stay in 0..255."""
    colour = COLOUR[view]
    if colour is None:
        return images_BCHW
    contrast, bright, saturation, hue = colour
    count, channels, device = images_BCHW.shape[0], images_BCHW.shape[1], images_BCHW.device
    factor = _uniform(count, 1 - contrast, 1 + contrast, generator).to(device)[:, None, None, None]
    offset = _uniform(count, -255 * bright, 255 * bright, generator).to(device)[:, None, None, None]
    colourful = _uniform(count, 1 - saturation, 1 + saturation, generator)
    turn = _uniform(count, -hue, hue, generator) * 2 * math.pi
    blurred = torch.rand(count, generator=generator) < 0.2
    sigma = float(_uniform(1, 0.3, 1.2, generator))
    middle = images_BCHW.mean((1, 2, 3), keepdim=True)
    images = (images_BCHW - middle) * factor + middle + offset
    if channels == 3:
        # saturation and hue are one 3x3 matrix an image: one pass over the pixels instead of a trip through HSV
        images = torch.einsum("bij,bjhw->bihw", _colour_matrix(colourful, turn).to(device), images)
    images = images.clamp(0, 255)
    if blurred.any():
        images[blurred.to(device)] = smooth(images[blurred.to(device)], gaussian(sigma))
    return images


def _colour_matrix(saturation_B: Tensor, turn_B: Tensor) -> Tensor:
    """Matrices `(B, 3, 3)` that scale a colour's distance from grey and turn it about the grey axis (by Rodrigues)."""
    identity = torch.eye(3)
    grey = torch.tensor(_GREY).expand(3, 3)
    saturate = grey + saturation_B[:, None, None] * (identity - grey)
    cos, sin = torch.cos(turn_B)[:, None, None], torch.sin(turn_B)[:, None, None]
    cross = torch.tensor([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]]) / math.sqrt(3)
    rotate = cos * identity + (1 - cos) / 3 + sin * cross
    return rotate @ saturate


def view_of_pairs(
    images_BCHW: Tensor,
    masks_BHW: Tensor,
    view: str,
    rotation_invariant: bool,
    generator: Generator,
    crop: dict | None = None,
    wanted_BHW: Tensor | None = None,
    colours: int | None = None,
) -> tuple[Tensor, Tensor]:
    """Images (float 0..255) and their masks under one named view; of a `crop` the view gives the colours alone.

    `wanted_BHW`: pixels that its windows should show (training/crops.py). `colours`: how many channels of the images are
    colours, none: all; those behind them are moved and nothing else.
    """
    if crop is not None:
        images, masks, _ = cropped(images_BCHW, masks_BHW, crop, rotation_invariant, generator, wanted_BHW)
    else:
        count, _, height, width = images_BCHW.shape
        matrices = affine(view, count, height, width, rotation_invariant, generator)
        images, masks = warp(images_BCHW, masks_BHW, matrices)
    assert masks is not None  # they were given
    seen, rest = images[:, :colours], images[:, images.shape[1] if colours is None else colours :]
    seen, masks = cut_out(recolour(seen, view, generator), masks, CUTOUT.get(view, 0.0), generator)
    return torch.cat([seen, rest], 1) if rest.shape[1] else seen, masks


def view_of_batch(
    images_BCHW: Tensor,
    masks_BHW: Tensor,
    pseudo: Sequence[bool],
    views: tuple[str, str],
    rotation_invariant: bool,
    generator: Generator,
    crop: dict | None = None,
    wanted_BHW: Tensor | None = None,
    colours: int | None = None,
) -> tuple[Tensor, Tensor]:
    """As `view_of_pairs`, with the first view for pairs that people labelled and the second for the `pseudo` ones."""
    parts = [[index for index, one in enumerate(pseudo) if one == which] for which in (False, True)]
    named = [(part, view) for part, view in zip(parts, views, strict=True) if part]
    if len({view for _, view in named}) == 1:
        return view_of_pairs(
            images_BCHW, masks_BHW, named[0][1], rotation_invariant, generator, crop, wanted_BHW, colours
        )
    order = torch.tensor([index for part in parts for index in part]).argsort().to(images_BCHW.device)
    seen = []
    for part, view in named:
        wanted = None if wanted_BHW is None else wanted_BHW[part]
        pair = images_BCHW[part], masks_BHW[part]
        seen.append(view_of_pairs(*pair, view, rotation_invariant, generator, crop, wanted, colours))
    images, masks = (torch.cat(several)[order] for several in zip(*seen, strict=True))
    return images, masks


def cut_out(images_BCHW: Tensor, masks_BHW: Tensor, probability: float, generator: Generator) -> tuple[Tensor, Tensor]:
    """A box of some images becomes uniform noise, and unknown in the mask (DeVries and Taylor 2017; as ST++ draws it)."""
    if not probability:
        return images_BCHW, masks_BHW
    count, channels, height, width = images_BCHW.shape
    boxes = cutmix_boxes(count, height, width, probability, generator).to(images_BCHW.device)
    noise = (torch.rand(count, channels, height, width, generator=generator) * 255).to(images_BCHW.device)
    return torch.where(boxes[:, None], noise, images_BCHW), masks_BHW.masked_fill(boxes, UNKNOWN)


def views_of_images(
    images_BCHW: Tensor,
    names: tuple[str, ...],
    rotation_invariant: bool,
    generator: Generator,
    crop: dict | None = None,
) -> dict[str, Tensor]:
    """Several views of the same images that share one geometry, so that a label made on one holds on the others.

    Weak views are flipped and shifted, strong ones recoloured too; strong2 is a second strong one. Plain is the image as
    it is; where it is asked for, all views keep its place. Of a `crop` all share one window, and `known` is 0 where that
    has no image, else 1.
    """
    if crop is not None:
        images, _, known = cropped(images_BCHW, None, crop, rotation_invariant, generator)
        return _views(images, names, generator) | {"known": known}
    count, _, height, width = images_BCHW.shape
    geometry = "weak" if "none" not in names else "none"
    images, _ = warp(images_BCHW, None, affine(geometry, count, height, width, rotation_invariant, generator))
    return _views(images, names, generator)


def _views(images_BCHW: Tensor, names: tuple[str, ...], generator: Generator) -> dict[str, Tensor]:
    return {name: recolour(images_BCHW, name.rstrip("0123456789"), generator) for name in names}


def photo(images_BCHW: Tensor, strength: dict) -> Tensor:
    """PHOTO (section 4) on a batch of 0..255, each image with numbers of its own from torch's generator.

    A blur of a random level up to `blur`, integer noise in [-noise, noise - 1], and with p = .5 contrast and brightness.
    """
    count, device = images_BCHW.shape[0], images_BCHW.device
    levels = torch.randint(0, strength["blur"] + 1, (count,))
    images = images_BCHW.clone()
    for level in range(1, strength["blur"] + 1):
        chosen = (levels == level).nonzero()[:, 0].to(device)
        if len(chosen):
            images[chosen] = smooth(images[chosen], GAUSSIANS[level])
    if strength["noise"]:
        grain = torch.randint(-strength["noise"], strength["noise"], images.shape)
        images = (images + grain.to(device)).clamp(0, 255)
    alpha = 1 + (2 * torch.rand(count) - 1) * strength["alpha"]
    beta = (2 * torch.rand(count) - 1) * strength["beta"]
    changed = (torch.rand(count) < 0.5).to(device)[:, None, None, None]
    bright = (images * alpha.to(device)[:, None, None, None] + beta.to(device)[:, None, None, None]).abs().clamp(0, 255)
    return torch.where(changed, bright, images)


def cutmix_boxes(count: int, height: int, width: int, probability: float, generator: Generator | None = None) -> Tensor:
    """Where another image is pasted, as bool `(count, H, W)`.

    It is a box of 2-40 % of the image with aspect .3-3.3, or nothing. Without a generator torch's own is used, which `loop` seeds anew for every step.
    """
    boxes = torch.zeros(count, height, width, dtype=torch.bool)
    for index in range(count):
        use, area, aspect, top, left = torch.rand(5, generator=generator).tolist()
        if use >= probability:
            continue
        area, aspect = 0.02 + area * 0.38, 0.3 * (1 / 0.09) ** aspect
        rows = min(height, max(1, round(math.sqrt(area * aspect) * height)))
        columns = min(width, max(1, round(math.sqrt(area / aspect) * width)))
        row, column = int(top * (height - rows + 1)), int(left * (width - columns + 1))
        boxes[index, row : row + rows, column : column + columns] = True
    return boxes


def cutmix_patches(count: int, height: int, width: int, number: int = 3) -> Tensor:
    """CPS' CutMix, as bool `(count, H, W)`: `number` boxes that take a quarter to a half of the image together.

    Their aspects are free. Where two overlap, the image itself is left. They are drawn from torch's own generator.
    """
    found = torch.zeros(count, height, width, dtype=torch.bool)
    for index in range(count):
        area = (0.25 + 0.25 * float(torch.rand(()))) / number
        for aspect, top, left in torch.rand(number, 3).tolist():
            rows = min(height, max(1, round(area**aspect * height)))
            columns = min(width, max(1, round(area ** (1 - aspect) * width)))
            row, column = int(top * (height - rows + 1)), int(left * (width - columns + 1))
            found[index, row : row + rows, column : column + columns] ^= True
    return found
