"""Windows of images that are larger than what a network sees at a time: how they are drawn, and how they slide."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt, model_validator

from dissent.config.base import Model


class Crop(Model):
    """A random window of each image on every step, in place of the whole image; a trained network sees all of an image in windows of the same size, or at once."""

    size: Annotated[list[PositiveInt], Field(min_length=2, max_length=2)]
    """height and width of the window, in pixels"""
    scale: Annotated[list[Annotated[float, Field(gt=0, le=8)]], Field(min_length=2, max_length=2)] = [0.5, 2.0]
    """factor on the size of the image before a window is drawn, from the least to the most; what a window has beyond the image is black, and nothing is learned there"""
    sliding: bool = True
    """true: a trained network sees an image in windows that slide over it, as published for Cityscapes; false: all of it at once, as published for Pascal VOC (UniMatch, PS-MT)"""
    overlap: Annotated[float, Field(ge=0, lt=1)] = 1 / 3
    """share of a window's side that it has in common with the next one, where windows slide over an image"""
    last: Literal["shifted", "beyond"] = "shifted"
    """the last window of a row or column: shifted: ends at the border of the image (U2PL, UniMatch V2); beyond: goes on at the same step and reaches beyond it (UniMatch, iMAS)"""
    average: Literal["probabilities", "logits"] = "probabilities"
    """what of windows that overlap is averaged: probabilities (UniMatch, iMAS), or logits (U2PL), of which a sure window sways more"""

    @model_validator(mode="after")
    def _check(self) -> "Crop":
        if self.scale[0] > self.scale[1]:
            raise ValueError("`scale` must rise")
        if not self.sliding and (idle := self._idle()):
            raise ValueError(f"`{idle}` is of windows that slide: leave it out, or `sliding: false`")
        return self

    def _idle(self) -> str:
        """The first key of sliding windows that is not as ever; "" where none is: a saved network has them all."""
        fields = {name: type(self).model_fields[name].default for name in ("overlap", "last", "average")}
        return next((name for name, default in fields.items() if getattr(self, name) != default), "")

    @property
    def seen(self) -> float:
        """How often a trained network sees a pixel, about: windows that slide overlap."""
        return 1.0 if not self.sliding else 1 / (1 - self.overlap) ** 2
