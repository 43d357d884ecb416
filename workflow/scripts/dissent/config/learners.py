"""How one network learns: the options of each learner, by the name that a method's `learn.name` gives."""

from typing import Annotated, Literal

from pydantic import Field

from dissent.config.base import Model

Fraction = Annotated[float, Field(ge=0, le=1)]


class Supervised(Model):
    """Learns from pairs alone."""

    name: Literal["supervised"] = "supervised"


class FixMatch(Model):
    """A network's own confident labels of weak views teach it the strong views of the same unlabelled images."""

    name: Literal["fixmatch"]
    threshold: Fraction = 0.95
    """a pixel of the weak view counts where the network is at least this sure"""
    weight: Annotated[float, Field(ge=0)] = 1.0
    """weight of the unlabelled loss"""
    ratio: Annotated[float, Field(gt=0, le=8)] = 1.0
    """unlabelled images a step, as a multiple of the batch"""
    cutmix: Fraction = 0.5
    """probability that a box of another image is pasted into a strong view"""


class Consistency(Model):
    """Two photometric views of an unlabelled image shall give the same probabilities (section 5, 4)."""

    name: Literal["consistency"]
    strength: Literal["low", "mid", "high"] = "mid"
    """of the views: blur up to 1, 2, 3, noise 10, 17, 25, contrast .15, .3, .5, brightness 10, 17, 25"""
    weight: Annotated[float, Field(ge=0)] = 1.0
    """weight of the unlabelled loss"""
    ratio: Annotated[float, Field(gt=0, le=8)] = 1.0
    """unlabelled images a step, as a multiple of the batch"""


Learn = Annotated[Supervised | FixMatch | Consistency, Field(discriminator="name")]
