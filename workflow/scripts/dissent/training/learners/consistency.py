"""Consistency: two disturbed views of one image shall give the same prediction (method notes, section 5, 4)."""

from collections.abc import Mapping

from torch import Tensor

from dissent.training import augment, losses
from dissent.training.data import Batch
from dissent.training.learners.base import Learner, seen

STRENGTHS = {
    "low": {"blur": 1, "noise": 10, "alpha": 0.15, "beta": 10.0},
    "mid": {"blur": 2, "noise": 17, "alpha": 0.3, "beta": 17.0},
    "high": {"blur": 3, "noise": 25, "alpha": 0.5, "beta": 25.0},
}


class Consistency(Learner):
    """The pairs' loss, and the squared difference of the probabilities of two views, through both of which gradients run.

    The published code starts from the best LDT network. It alternates an epoch of pairs with one of unlabelled images.
    Here both are in every step and the start is random. So it is compared with the other learners at one budget.
    """

    views = ("weak",)  # of which both disturbed views are made: they share flips and turns

    def loss(self, pairs: Batch, views: Mapping[str, Tensor], step: int) -> tuple[Tensor, dict[str, Tensor | float]]:
        task, strength = self.pair_loss.task, STRENGTHS[self.options["strength"]]
        labelled = self.labelled(*seen(self.network, pairs.images), pairs)

        # L_u = MSE(p1, p2)
        first, second = (task.probabilities(self.network(augment.photo(views["weak"], strength))) for _ in range(2))
        squared, known = (first - second).square(), views.get("known")
        unlabelled = squared.mean() if known is None else losses.mean(squared, known)
        return labelled + self.weight(step) * unlabelled, {"unlabelled_loss": unlabelled.detach()}
