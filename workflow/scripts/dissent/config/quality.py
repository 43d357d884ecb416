"""How good a pseudo-label is before anyone knows: EvalNets (section 5.2), and what their estimate decides."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt, model_validator

from dissent.config.base import Model

Threshold = Annotated[float, Field(gt=0, lt=1)] | Literal["validation"]


class Quality(Model):
    """Estimates of the quality (IoU) of masks, and the two thresholds that turn them into a choice or a number of copies."""

    by: Literal["evalnets", "truth"] = "evalnets"
    """evalnets: networks that see image and mask; truth: the hidden masks (needs `upper_bound`)"""
    of: Annotated[list[str], Field(min_length=1)] = ["ldt"]
    """methods whose generation 0 makes the masks that EvalNets learn from, and the thresholds `validation`"""
    trained: PositiveInt = 5
    """EvalNets that are trained"""
    used: PositiveInt = 2
    """the best of them whose mean is taken"""
    low: Threshold = "validation"
    """quality up to which a mask gets one copy; validation: the mean true quality on validation images of the masks of `of`"""
    high: Threshold = "validation"
    """quality from which a mask is selected, or gets five copies; validation: the mean of each validation image's best mask"""

    @model_validator(mode="after")
    def _check(self) -> "Quality":
        if self.used > self.trained:
            raise ValueError(f"`used: {self.used}` is more than `trained: {self.trained}`")
        numbers = [value for value in (self.low, self.high) if not isinstance(value, str)]
        if len(numbers) == 2 and numbers[0] >= numbers[1]:
            raise ValueError(f"`low: {self.low}` must be smaller than `high: {self.high}`")
        return self
