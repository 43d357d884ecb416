"""Losses by name, and their options."""

from typing import Annotated, Literal

from pydantic import Field, PositiveFloat

from dissent.config.base import Model

LossName = Literal["mse", "ce", "bce", "dice", "ohem", "focal"]


class LossOptions(Model):
    """Options of losses (docs/reference/networks.md)."""

    class_weights: Annotated[list[PositiveFloat], Field(min_length=1)] | None = None
    """ce, bce, ohem, focal: what a pixel of each label weighs, in the order of the data set's labels; a rare one wants more"""
    ohem_threshold: Annotated[float, Field(gt=0, le=1)] = 0.7
    """ohem: pixels whose true label gets at most this probability count"""
    ohem_share: Annotated[float, Field(gt=0, le=1)] = 0.08
    """ohem: at least this share of the batch's pixels counts, the hardest of them (published: 100000 of two crops of 769 are .08, 200000 of two of 801 .16)"""
    focal_gamma: Annotated[float, Field(ge=0)] = 2.0
    """focal: the power of 1 - p with which what is known well counts less; 0 is ce"""
