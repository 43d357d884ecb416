"""BatchNorm's mean and variance measured once more, on all images at hand instead of the last batches of a training."""

from collections.abc import Iterator

import numpy as np
from torch import Tensor, nn
from torch.optim.swa_utils import update_bn

from dissent.training.data import to_tensor
from dissent.training.inference import autocast


def measure_norm(network: nn.Module, images_NHWC: np.ndarray, batch: int, device: str, precision: str) -> None:
    """Set the running mean and variance of every BatchNorm layer to those of `images_NHWC`; weights stay as they are.

    Each batch counts alike, and the last one, which is smaller, is left out where there are others.
    """
    mode, last = network.training, len(images_NHWC) // batch * batch or len(images_NHWC)

    def batches() -> Iterator[Tensor]:
        for at in range(0, last, batch):
            yield to_tensor(images_NHWC[at : at + batch], device)

    with autocast(device, precision):
        update_bn(batches(), network)
    network.train(mode)
