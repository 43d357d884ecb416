"""SegKC-style learning, reconstructed (Than et al. 2025: no public code, and but a summary was read): two unlike networks consult each other.

Its parts are CPS' (Chen et al. 2021), with FixMatch's views and thresholds, and distillation both ways of probabilities and features.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from dissent.config.segkc import Senior
from dissent.networks.blocks import resize
from dissent.training import losses
from dissent.training.data import Batch
from dissent.training.learners.base import Course, Learner, by_auxiliary, eval_logits
from dissent.training.losses import Loss
from dissent.training.unlabelled.targets import agreed, boxes_for, divergence, loss, mix, targets


class SegKCStyle(Learner):
    """The junior, which is kept, and the senior, which is wider or has another encoder, learn each other's labels of weak views.

    On the strong view each is drawn to the other's probabilities, and to its deepest features, which a 1x1 convolution translates.
    """

    views = ("weak", "strong")

    def __init__(self, network: nn.Module, loss: Loss, options: dict, course: Course):
        super().__init__(network, loss, options, course)
        self.senior = course.build(**Senior.model_validate(options["senior"]).changes(getattr(network, "width", 1.0)))
        ours, theirs = int(network.deepest_channels), int(self.senior.deepest_channels)  # type: ignore[arg-type]
        self.translators = nn.ModuleList()
        if options["features"]:
            self.translators = nn.ModuleList([nn.Conv2d(ours, theirs, 1), nn.Conv2d(theirs, ours, 1)])

    def trained(self) -> list[nn.Module]:
        return [self.network, self.senior]

    def others(self) -> dict[str, nn.Module]:
        return {"senior": self.senior}

    def loss(self, pairs: Batch, views: Mapping[str, Tensor], step: int) -> tuple[Tensor, dict[str, Tensor | float]]:
        task, options, weak, known = self.pair_loss.task, self.options, views["weak"], views.get("known")
        judgements = [eval_logits(network, weak) for network in self.trained()]
        given = [targets(task, logits, options["threshold"], known) for logits in judgements]
        boxes = boxes_for(weak, options["cutmix"])
        images = torch.cat([pairs.images, mix(views["strong"], boxes)])
        of_other = [one.mixed(boxes) for one in given[::-1]]

        labelled, crossed, logits, deepest = [], [], [], []
        for network, taught in zip(self.trained(), of_other, strict=True):
            features = network.encode(images)  # type: ignore[operator]
            logits_x, logits_u = network.decode(features).split([len(pairs.images), len(weak)])  # type: ignore[operator]
            labelled.append(self.labelled(logits_x, by_auxiliary(network, features, images), pairs))
            crossed.append(loss(task, logits_u, taught))
            logits.append(logits_u)
            deepest.append(features[-1][len(pairs.images) :])

        # L = (L_x + w (L_cps + p L_pred + f L_feat)) / (1 + w), each the mean over both directions
        seen = of_other[0].known_B1HW
        unlabelled = (crossed[0] + crossed[1]) / 2
        if options["predictions"]:
            both = divergence(task, logits[0], logits[1], seen) + divergence(task, logits[1], logits[0], seen)
            unlabelled = unlabelled + options["predictions"] * both / 2
        if options["features"]:
            unlabelled = unlabelled + options["features"] * self._apart(deepest, seen)
        weight = self.weight(step)
        numbers: dict[str, Tensor | float] = {
            "unlabelled_loss": unlabelled.detach(),
            "sure": torch.stack([one.share() for one in given]).mean(),
            "agreement": agreed(task, judgements, known).share(),
        }
        return ((labelled[0] + labelled[1]) / 2 + weight * unlabelled) / (1 + weight), numbers

    def _apart(self, deepest: list[Tensor], known_B1HW: Tensor) -> Tensor:
        """1 - cosine of each one's translated features and the other's, which get no gradient; over positions that are known."""
        total = deepest[0].new_zeros(())
        for own, other, translate in zip(deepest, deepest[::-1], self.translators, strict=True):
            height, width = own.shape[-2:]
            goal = resize(other.detach(), (height, width))
            cosine = nn.functional.cosine_similarity(translate(own).float(), goal.float(), dim=1)
            total = total + losses.mean(1 - cosine[:, None], nn.functional.interpolate(known_B1HW, (height, width))) / 2
        return total
