"""Mean Teacher (Tarvainen and Valpola 2017): the average of the student's weights gives the probabilities that it shall meet."""

from collections.abc import Mapping

import torch
from torch import Tensor

from dissent.training import losses
from dissent.training.data import Batch
from dissent.training.learners.base import Averaged, seen
from dissent.training.unlabelled.targets import agreement, targets


class MeanTeacher(Averaged):
    """The student's probabilities of the strong view are drawn to the averaged teacher's of the weak view."""

    views = ("weak", "strong")

    def loss(self, pairs: Batch, views: Mapping[str, Tensor], step: int) -> tuple[Tensor, dict[str, Tensor | float]]:
        task = self.pair_loss.task
        weak, strong = views["weak"], views["strong"]
        taught = self.teacher(weak)
        given = targets(task, taught, 0, views.get("known"))
        logits, auxiliary = seen(self.network, torch.cat([pairs.images, strong]))
        logits_x, logits_u = logits.split([len(pairs.images), len(strong)])

        # L = L_x + w(t) MSE(p_student(strong), p_teacher(weak)), w(t) = w exp(-5 (1 - t/T)^2)
        labelled = self.labelled(logits_x, auxiliary, pairs)
        unlabelled = losses.mean((task.probabilities(logits_u) - task.probabilities(taught)).square(), given.known_B1HW)
        numbers: dict[str, Tensor | float] = {
            "unlabelled_loss": unlabelled.detach(),
            "agreement": agreement(task, logits_u, given),
        }
        return labelled + self.weight(step) * unlabelled, numbers
