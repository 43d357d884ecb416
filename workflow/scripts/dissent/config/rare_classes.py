"""Images that hold rare classes, drawn more often (network key `rare_classes`)."""

from typing import Annotated

from pydantic import Field, PositiveFloat, PositiveInt

from dissent.config.base import Model


class RareClasses(Model):
    """A part of each step's pairs is drawn by the classes that they hold: rare ones come as often as frequent ones, or more often (DAFormer, Hoyer et al. 2022). Of a `crop`, of ten windows the first that shows the class is taken."""

    share: Annotated[float, Field(gt=0, le=1)] = 0.5
    """share of the pairs of a step that are drawn so; the others come equally often, those too that hold nothing; published 1"""
    temperature: PositiveFloat = 0.01
    """a class is drawn by exp((1 - f) / temperature), where f is its share of all labelled pixels: a small one favours the rarest, a large one takes all alike"""
    least_pixels: PositiveInt = 1
    """pixels of a class from which a pair holds it; published 3000 of 1024x2048"""
