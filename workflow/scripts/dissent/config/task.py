"""What a mask means: the kind of task, its labels, and the score by which networks are chosen."""

import re
from collections.abc import Sequence
from functools import cache
from itertools import product
from math import dist
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from dissent.config.base import Model

Colour = Annotated[list[Annotated[int, Field(ge=0, le=255)]], Field(min_length=3, max_length=3)]
Kind = Literal["binary", "multiclass", "multilabel"]
Score = Literal["iou", "dice", "published_iou", "published_dice", "pixel_accuracy"]
LOWER_IS_BETTER = ("mcce",)
"""scores that count errors"""


def merit(score: float | None, name: str) -> tuple[float, bool]:
    """What a score called `name` is worth: of two the larger is better.

    IoU and Dice have no score (None) where there was no object to find and none was found. That is better than 0, which
    says that what was found is wrong, and worse than any other score. Of errors that were not counted nothing is known: worst.
    """
    if score is None:
        return (float("-inf") if name in LOWER_IS_BETTER else 0.0), True
    return (-score if name in LOWER_IS_BETTER else score), False


_PLAIN = ("background", "bg")
BACKGROUNDS = (*_PLAIN, "void", "unlabelled", "unlabeled", "none", "nothing", "empty", "elsewhere")
"""what a label is called that stands for nothing in particular, with any case, spaces, dashes and underscores"""

NEW_FIRST_LABEL = (
    "put a new label that no pixel has before the others (`labels: [doubt, ...]`, with `doubt_class: true`; "
    "in `mask_encoding: {name: index}` also `ids: [[], 0, 1, ...]`)"
)
"""how a task gets an id that is free for doubt"""

# Okabe and Ito's colours, which colour-blind people tell apart, then darker and lighter ones
_COLOURS = [
    [230, 159, 0], [86, 180, 233], [0, 158, 115], [240, 228, 66], [0, 114, 178], [213, 94, 0], [204, 121, 167],
    [160, 160, 160], [110, 70, 20], [20, 80, 120], [120, 200, 160], [250, 200, 150], [140, 90, 200], [255, 120, 120],
    [60, 120, 40], [180, 180, 255], [90, 30, 60], [200, 220, 120],
]  # fmt: skip


@cache
def _distinct(count: int) -> list[list[int]]:
    """`count` colours: the fixed ones, then those of a grid that are least like all before them, and like black and white."""
    chosen = [*_COLOURS, [0, 0, 0], [255, 255, 255]]
    grid = [list(colour) for colour in product(range(0, 256, 42), repeat=3)]
    apart = [min(dist(one, other) for other in chosen) for one in grid]
    for _ in range(count - len(_COLOURS)):
        chosen.append(grid[apart.index(max(apart))])
        apart = [min(least, dist(one, chosen[-1])) for least, one in zip(apart, grid, strict=True)]
    return [*_COLOURS, *chosen[len(_COLOURS) + 2 :]]


def is_background(name: str) -> bool:
    """Whether a label's name says that it stands for nothing in particular."""
    return re.sub(r"[\s_-]", "", name.lower()) in BACKGROUNDS


def is_vague(name: str) -> bool:
    """Whether it may also say that nobody knows what is there, as `void` does."""
    return is_background(name) and re.sub(r"[\s_-]", "", name.lower()) not in _PLAIN


def _plain(labels: list[str]) -> list[str]:
    return [name for name in labels if is_background(name)]


class Cells(Model):
    """Cells that are counted: one label marks where a cell is, two others what state it is in (section 6.4)."""

    position: str
    """the label that marks positions, by discs"""
    states: Annotated[list[str], Field(min_length=2, max_length=2)]
    """the two labels between which a cell is decided: the one that has more pixels around its position"""
    redraw: Literal["none", "centred", "published"] = "none"
    """positions in pseudo-labels: as agreed; centred: drawn anew as discs about their centres; published: likewise, one pixel further right and down (in each generation)"""


