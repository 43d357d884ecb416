"""Mean Teacher (Tarvainen and Valpola 2017): the average of the student's weights gives the probabilities that it shall meet."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from dissent.training import losses
from dissent.training.data import Batch
from dissent.training.learners.base import Course, Learner
from dissent.training.losses import Loss
from dissent.training.unlabelled.targets import targets
from dissent.training.unlabelled.teacher import Teacher


class MeanTeacher(Learner):
    """The student's probabilities of the strong view are drawn to the averaged teacher's of the weak view; the teacher is kept."""

    views = ("weak", "strong")

    def __init__(self, network: nn.Module, loss: Loss, options: dict, course: Course):
        super().__init__(network, loss, options, course)
        self.teacher = Teacher(network, options["ema"])

    def loss(self, pairs: Batch, views: Mapping[str, Tensor], step: int) -> tuple[Tensor, dict[str, Tensor | float]]:
        task = self.pair_loss.task
        weak, strong = views["weak"], views["strong"]
        taught = self.teacher(weak)
        logits_x, logits_u = self.network(torch.cat([pairs.images, strong])).split([len(pairs.images), len(strong)])

        # L = L_x + w(t) MSE(p_student(strong), p_teacher(weak)), w(t) = w exp(-5 (1 - t/T)^2)
        labelled = self.pair_loss(logits_x, pairs.target)
        known = views.get("known", torch.ones_like(weak[:, :1]))
        unlabelled = losses.mean((task.probabilities(logits_u) - task.probabilities(taught)).square(), known)
        agree = task.decide(task.probabilities(logits_u.detach())) == targets(task, taught, 0).label_BHW
        numbers = {"unlabelled_loss": unlabelled.detach(), "agreement": agree.float().mean()}
        return labelled + self.weight(step) * unlabelled, numbers

    def after(self, step: int) -> None:
        self.teacher.follow(self.network, step)

    def result(self) -> nn.Module:
        return self.teacher.network

    def others(self) -> dict[str, nn.Module]:
        return {"student": self.network}
