"""One image through one network or a pool: its mask, and where the pool disagrees."""

from functools import partial
from typing import Any

import numpy as np
import torch

from dissent.cli.predict.find_images import Upright
from dissent.cli.predict.marks import Marks
from dissent.cli.predict.pool import Pool
from dissent.cli.predict.sliding_window import strips
from dissent.consensus import compare, union
from dissent.core.task import Task
from dissent.training.inference import Judge, flipped, probabilities


def vote(pool: Pool, task: Task, photo: Upright, extras: frozenset[str], device: str, views: int = 1) -> Marks:
    """What the pool says of an image; `extras`: `doubt` where networks disagree, `probabilities`, the mean of theirs.

    `views`: 2 or 4 let each network see the image turned over too, and take the mean.

    Without `doubt` the mask is the best guess there is, decided from the mean of the networks' probabilities. With it the mask is
    what they agree on, as `consensus` says, where all of them agree.
    """
    knows = pool.knows
    judge = partial(flipped, views=views)
    run = partial(_run, pool=pool, task=task, device=device, judge=judge)
    published = knows.input.protocol == "published"
    masks, doubts, shares = [], [], []
    for several in strips(run, photo.pixels, photo.shape, knows.shape, knows.input.geometry, published):
        with torch.inference_mode():
            mean = torch.stack(several).mean(0)
            guess = _decided(task, mean)
            if "doubt" in extras:
                votes = np.stack([task.unpack(_decided(task, one)) for one in several])
                agreed, doubt = compare(votes, task.kind)
                guess = task.pack(np.where(doubt, task.unpack(guess), agreed))
                doubts.append(task.disagreement(votes, union(doubt, task.kind)))
            if "probabilities" in extras:
                shares.append((65535 * mean.float()).round().cpu().numpy().astype(np.uint16))
        masks.append(guess)
    return Marks(
        np.concatenate(masks),
        np.concatenate(doubts) if doubts else None,
        np.concatenate(shares, 1) if shares else None,
    )


def _run(images_NHWC: np.ndarray, pool: Pool, task: Task, device: str, judge: Judge) -> Any:
    return probabilities(pool.networks, images_NHWC, task, device, pool.precision, pool.batch, judge)


def _decided(task: Task, probabilities_CHW: torch.Tensor) -> np.ndarray:
    return task.decide(probabilities_CHW[None])[0].cpu().numpy()
