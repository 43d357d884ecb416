"""How many generations: a number, or as many as bring a gain on validation, up to a cap."""

from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag, model_validator

from dissent.config.base import Model

Count = Annotated[int, Field(ge=1, le=99)]


class Auto(Model):
    """As many generations as bring a gain on validation; the best of them is kept (docs/explanation/stopping.md). `auto` alone takes the defaults."""

    auto: Count = 10
    """the most generations after generation 0; the run is planned to it"""
    patience: Count = 2
    """it stops when this many generations in a row bring no gain over the best so far"""

    @model_validator(mode="before")
    @classmethod
    def _word(cls, value: Any) -> Any:
        return {} if value == "auto" else value

    @model_validator(mode="after")
    def _check(self) -> "Auto":
        if self.patience > self.auto:
            raise ValueError(
                f"`patience: {self.patience}` (2 unless given) is more than `auto: {self.auto}`: it could never stop"
            )
        return self


def _form(value: Any) -> str:
    """Which of the two was written."""
    return "automatic" if value == "auto" or isinstance(value, dict | Auto) else "number"


Generations = Annotated[
    Annotated[int, Field(ge=0, le=99), Tag("number")] | Annotated[Auto, Tag("automatic")],
    Discriminator(_form),
]


def cap(generations: Any) -> Any:
    """The most generations that a value of the key means, as it stands in a YAML file; None where it changes the patience alone."""
    if generations == "auto":
        return Auto.model_fields["auto"].default
    return generations.get("auto") if isinstance(generations, dict) else generations
