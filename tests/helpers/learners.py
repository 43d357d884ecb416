"""One small learner of each name, what it learns from, and a task of each kind."""

import numpy as np
import torch
from pydantic import TypeAdapter

from dissent import networks
from dissent.config.learners import Learn
from dissent.config.network import Network
from dissent.config.task import TaskSettings
from dissent.core.seeds import generator
from dissent.core.task import Task
from dissent.training import augment
from dissent.training.data import Batch
from dissent.training.learners import LEARNERS, Course
from dissent.training.losses import Loss

CELLS = {"position": "a", "states": ["b", "c"]}
TASKS = {
    "binary": TaskSettings(kind="binary", labels=["cell"]),
    "multiclass": TaskSettings(kind="multiclass", labels=["background", "a", "b"]),
    "multilabel": TaskSettings(kind="multilabel", labels=["a", "b", "c"], cells=CELLS),
}
TASKS = {kind: Task(settings.model_dump(mode="json")) for kind, settings in TASKS.items()}
VALUES = {"binary": 2, "multiclass": 3, "multilabel": 8}

SMALL = Network(architecture="unet1x1", width=0.25, steps=6, batch_size=3, validate_every=2).model_dump(mode="json")


AUXILIARY = Network(
    architecture="unet",
    encoder="tu-resnet10t",
    options={"decoder_channels": [8, 8, 8, 8, 8], "aux_head": {"channels": 8, "dropout": 0.0}},
    steps=6,
    batch_size=3,
    validate_every=2,
).model_dump(mode="json")
"""one with an auxiliary head"""


def made(name, kind="binary", network=SMALL, **options):
    """A learner of a small network, with what its options leave out at their defaults."""
    options = TypeAdapter(Learn).validate_python({"name": name} | options).model_dump(mode="json")
    course = Course(network["steps"], 2, lambda **changes: networks.build(network | changes, TASKS[kind].outputs, 1))
    pair_loss = Loss(TASKS[kind], ["mse"], auxiliary=network["options"]["aux_head"])
    return LEARNERS[name](course.build(), pair_loss, options, course)


class FixedLoss:
    """The pairs' loss of a learner is this number."""

    def __init__(self, task, value=1.0):
        self.task, self.value = task, value

    def __call__(self, logits, target):
        return torch.tensor(self.value)


def given(kind="binary", unknown=False):
    """Three labelled images."""
    return Batch(images(3), torch.as_tensor(masks(kind, unknown=unknown)), ["a", "b", "c"])


def views_of(learner, seed=1, number=4):
    """The views that it wants of four unlabelled images."""
    if not learner.views:
        return {}
    return augment.views_of_images(images(number), learner.views, False, torch.Generator().manual_seed(seed))


def masks(kind, number=3, shape=(16, 20), unknown=False):
    """A disc of which each mask has another edge, so that they agree and disagree; every value of the kind occurs."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    found = np.zeros((number, *shape), np.uint8)
    for index, mask in enumerate(found):
        inside = np.hypot(rows - 7, columns - 8) < 5 + index % 3
        mask[inside] = 1 + (columns[inside] // 3) % (VALUES[kind] - 1)
    if unknown:
        found[:, :3, ::2] = 255
    return found


def images(number=3, channels=1, shape=(16, 20)):
    return torch.as_tensor(generator("images").integers(0, 256, (number, channels, *shape))).float()
