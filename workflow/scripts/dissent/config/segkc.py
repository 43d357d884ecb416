"""Options of SegKC-style learning: two unlike networks teach each other."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, PositiveFloat

from dissent.config.base import Model, validate
from dissent.config.network import Network
from dissent.config.unlabelled import Matching
from dissent.core.files import UserError


class Senior(Model):
    """How the second network differs from the network file, by which the kept one, the junior, is built."""

    width_factor: PositiveFloat | None = None
    """unet1x1: factor on the junior's width; none: 2"""
    encoder: str | None = None
    """other architectures: its encoder, another than the junior's"""
    weights: Literal["imagenet", "none"] | None = None
    """of its encoder; none: those of the network file"""

    def changes(self, width: float) -> dict:
        """The keys of the network file that differ; `width`: that of the junior."""
        if self.encoder is None:
            return {"width": width * (2.0 if self.width_factor is None else self.width_factor)}
        own = {} if self.weights is None else {"weights": self.weights, "weights_sha256": None}
        return {"encoder": self.encoder} | own

    def fault(self, network: Network) -> str:
        """Why the senior would be the junior's twin, or cannot be built; or ""."""
        at = f"`architecture: {network.architecture}`"
        if network.architecture == "unet1x1":
            if self.encoder or self.weights:
                return f"{at} has no encoder of its own; say how wide the senior is: `senior: {{width_factor: 2}}`"
            alike = "`senior: {width_factor: 1}` makes two equal networks; take another factor, or `learn: {name: cps}`"
            return alike if self.width_factor == 1 else ""
        if self.width_factor is not None:
            return f"`senior.width_factor` is for unet1x1; {at} has encoders: `senior: {{encoder: NAME}}`"
        if self.encoder in (None, network.encoder):
            return f"the senior needs another encoder than the junior's {network.encoder}: `senior: {{encoder: NAME}}`"
        if self.weights is None and network.weights_sha256:
            return (
                f"`weights: {network.weights}` are those of the junior's encoder; say those of the senior's: `senior: {{encoder: "
                f"{self.encoder}, weights: imagenet}}`, or none"
            )
        return ""


class SegKCStyle(Matching):
    """SegKC-style, reconstructed (Than et al. 2025, no public code): two unlike networks exchange labels, probabilities and features."""

    passes: ClassVar[float] = 4 / 3
    networks: ClassVar[int] = 2
    remark: ClassVar[str] = "SegKC-style, reconstructed"
    name: Literal["segkc"]
    senior: Senior = Senior()
    predictions: Annotated[float, Field(ge=0)] = 0.2
    """weight of the divergence between the probabilities of the two, beside the exchange of labels"""
    features: Annotated[float, Field(ge=0)] = 0.2
    """weight of the distance between their deepest features, beside the exchange of labels"""

    def trained(self, network: Network) -> list[Network]:
        """Junior and senior; UserError where they are alike, or there is no such network."""
        if fault := self.senior.fault(network):
            raise UserError(fault)
        changed = network.model_dump(mode="json") | self.senior.changes(network.width)
        return [network, validate(Network, changed, "`learn.senior`")]
