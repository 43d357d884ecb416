"""Who votes on an image: several teachers, or the best one that sees it several times, turned and disturbed (section 5, 6)."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from dissent.core.seeds import generator
from dissent.core.task import Task
from dissent.pseudolabels.averaged import averaged
from dissent.training import inference
from dissent.training.offline_augment import photo

if TYPE_CHECKING:
    from dissent.core import arguments


def ballots(
    pool: Sequence[nn.Module],
    images_NHWC: np.ndarray,
    names: Sequence[str],
    task: Task,
    params: "arguments.Prediction",
    device: str,
) -> Iterator[list[Tensor]]:
    """For each batch of images the probabilities (B, C, H, W) of every voter, in the image's own position.

    `params`: with `tta`; their random numbers come of seed and generation.
    """
    how, batch = (device, params["precision"], params["batch_size"]), params["batch_size"]
    if params["tta"]["mode"] == "averaged":
        judge = partial(averaged, views=params["tta"])
        yield from inference.probabilities(pool, images_NHWC, task, *how, judge=judge)
        return
    if params["tta"]["mode"] == "none":
        yield from inference.probabilities(pool, images_NHWC, task, *how)
        return
    for first in range(0, len(images_NHWC), batch):
        views = [
            _views(image, params["tta"], generator(params["seed"], params["generation"], "views", name))
            for image, name in zip(images_NHWC[first : first + batch], names[first : first + batch], strict=True)
        ]
        votes = []
        for of_images in zip(*views, strict=True):
            seen = np.stack([image for image, _ in of_images])
            [[found]] = inference.probabilities(pool[:1], seen, task, *how)
            turned = [_turn_back(one, move) for one, (_, move) in zip(found, of_images, strict=True)]
            votes.append(torch.stack(turned))
        yield votes


def _views(image_HWC: np.ndarray, views: dict, random: np.random.Generator) -> list[tuple[np.ndarray, tuple]]:
    """Each view with the move that made it: (upside down, mirrored, quarter turns)."""
    found = []
    if views["mode"] == "cumulative":
        for _ in range(views["number"] + 1):  # published: one more than the number says
            image_HWC = photo(image_HWC, views["noise"], random)
            found.append((image_HWC, (False, False, 0)))
        return found
    square = image_HWC.shape[0] == image_HWC.shape[1]
    for _ in range(views["number"]):
        down, left = random.random() < 0.5, random.random() < 0.5
        turns = int(random.integers(1, 4)) if square else 2
        view = image_HWC[::-1] if down else image_HWC
        view = view[:, ::-1] if left else view
        found.append((photo(np.ascontiguousarray(np.rot90(view, turns)), views["noise"], random), (down, left, turns)))
    return found


def _turn_back(maps_CHW: Tensor, move: tuple) -> Tensor:
    down, left, turns = move
    maps = torch.rot90(maps_CHW, -turns, (1, 2))
    maps = maps.flip(2) if left else maps
    return maps.flip(1) if down else maps
