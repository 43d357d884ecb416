"""How one network learns: the options of each learner, by the name that a method's `learn.name` gives."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from dissent.config.averaged import IMAS, PSMT, U2PL
from dissent.config.segkc import SegKCStyle
from dissent.config.unlabelled import Fraction, Matching, Options, Share, Unlabelled


class Supervised(Options):
    """Learns from pairs alone."""

    name: Literal["supervised"] = "supervised"


class FixMatch(Matching):
    """A network's own confident labels of weak views teach it the strong views of the same unlabelled images."""

    passes: ClassVar[float] = 4 / 3
    name: Literal["fixmatch"]


class UniMatch(Matching):
    """FixMatch with two strong views, and the weak view once more from features that lack channels (Yang et al. 2023)."""

    passes: ClassVar[float] = 3.5
    name: Literal["unimatch"]
    dropout: Share = 0.5
    """share of each level's channels that the perturbed features lack"""


class UniMatchV2(Matching):
    """The averaged teacher labels weak views for two strong ones, each without the channels that the other has (Yang et al. 2025)."""

    passes: ClassVar[float] = 7 / 3
    name: Literal["unimatch_v2"]
    ema: Share = 0.99
    """decay of the average of the weights, which is kept; published .996, for trainings of many thousand steps"""


class CrossMatch(Matching):
    """UniMatch's views, and distillation between decoders of whole and of perturbed features (Zhao et al. 2024)."""

    passes: ClassVar[float] = 5.0
    name: Literal["crossmatch"]
    weak_dropout: Share = 0.25
    """share of each level's channels that weakly perturbed features lack"""
    strong_dropout: Share = 0.75
    """share of each level's channels that strongly perturbed features lack"""
    distillation: Annotated[float, Field(ge=0)] = 0.5
    """weight of the distillation beside the two strong views, which have a quarter each; published .5 (ACDC) and 1 (LA)"""
    eta: Fraction = 0.3
    """part of the distillation between perturbed decoders of the weak and the strong view; the rest comes from the clean decoder"""
    warmup: Fraction = 0.1
    """share of the steps over which the weight of the unlabelled loss rises; published none, but few sure pixels already cost as much as many"""


class Consistency(Unlabelled):
    """Two photometric views of an unlabelled image shall give the same probabilities (section 5, 4)."""

    passes: ClassVar[float] = 2.0
    name: Literal["consistency"]
    strength: Literal["low", "mid", "high"] = "mid"
    """of the views: blur up to 1, 2, 3, noise 10, 17, 25, contrast .15, .3, .5, brightness 10, 17, 25"""


class MeanTeacher(Unlabelled):
    """The average of the student's weights gives the probabilities that it shall meet (Tarvainen and Valpola 2017)."""

    passes: ClassVar[float] = 4 / 3
    name: Literal["mean_teacher"]
    ema: Share = 0.99
    """decay of the average of the weights; published .999, for trainings of many thousand steps"""
    warmup: Fraction = 0.1
    """share of the steps over which the weight of the unlabelled loss rises from near 0, as exp(-5 (1 - t)^2)"""


class CrossPseudoSupervision(Unlabelled):
    """Two networks teach each other their hard labels of images with boxes of others (CPS, Chen et al. 2021)."""

    passes: ClassVar[float] = 4 / 3
    networks: ClassVar[int] = 2
    name: Literal["cps"]
    cutmix: Fraction = 1.0
    """probability that an image has boxes of another pasted in; 0: plain CPS"""


class ImStep(Matching):
    """Inconsistency Masks within a step: two networks learn from strong views only where they decide alike on weak ones (ours)."""

    passes: ClassVar[float] = 4 / 3
    networks: ClassVar[int] = 2
    name: Literal["im_step"]
    threshold: Fraction = 0.0
    """a pixel counts where, besides, both networks are at least this sure"""


class FuzzyPositive(Unlabelled):
    """Several classes may be right where the teacher is unsure (Fuzzy Positive Learning, Qiao et al. 2023).

    With two classes, and for labels that overlap, one class is left: cross-entropy, weighted by how sure the teacher is.
    """

    passes: ClassVar[float] = 4 / 3
    name: Literal["fpl"]
    on: Literal["fixmatch", "cps"] = "fixmatch"
    """whose labels are made fuzzy: those of a network's own weak view, or those of two networks for each other (published)"""
    positives: Annotated[int, Field(ge=1)] = 3
    """most classes that count as right for a pixel; of C classes at most C - 1"""
    mass: Annotated[float, Field(gt=0, lt=1)] = 0.9
    """classes are added until one more would bring their probabilities to this sum"""
    weighting: Literal["concave", "linear", "convex", "none"] = "concave"
    """how a pixel's weight grows with the margin between the positives and the next class"""
    balance: bool = True
    """whether the loss is brought to the size of the hard labels' cross-entropy, by a factor of .2 to 5"""
    cutmix: Fraction = 0.5
    """probability that a box of another image is pasted into an image"""
    warmup: Fraction = 0.1
    """share of the steps over which the weight of the unlabelled loss rises from near 0, as exp(-5 (1 - t)^2)"""

    @property
    def networks(self) -> int:  # type: ignore[override]  # one or two, by `on`
        """Networks that are trained side by side."""
        return 2 if self.on == "cps" else 1


Learn = Annotated[
    Supervised
    | FixMatch
    | UniMatch
    | UniMatchV2
    | CrossMatch
    | Consistency
    | MeanTeacher
    | CrossPseudoSupervision
    | ImStep
    | FuzzyPositive
    | IMAS
    | PSMT
    | U2PL
    | SegKCStyle,
    Field(discriminator="name"),
]
