"""PS-MT (Liu et al. 2022, "Perturbed and Strict Mean Teachers"): two teachers that take turns, and adversarial noise on features."""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from dissent.training.data import Batch
from dissent.training.learners.base import Course, Learner, by_auxiliary, seen
from dissent.training.losses import Loss
from dissent.training.unlabelled.perturb import adversarial, norms
from dissent.training.unlabelled.targets import agreement, loss, pasted, targets
from dissent.training.unlabelled.teacher import Teacher

LEAST = {False: 1e-20, True: 1e-8}  # added to a gradient's norm: ours, and as released
PROBE = 0.1  # of the noise: the length of the random step from which its direction is found


class PSMT(Learner):
    """Two averaged teachers label the weak view by their mean. The student learns a strong view, through features with noise.

    While pairs alone are learned, the first teacher follows the student, and the second learns from weights of its own. Then one
    follows for a period, and after it the other. The first teacher is kept, as published for Cityscapes.

    A turn begins with a copy of the student. The mean of weights that lie far apart is no network: by the published constant
    decay teachers that start at random, or have rested while the student moved on, say nothing for long, and teach that.
    """

    views = ("weak", "strong")

    def __init__(self, network: nn.Module, loss: Loss, options: dict, course: Course):
        super().__init__(network, loss, options, course)
        self.teachers = nn.ModuleList(Teacher(one, options["ema"]) for one in (network, course.build()))
        self.teachers[1].requires_grad_(True)

    @property
    def first(self) -> int:
        return max(1, super().first)

    def trained(self) -> list[nn.Module]:
        second = self._teachers()[1].network
        return [self.network, second] if any(weight.requires_grad for weight in second.parameters()) else [self.network]

    def loss(self, pairs: Batch, views: Mapping[str, Tensor], step: int) -> tuple[Tensor, dict[str, Tensor | float]]:
        self.teachers[1].requires_grad_(step < self.first)
        if step < self.first:
            every = [seen(one.train(), pairs.images) for one in self.trained()]
            return torch.stack([self.labelled(*one, pairs) for one in every]).sum(), {}

        task, options, weak, many = self.pair_loss.task, self.options, views["weak"], len(pairs.images)
        each = [teacher(weak) for teacher in self.teachers]
        leads = self.leads(step)
        resting = assisted(each[1 - leads], each[leads], options["assist"]) if task.exclusive else each[1 - leads]
        # T = (t_1 + t_2) / 2, of logits; weight max p where it reaches the threshold
        taught = (each[leads] + resting) / 2
        given = targets(task, taught, options["threshold"], views.get("known"))
        sure = given.share()
        given = given.scaled(task.confidence(task.probabilities(taught)))
        strong, mixed = pasted(views["strong"], given, options["cutmix"])

        features = self.network.encode(torch.cat([pairs.images, strong]))  # type: ignore[operator]
        auxiliary = by_auxiliary(self.network, features, strong)
        noise, share = self.noise(features)
        features = [*features[:-1], features[-1] + noise.to(features[-1].dtype)]
        logits_x, logits_u = self.network.decode(features).split([many, len(weak)])  # type: ignore[operator]

        # L = L_x + w(t) mean over sure pixels of c H(y, p(strong))
        unlabelled = loss(task, logits_u, mixed, among_sure=True)
        numbers: dict[str, Tensor | float] = {
            "unlabelled_loss": unlabelled.detach(),
            "sure": sure,
            "agreement": agreement(task, each[0], targets(task, each[1], 0, given.known_B1HW)),
            "noise": share,
        }
        return self.labelled(logits_x, auxiliary, pairs) + self.weight(step) * unlabelled, numbers

    def noise(self, features: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """T-VAT: noise on the coarsest features that moves both teachers' decoders most, and its length as share of the wanted one.

        r = length * grad_d KL(P(f) || P(f + probe d)) / |grad|, P of the teachers' mean logits. Lengths are shares of the
        features' own: an absolute one means another strength for each network and image size.
        """
        task, released = self.pair_loss.task, self.options["as_released"]
        with torch.autocast(features[0].device.type, enabled=False):
            *skips, deepest = (feature.detach().float() for feature in features)
            length = torch.full_like(norms(deepest), 2.0) if released else self.options["noise"] * norms(deepest)

            def logits(noise: Tensor) -> Tensor:
                several = [one.network.decode([*skips, deepest + noise]) for one in self._teachers()]  # type: ignore[operator]
                return torch.stack(several).mean(0)

            with torch.no_grad():
                undisturbed = task.probabilities(logits(torch.zeros_like(deepest)))

            def divergence(noise: Tensor) -> Tensor:  # KL but for the entropy of P, which does not move
                return task.cross_entropy(logits(noise), undisturbed).sum() / len(deepest)

            found = adversarial(divergence, deepest, 1e-6 if released else PROBE * length, length, LEAST[released])
        return found, (norms(found) / length.clamp(min=1e-20)).mean()

    def leads(self, step: int) -> int:
        """The teacher that follows the student at this step, 0 or 1."""
        return max(0, step - self.first) // self.course.period % 2

    def followed(self, step: int) -> int:
        """The steps of this turn for which it has followed the student."""
        return step if step < self.first else (step - self.first) % self.course.period

    def rise(self, step: int) -> float:
        """w(t) = w (1 - (cos(pi t) + 1) / 2)."""
        return 1 - (math.cos(math.pi * self.risen(step)) + 1) / 2

    def after(self, step: int) -> None:
        self._teachers()[self.leads(step)].follow(self.network, self.followed(step))

    def result(self) -> nn.Module:
        return self._teachers()[0].network

    def others(self) -> dict[str, nn.Module]:
        return {"student": self.network}

    def _teachers(self) -> list[Teacher]:
        return [teacher for teacher in self.teachers if isinstance(teacher, Teacher)]


def assisted(resting_BCHW: Tensor, leading_BCHW: Tensor, classes: int) -> Tensor:
    """The resting teacher's logits of its `classes` likeliest classes a pixel, the leading one's of all others."""
    if classes >= resting_BCHW.shape[1]:
        return resting_BCHW
    kept = torch.zeros_like(resting_BCHW, dtype=torch.bool)
    kept.scatter_(1, resting_BCHW.topk(classes, 1).indices, True)
    return torch.where(kept, resting_BCHW, leading_BCHW)
