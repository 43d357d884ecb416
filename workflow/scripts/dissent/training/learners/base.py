"""The contract of a learner: a loss, not a loop."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from dissent.training.data import Batch
from dissent.training.losses import Loss
from dissent.training.unlabelled.teacher import Teacher


@dataclass(frozen=True)
class Course:
    """What a learner is told of its training."""

    steps: int
    """the whole budget, for ramps"""
    epoch: int
    """steps in which as many unlabelled images are drawn as there are"""
    build: Callable[..., nn.Module]
    """a further network for the same images and labels, with random weights of its own; keywords change keys of the network file"""

    @property
    def period(self) -> int:
        """Steps of what papers count in epochs: an epoch of unlabelled images, 100 steps at least, a quarter of all at most."""
        return max(1, min(max(self.epoch, 100), self.steps // 4))


class Learner(nn.Module):
    """How one network learns.

    Networks are submodules and memory is buffers, so saving, moving and resuming need no code.

    Loop, optimiser, device and logging are in `loop`, once, for every method. It seeds torch's own random generator
    for every step. So a learner may draw from it, and a resumed run still equals an unbroken one.
    """

    views: tuple[str, ...] = ()
    """the views of unlabelled images that `loss` wants: none, weak, strong, and further strong ones (strong2);
    without any, no unlabelled image is loaded"""

    def __init__(self, network: nn.Module, loss: Loss, options: dict, course: Course):
        """`options` = the method's `learn` entry."""
        super().__init__()
        self.network, self.pair_loss, self.options, self.course = network, loss, options, course

    def loss(self, pairs: Batch, views: Mapping[str, Tensor], step: int) -> tuple[Tensor, dict[str, Tensor | float]]:
        """The loss of one step, and numbers for the log."""
        raise NotImplementedError

    def after(self, step: int) -> None:
        """Called when the optimiser has stepped (teachers by moving average, banks, prototypes)."""

    def result(self) -> nn.Module:
        """The network to validate and keep."""
        return self.network

    def trained(self) -> list[nn.Module]:
        """The networks that the optimiser moves; each tells its encoder's weights."""
        return [self.network]

    def others(self) -> dict[str, nn.Module]:
        """Further networks to validate, for the log: {word before `_score` in history.csv: network}."""
        return {}

    def labelled(self, logits_BCHW: Tensor, auxiliary: Tensor | None, pairs: Batch) -> Tensor:
        """The loss of the pairs: of their logits, and by its weight of what an auxiliary head says of them.

        `auxiliary`: of `seen` or `by_auxiliary`; the first images are the pairs', and the others are not learned by it.
        """
        targets = (pairs.target,) if pairs.soft is None else (pairs.target, pairs.soft)
        loss: Tensor = self.pair_loss(logits_BCHW, *targets)
        if auxiliary is None:
            return loss
        return loss + self.pair_loss.auxiliary_weight * self.pair_loss(auxiliary[: len(pairs.images)], *targets)

    @property
    def first(self) -> int:
        """The step from which unlabelled images are learned; before it pairs alone are (`pairs_first`)."""
        return round(self.options.get("pairs_first", 0) * self.course.steps)

    def rise(self, step: int) -> float:
        """How much of its weight the unlabelled loss has: `exp(-5 (1 - t)^2)` over the share `warmup` of all steps.

        (Laine and Aila 2017, as in Mean Teacher's code.)
        """
        return math.exp(-5 * (1 - self.risen(step)) ** 2)

    def risen(self, step: int) -> float:
        """Which part of `warmup` is over, 0 to 1."""
        length = self.options["warmup"] * self.course.steps
        return min(1.0, (step - self.first) / length) if length else 1.0

    def weight(self, step: int) -> float:
        """The weight of the unlabelled loss."""
        return float(self.options["weight"]) * self.rise(step)


class Pair(Learner):
    """Two networks that start from weights of their own and teach each other; the first is kept, as the published codes do."""

    def __init__(self, network: nn.Module, loss: Loss, options: dict, course: Course):
        super().__init__(network, loss, options, course)
        self.second = course.build()

    def trained(self) -> list[nn.Module]:
        return [self.network, self.second]

    def others(self) -> dict[str, nn.Module]:
        return {"second": self.second}


class Averaged(Learner):
    """A student and a teacher, which is the average of the student's weights by `ema`; the teacher is kept."""

    one_at_first = False
    """whether teacher and student are one until the first period of unlabelled images is over"""

    def __init__(self, network: nn.Module, loss: Loss, options: dict, course: Course):
        super().__init__(network, loss, options, course)
        self.teacher = Teacher(network, options["ema"])

    def averages(self) -> list[tuple[Teacher, nn.Module]]:
        """What follows, and whom."""
        return [(self.teacher, self.network)]

    def after(self, step: int) -> None:
        since = step - self.first
        decay = 0.0 if self.one_at_first and since < self.course.period else None
        for teacher, student in self.averages():
            teacher.follow(student, max(0, since), decay)

    def result(self) -> nn.Module:
        return self.teacher.network

    def others(self) -> dict[str, nn.Module]:
        return {"student": self.network}


def eval_logits(network: nn.Module, images_BCHW: Tensor) -> Tensor:
    """Logits of a network in eval mode and without a gradient; it goes on in the mode in which it was."""
    before = network.training
    network.eval()
    with torch.no_grad():
        logits: Tensor = network(images_BCHW)
    network.train(before)
    return logits


def seen(network: nn.Module, images_BCHW: Tensor) -> tuple[Tensor, Tensor | None]:
    """Logits of a network, and of its auxiliary head where it has one."""
    if getattr(network, "auxiliary_head", None) is None:
        return network(images_BCHW), None
    return network.both(images_BCHW)  # type: ignore[operator]


def by_auxiliary(network: nn.Module, features: list[Tensor], images_BCHW: Tensor) -> Tensor | None:
    """Logits of the auxiliary head from what `encode` makes of the images; None where there is no such head."""
    if getattr(network, "auxiliary_head", None) is None:
        return None
    return network.auxiliary(features, tuple(images_BCHW.shape[2:]))  # type: ignore[operator]
