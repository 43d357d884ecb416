"""Images as the encoder of a run's best student sees them: the mean of its coarsest features."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from dissent.cli.predict.pool import open_pool
from dissent.core.files import UserError, read_image
from dissent.runtime.devices import prepare_process
from dissent.training.data import to_tensor


def described(images: Sequence[Sequence[Path]], where: Path, threads: int) -> np.ndarray:
    """(N, F): for each image, of the files of its tiles the mean. `where`: the generation.

    On the CPU: the card that drafts are made on is leased later, and torch sees only the first that it looked for.
    """
    prepare_process(threads)
    pool = open_pool(where, False, False, "cpu")
    network, channels = pool.networks[0], pool.knows.channels
    if getattr(network, "crop", None) is not None:
        raise UserError(
            f"the students in {where} learned from windows of images, and describe no whole one: say `--features looks`"
        )

    def one(paths: Sequence[Path]) -> np.ndarray:
        pixels = np.stack([read_image(path, channels) for path in paths])
        with torch.inference_mode():
            return np.asarray(network.encode(to_tensor(pixels, "cpu"))[-1].float().mean((0, 2, 3)))  # type: ignore[operator]

    return np.stack([one(paths) for paths in tqdm(images, "encoder", unit=" images", disable=None, leave=False)])
