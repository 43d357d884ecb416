"""How an image comes to the size of the data set: whole, or by windows cut out of it."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt, model_validator

from dissent.config.base import Model


class Whole(Model):
    """The whole image is resized; its aspect is not kept."""

    name: Literal["whole"] = "whole"


class Centre(Model):
    """A window in the middle is cut out and resized."""

    name: Literal["centre"]
    window: Annotated[list[PositiveInt], Field(min_length=2, max_length=2)] | None = None
    """height and width of the window; none: the largest with the aspect of `size`"""


class Tiles(Model):
    """The image is cut into windows that overlap; all of them lie in one subset of a split, unless it says `by: crop`."""

    name: Literal["tiles"]
    window: Annotated[list[PositiveInt], Field(min_length=2, max_length=2)] | None = None
    """height and width of a window, resized to `size` where they differ; none: `size`"""
    overlap: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """share of a window's side that it has in common with the next one, at least"""


class Crops(Model):
    """Square windows at random places, each resized to `size`; they follow from seed and name, so they are the same everywhere."""

    name: Literal["crops"]
    count: Annotated[int, Field(ge=1, le=99)] = 2
    """windows of each image"""
    least: PositiveInt = 256
    """smallest side of a window"""
    most: PositiveInt = 512
    """sides are smaller than this, and smaller than the image's longer side; an image with a side shorter than the window is taken whole"""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 42
    """of sides and places"""

    @model_validator(mode="after")
    def _check(self) -> "Crops":
        if self.least >= self.most:
            raise ValueError(f"`least: {self.least}` must be smaller than `most: {self.most}`")
        return self

    @property
    def window(self) -> list[int]:
        """The size of windows for new images: the middle between `least` and `most`."""
        return [(self.least + self.most) // 2] * 2


Geometry = Annotated[Whole | Centre | Tiles | Crops, Field(discriminator="name")]
