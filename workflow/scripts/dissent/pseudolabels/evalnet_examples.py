"""What EvalNets learn from (section 5.2): masks that a method's networks make of labelled images, and how good these are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from torch import nn

from dissent.consensus import consensus
from dissent.core.files import UNKNOWN
from dissent.core.seeds import generator
from dissent.core.task import Task, taught
from dissent.pseudolabels.quality import truth
from dissent.training import inference
from dissent.training.data import apply_doubt
from dissent.training.offline_augment import noise_copy

if TYPE_CHECKING:
    from dissent.core import arguments

ROUNDS = {"train": 10, "val": 3}  # of masks that several networks agree on, for each image
NETWORKS = {"train": None, "val": 3}  # of each method whose single predictions are examples; none: all
SQUARES = (0, 3, 5)  # sides by which the doubt is eroded, then dilated, at random
# of the copy that half of the examples are: binary tasks, and others
DISTURBED = {
    True: {"alpha": 0.4, "beta": 20.0, "blur": 3, "noise": 20},
    False: {"alpha": 0.2, "beta": 10.0, "blur": 1, "noise": 10},
}


def blocked(task: Task) -> dict:
    """The rule by which EvalNets see doubt, whatever a method's is: black, and background as published.

    Where every id is a class, doubt is in no plane of the mask: as id 0 it would be that class.
    """
    if task.background is None:
        return {"input": "block", "target": "ignore"}
    return {"input": "block", "target": "background", "background": task.background}


@dataclass
class Examples:
    """Images (N, H, W, C) and masks (N, H, W) as bytes, and the target (N, heads, outputs): IoU, then detected."""

    images: np.ndarray
    masks: np.ndarray
    target: np.ndarray

    def planes(self, chosen: Sequence[int], task: Task) -> np.ndarray:
        """(n, H, W, channels + outputs) uint8: what an EvalNet takes of these examples."""
        planes = [task.planes_of(self.masks[i]).transpose(1, 2, 0).astype(np.uint8) for i in chosen]
        return np.concatenate([self.images[list(chosen)], np.stack(planes)], 3)


def make_examples(
    pools: Sequence[Sequence[nn.Module]],
    images_NHWC: np.ndarray,
    labels_NHW: np.ndarray,
    rated: str,
    subset: str,
    task: Task,
    params: "arguments.Rated",
    device: str,
) -> Examples:
    """Examples of what is to be rated: single `predictions`, or `masks`, the consensus of two to four networks, blocked.

    `pools`: networks of each method; `subset`: train or val. People's own labels are among the single
    predictions, with perfect scores.
    """
    several = [network for pool in pools for network in pool[: NETWORKS[subset] if rated == "predictions" else None]]
    predicted = [
        inference.masks(network, images_NHWC, task, device, params["precision"], params["batch_size"])
        for network in several
    ]
    if rated == "predictions":
        nothing = taught(blocked(task))
        guessed: list = [*predicted, [None] * len(images_NHWC)]
        found = [
            (image, np.where(label == UNKNOWN, np.uint8(nothing), label) if guess is None else guess, label, None)
            for guesses in guessed
            for image, label, guess in zip(images_NHWC, labels_NHW, guesses, strict=True)
        ]
    else:
        make = _agreement(np.stack(predicted, 1), task, params["seed"], subset)
        found = [
            make(index, image, label, number)
            for number in range(ROUNDS[subset])
            for index, (image, label) in enumerate(zip(images_NHWC, labels_NHW, strict=True))
        ]
    targets = [truth(mask, label, doubt, task).heads for _, mask, label, doubt in found]
    images, masks = [one[0] for one in found], [one[1] for one in found]
    if rated == "masks":
        images, masks = _disturb(images, masks, task, params["seed"], subset)
    return Examples(np.stack(images), np.stack(masks), np.asarray(targets, np.float32))


def _agreement(predicted_NKHW: np.ndarray, task: Task, seed: int, subset: str) -> Callable:
    """A function from (index, image, label, round) to the blocked pair with its doubt."""

    def make(index: int, image_HWC: np.ndarray, label_HW: np.ndarray, number: int) -> tuple:
        random = generator(seed, "evalnet", subset, index, number)
        masks = predicted_NKHW[index]
        count = min(len(masks), int(random.integers(2, 5)))
        votes = np.stack([task.unpack(masks[k]) for k in random.choice(len(masks), count, replace=False)])
        erode, dilate = (SQUARES[i] for i in random.integers(0, len(SQUARES), 2))
        label, doubt = consensus(votes, task.kind, erode, dilate, task.background)
        image, mask = apply_doubt(image_HWC, task.pack(label), doubt, blocked(task), random)
        return image, mask, label_HW, doubt

    return make


def _disturb(images: list, masks: list, task: Task, seed: int, subset: str) -> tuple[list, list]:
    """Half of the pairs become a noise copy: mirrored and disturbed, never turned, so that all keep one shape."""
    for index, pair in enumerate(zip(images, masks, strict=True)):
        random = generator(seed, "evalnet", subset, "copy", index)
        if random.random() < 0.5:
            images[index], masks[index] = noise_copy(*pair, DISTURBED[task.one_foreground], False, random)
    return images, masks