class TaskSettings(Model):
    """What the numbers in a mask stand for."""

    kind: Kind
    """binary: 0 or 1; multiclass: one class id a pixel; multilabel: labels that may overlap, one bit each (up to 7)"""
    labels: Annotated[list[str], Field(min_length=1, max_length=254)]
    """names in the order of their ids; binary: the foreground's name alone; multiclass: id 0 first"""
    colours: list[Colour] | None = None
    """an RGB triple for each label, for viewing; a palette that colour-blind people can read unless given"""
    score: Score = "iou"
    """the score by which the best step of a training and the best students are chosen, on validation images"""
    doubt_class: bool | Literal["shared"] = False
    """multiclass: id 0 is no class of the data but is kept for doubt (`inconsistency.target: own_class`), as SUIM's set-up does; masks that have it are refused, unless it is `shared` with what nobody labelled, as in Cityscapes' set-up"""
    background: Annotated[str | None, Field(validate_default=True)] = None
    """multiclass: the label that means nothing in particular, which `inconsistency.target: background` and `pseudo_label: unanimous` teach where teachers disagree; none: the one called background, void, unlabelled or alike, if there is one"""
    rank_by: Score | Literal["mcce"] | None = None
    """the score by which the best students are chosen, where it is another than `score`; mcce: the error in counting `cells`, lower is better"""
    mse_targets: list[Annotated[float, Field(gt=0)]] | None = None
    """what the loss mse takes for 1 of each label: 3 weighs the pixels that have it (HeLa's position, as published); none: 1"""
    cells: Cells | None = None
    """multilabel: gives the score mcce; published_iou then takes positions as their redrawn discs"""

    @model_validator(mode="after")
    def _check(self) -> "TaskSettings":
        counts = {"binary": (1, 1), "multiclass": (2, 254), "multilabel": (1, 7)}[self.kind]
        if not counts[0] <= len(self.labels) <= counts[1]:
            raise ValueError(f"a {self.kind} task has {counts[0]} to {counts[1]} labels, not {len(self.labels)}")
        if len(set(self.labels)) != len(self.labels):
            raise ValueError("`labels` names a label twice")
        for name in self.labels:
            if not name.strip() or name != name.strip() or not name.isprintable():
                raise ValueError(f"`labels`: {name!a} is no name; give each label a word, without blanks at its ends")
        if self.kind == "binary" and self.labels[0].lower() == "background":
            raise ValueError(
                "`labels: [background]`: a binary task has a background, and its one label is what stands on it; "
                "name that, e.g. `object`, or say `kind: multiclass` with a name for each of the two"
            )
        if self.colours is not None and len(self.colours) != len(self.labels):
            raise ValueError(f"`colours` has {len(self.colours)} entries for {len(self.labels)} labels")
        if self.doubt_class and self.kind != "multiclass":
            raise ValueError("`doubt_class` is for multiclass tasks; leave it out")
        if self.mse_targets is not None and len(self.mse_targets) != len(self.labels):
            raise ValueError(f"`mse_targets` has {len(self.mse_targets)} entries for {len(self.labels)} labels")
        self._check_cells()
        self._check_background()
        return self

    @field_validator("background")
    @classmethod
    def _background(cls, given: str | None, before: ValidationInfo) -> str | None:
        """The name of the label that may stand for doubt, also where nobody gave it; None where all are real classes."""
        if given is not None or before.data.get("kind") != "multiclass":
            return given
        labels = before.data.get("labels", [])
        found = labels[:1] if before.data.get("doubt_class") else _plain(labels)
        return found[0] if len(found) == 1 else None

    def _check_background(self) -> None:
        if self.kind != "multiclass":
            if self.background is not None:
                raise ValueError(
                    "`background` names a label of a multiclass task; in others it is what has no label: leave it out"
                )
            return
        if self.background is None and len(found := _plain(self.labels)) > 1:
            raise ValueError(
                f"`labels`: {' and '.join(f'`{name}`' for name in found)} may each be what means nothing in particular; say "
                f"which with `background: {found[0]}` in `task`, or give the others names that say what they are"
            )
        if self.background is not None and self.background not in self.labels:
            raise ValueError(f"`background: {self.background}` is none of the labels {', '.join(self.labels)}")
        if self.doubt_class and self.background != self.labels[0]:
            raise ValueError(
                f"`background: {self.background}`: with `doubt_class` it is id 0, `{self.labels[0]}`; leave it out"
            )

    def _check_cells(self) -> None:
        if self.rank_by == "mcce" and self.cells is None:
            raise ValueError("`rank_by: mcce` counts cells: say which labels mark them with `cells`")
        if self.cells is None:
            return
        if self.kind != "multilabel":
            raise ValueError("`cells` is for multilabel tasks; leave it out")
        named = [self.cells.position, *self.cells.states]
        if len(set(named)) < len(named) or not set(named) <= set(self.labels):
            raise ValueError(f"`cells` must name three of the labels {', '.join(self.labels)}, not {', '.join(named)}")

    @classmethod
    def of_values(
        cls, kind: Kind, names: list[str], colours: list[Colour] | None, background: str | None
    ) -> "TaskSettings":
        """The task with these `value_names`; ValueError where they are none of its kind."""
        labels = names[1:] if kind == "binary" else names
        return cls(kind=kind, labels=labels, colours=colours, background=background if kind == "multiclass" else None)

    @property
    def one_foreground(self) -> bool:
        """Binary: a foreground on a background."""
        return self.kind == "binary"

    @property
    def exclusive(self) -> bool:
        """Multiclass: each pixel has one class."""
        return self.kind == "multiclass"

    @property
    def overlapping(self) -> bool:
        """Multilabel: a pixel may have several labels, one bit each."""
        return self.kind == "multilabel"

    @property
    def value_names(self) -> list[str]:
        """Names of the ids (multilabel: of the bits)."""
        return ["background", *self.labels] if self.one_foreground else list(self.labels)

    @property
    def nothing(self) -> str | None:
        """The one of `value_names` that is what has no label; None where each is a label."""
        return self.value_names[0] if self.one_foreground else self.background

    @property
    def legend(self) -> list[tuple[str, str]]:
        """What a colour of a mask means: (name, #rrggbb)."""
        bytes_of = [1 << i for i in range(len(self.labels))] if self.overlapping else range(len(self.value_names))
        palette = self.palette
        return [(name, css(palette[i])) for name, i in zip(self.value_names, bytes_of, strict=True)]

    @property
    def palette(self) -> list[list[int]]:
        """256 RGB triples for the byte stored in a mask: class id, or a mix of the colours of the bits that are set."""
        if self.kind == "multilabel":
            base = self.colours or [_COLOURS[i] for i in range(len(self.labels))]
            table = [_mix([base[bit] for bit in range(len(base)) if value >> bit & 1]) for value in range(128)]
        elif self.colours:
            table = [[0, 0, 0]] * self.one_foreground + self.colours
        else:
            free = iter(_distinct(len(self.value_names)))
            table = [[0, 0, 0] if name == self.nothing else next(free) for name in self.value_names]
        return table + [[0, 0, 0]] * (255 - len(table)) + [[255, 255, 255]]


def css(colour: Sequence[int]) -> str:
    """An RGB triple as a page writes it: `#rrggbb`."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _mix(colours: list[list[int]]) -> list[int]:
    return [sum(c[i] for c in colours) // len(colours) for i in range(3)] if colours else [0, 0, 0]
