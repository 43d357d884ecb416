"""One image through one network or a pool: its mask, and where the pool disagrees."""

from functools import partial
from typing import Any

import numpy as np
import torch

from dissent.cli.predict.find_images import Upright
from dissent.cli.predict.pool import Pool
from dissent.cli.predict.sliding_window import strips
from dissent.consensus import compare, union
from dissent.core.task import Task
from dissent.training.inference import probabilities


def vote(pool: Pool, task: Task, photo: Upright, everyone: bool, device: str) -> tuple[np.ndarray, np.ndarray | None]:
    """Mask (H, W) of uint8 bytes, and with `everyone` the doubt (H, W), non-zero where networks disagree, else None.

    Where all networks agree the mask is what they agree on, as `consensus` says; elsewhere it is the best guess there is,
    decided from the mean of their probabilities.
    """
    knows = pool.knows
    run = partial(_run, pool=pool, task=task, device=device)
    published = knows.input.protocol == "published"
    masks, doubts = [], []
    for several in strips(run, photo.pixels, photo.shape, knows.shape, knows.input.geometry, published):
        with torch.inference_mode():
            guess = _decided(task, torch.stack(several).mean(0))
            if everyone:
                votes = np.stack([task.unpack(_decided(task, one)) for one in several])
                agreed, doubt = compare(votes, task.kind)
                guess = task.pack(np.where(doubt, task.unpack(guess), agreed))
                doubts.append(task.disagreement(votes, union(doubt, task.kind)))
        masks.append(guess)
    return np.concatenate(masks), np.concatenate(doubts) if everyone else None


def _run(images_NHWC: np.ndarray, pool: Pool, task: Task, device: str) -> Any:
    return probabilities(pool.networks, images_NHWC, task, device, pool.precision, pool.batch)


def _decided(task: Task, probabilities_CHW: torch.Tensor) -> np.ndarray:
    return task.decide(probabilities_CHW[None])[0].cpu().numpy()
