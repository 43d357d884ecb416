"""A teacher from outside: predictions of another tool, which count as those of one more teacher."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from dissent.config.base import Model, Text
from dissent.config.mask_encoding import Encoding, Index, check_encoding
from dissent.config.task import TaskSettings

Value = Annotated[int, Field(ge=0, le=65535)] | Literal["others"]
OTHERS = "others"


class ExternalTeacher(Model):
    """Predictions of another tool for every unlabelled image, one PNG each, called as the image in data/NAME/images."""

    name: Annotated[str, Field(pattern="^[A-Za-z][A-Za-z0-9_-]*$")]
    """what tables and the report call it"""
    masks: Text
    """folder of its masks, relative to the working directory; nothing is written there"""
    suffix: Text = ""
    """end of its masks' names before .png that the images' do not have, e.g. _cp_masks"""
    mask_encoding: Encoding = Index()
    """how its masks are coded, as those of a data set; `index`: our ids, or its own with `ids`"""
    ids: dict[str, Value | list[Value]] | None = None
    """our label: its ids, one or several, e.g. {background: 0, cell: others}; others: every id that is not named, as of single cells; labels that overlap may share an id"""

    @model_validator(mode="after")
    def _check(self) -> "ExternalTeacher":
        if self.ids is not None and self.mask_encoding != Index():
            raise ValueError(f"`ids` of {self.name} goes with `mask_encoding: {{name: index}}` without keys of its own")
        return self

    def bytes_of(self, task: TaskSettings) -> dict[int | str, int]:
        """{its id: our byte} of `ids`; ValueError names a label that the task lacks, or an id of two labels that exclude each other."""
        found: dict[int | str, int] = {}
        names = task.value_names
        for label, given in (self.ids or {}).items():
            nothing = task.overlapping and label == "background"
            if label not in names and not nothing:
                raise ValueError(f"`ids: {{{label}: ...}}`: there are the labels {', '.join(names)}")
            byte = 0 if nothing else 1 << names.index(label) if task.overlapping else names.index(label)
            for value in given if isinstance(given, list) else [given]:
                if value in found and not task.overlapping:
                    raise ValueError(f"`ids` gives {value} to two labels, and labels of this task exclude each other")
                found[value] = found.get(value, 0) | byte
        return found


def check_teachers(teachers: list[ExternalTeacher], task: TaskSettings, run: str) -> None:
    """ValueError where their masks cannot hold the labels of a task, or would be those that a run itself makes."""
    for name in (one.name for one in teachers):
        if [one.name for one in teachers].count(name) > 1:
            raise ValueError(f"`external_teachers` has two called `{name}`: give each a name of its own")
    for one in teachers:
        try:
            one.bytes_of(task)
            if one.ids is None:
                check_encoding(one.mask_encoding, task)
        except ValueError as error:
            raise ValueError(f"`external_teachers`, {one.name}: {error}") from None
        if Path(one.masks).resolve().is_relative_to(Path("results", run).resolve()):
            raise ValueError(
                f"`external_teachers`, {one.name}: `masks: {one.masks}` is what the run {run} makes itself, and overwrites; copy it "
                "to another folder"
            )
