"""What learners ask that use unlabelled images, whatever their name."""

from typing import Annotated, ClassVar

from pydantic import Field

from dissent.config.base import Model
from dissent.config.network import Network

Fraction = Annotated[float, Field(ge=0, le=1)]
Share = Annotated[float, Field(ge=0, lt=1)]


class Options(Model):
    """What planning asks of every learner."""

    passes: ClassVar[float] = 0.0
    """forward and backward passes of the network for each unlabelled image; a forward alone is a third"""
    networks: ClassVar[int] = 1
    """networks that are trained side by side"""
    remark: ClassVar[str] = ""
    """what stands behind the method's name wherever a person reads it"""

    def trained(self, network: Network) -> list[Network]:
        """The networks that are trained side by side, each by its network file; `network`: that of the one that is kept."""
        return [network] * self.networks


class Unlabelled(Options):
    """What all learners ask that use unlabelled images."""

    weight: Annotated[float, Field(ge=0)] = 1.0
    """weight of the unlabelled loss"""
    warmup: Fraction = 0.0
    """share of the steps over which that weight rises from near 0, as exp(-5 (1 - t)^2)"""
    ratio: Annotated[float, Field(gt=0, le=8)] = 1.0
    """unlabelled images a step, as a multiple of the batch"""


class Matching(Unlabelled):
    """What learners ask that teach strong views the hard labels of weak ones."""

    threshold: Fraction = 0.95
    """a pixel of the weak view counts where the network is at least this sure"""
    cutmix: Fraction = 0.5
    """probability that a box of another image is pasted into a strong view"""
