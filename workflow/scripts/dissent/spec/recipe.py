"""A recipe (= method): how generations learn, label and select. Schedules are flattened by `at(generation)`."""

from typing import Annotated, Any, Literal

from pydantic import Field, PositiveInt, PrivateAttr, computed_field, model_validator

from dissent.spec.automatic import Auto, Generations
from dissent.spec.base import Model


def schedule(kind: Any) -> Any:
    """The type of a recipe key that is one value, or one value a generation."""
    return kind | Annotated[list[kind], Field(min_length=1)]


Fraction = Annotated[float, Field(ge=0, le=1)]


class Noise(Model):
    """Strength of a noise copy (section 4, AUG): a static, photometrically disturbed and flipped copy of a pair."""

    alpha: schedule(Fraction) = 0.5
    """contrast factor is drawn from 1 - alpha to 1 + alpha"""
    beta: schedule(Annotated[float, Field(ge=0, le=255)]) = 25.0
    """brightness offset is drawn from -beta to beta grey levels"""
    blur: schedule(Annotated[int, Field(ge=0, le=3)]) = 3
    """largest blur level: 0 none, 1, 2, 3 = Gaussian of 3, 5, 7 pixels"""
    noise: schedule(Annotated[int, Field(ge=0, le=255)]) = 25
    """noise per pixel and channel is drawn from -noise to noise - 1 grey levels"""


class Doubt(Model):
    """What a student sees where its teachers disagreed. Applied when a pair is loaded; the files stay untouched."""

    input: Literal["block", "keep", "mean", "noise"] = "block"
    """block: the pixel becomes black (published); keep: as it is; mean: the image's mean colour; noise: uniform noise"""
    target: Literal["background", "ignore", "own_class"] = "background"
    """background: class 0 (published); ignore: no loss there; own_class: id 0, which the task keeps for doubt"""
    erode: Annotated[int, Field(ge=0, le=31)] = 0
    """side of the square by which the inconsistency mask is eroded, 0 = not at all"""
    dilate: Annotated[int, Field(ge=0, le=31)] = 0
    """side of the square by which it is dilated after that, 0 = not at all"""


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


Learn = Annotated[Supervised | FixMatch, Field(discriminator="name")]

SHARED = ("generations", "pool", "view", "label_share")
"""recipe keys that, set by an experiment, hold for its controls and every other method beside it (generations: for those that have any)"""


class Recipe(Model):
    """A method (a file of config/methods); an experiment may set any key anew."""

    start: str | None = None
    """the method whose generation 0 is trained first (ldt, aldt, fixmatch ...); none: this recipe's own"""
    generations: Generations = 0
    """generations after generation 0; `{auto: 10, patience: 2}`: as many of ten as bring a gain on validation"""
    pool: schedule(PositiveInt) = 2
    """students trained in a generation"""
    teachers: schedule(PositiveInt) = 2
    """the best of the pool that label for the next generation"""
    labels: Literal["labelled", "all"] = "labelled"
    """all: hidden masks are used too (needs `upper_bound`)"""
    upper_bound: bool = False
    """the recipe may read hidden masks, and every table marks it"""
    label: Literal["agree"] = "agree"
    """how the teachers' predictions become one label with doubt; agree: the label on which all agree"""
    select: Literal["all", "larger", "equal_classes"] = "all"
    """which labelled images become pairs; larger: agreed foreground > doubt (published for binary tasks; others keep all); equal_classes: all teachers see the same classes"""
    doubt: Doubt = Doubt()
    copies: schedule(Annotated[int, Field(ge=0, le=20)]) = 0
    """noise copies of each pseudo-labelled pair, added to it"""
    labelled_copies: schedule(Annotated[int, Field(ge=0, le=20)]) = 0
    """noise copies of each labelled pair, added to it (ALDT: 9)"""
    noise: Noise = Noise()
    view: Literal["plain", "weak", "strong"] = "plain"
    """how pairs are disturbed on every step: plain not at all, weak flips and small shifts, strong rotation, scale, shift and colour too"""
    labelled_share: schedule(Fraction) | None = None
    """share of each batch that is drawn from pairs labelled by people; none: as they come"""
    label_share: Annotated[float, Field(gt=0, le=1)] = 1.0
    """share of the labelled pairs that each student sees, drawn anew for each: teachers that differ more doubt more"""
    learn: Learn = Supervised()
    budget_of: Literal["pairs", "all_images"] = "pairs"
    """where the budget is in epochs, whose number gives the steps: the pairs', or all training images' (equal steps)"""

    _patience: int | None = PrivateAttr(None)

    @model_validator(mode="after")
    def _plan(self) -> "Recipe":
        if isinstance(self.generations, Auto):  # schedules, slices and the planner know the cap, a number as any other
            self._patience = self.generations.patience
            self.__dict__["generations"] = self.generations.auto
        return self

    @computed_field
    @property
    def patience(self) -> int | None:
        """Of `generations: auto`: how many generations without a gain end the run; None where all are made."""
        return self._patience

    @model_validator(mode="after")
    def _check(self) -> "Recipe":
        if self.labels == "all" and not self.upper_bound:
            raise ValueError("`labels: all` reads hidden masks; say `upper_bound: true` if that is meant")
        for name, value in _scheduled(self):
            if len(value) > self.generations + 1:
                raise ValueError(
                    f"`{name}` has {len(value)} values for {self.generations + 1} generations (gen0 to "
                    f"gen{self.generations})"
                )
        for generation in range(self.generations):
            now = self.at(generation)
            if now["teachers"] > now["pool"]:
                raise ValueError(f"`teachers: {now['teachers']}` of gen{generation} is more than `pool: {now['pool']}`")
            if self.label == "agree" and now["teachers"] < 2:
                raise ValueError("`label: agree` needs at least 2 teachers")
        return self

    def at(self, generation: int) -> dict:
        """This recipe in one generation: a plain dict in which every schedule is one value."""
        return _flat(self, generation)


def _flat(model: Model, generation: int) -> dict:
    result = {}
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, Model):
            value = _flat(value, generation)
        elif isinstance(value, list):
            value = value[min(generation, len(value) - 1)]
        result[name] = value
    return result


def _scheduled(model: Model, prefix: str = "") -> list[tuple[str, list]]:
    found = []
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, Model):
            found += _scheduled(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            found.append((prefix + name, value))
    return found
