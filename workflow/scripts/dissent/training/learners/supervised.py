"""Learning from pairs alone. LDT, ALDT, FDT and the students of every generation learn so."""

from collections.abc import Mapping

from torch import Tensor

from dissent.training.data import Batch
from dissent.training.learners.base import Learner, seen


class Supervised(Learner):
    """The pairs' loss and nothing else."""

    def loss(self, pairs: Batch, views: Mapping[str, Tensor], step: int) -> tuple[Tensor, dict[str, Tensor | float]]:
        return self.labelled(*seen(self.network, pairs.images), pairs), {}
