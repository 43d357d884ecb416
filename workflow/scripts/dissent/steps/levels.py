"""The grey levels of 16-bit images that became 0 and 255: they belong to a network, as its geometry does. Needs no torch."""

from typing import TYPE_CHECKING

from dissent.core.files import UserError, read_prepared

if TYPE_CHECKING:
    from dissent.core import arguments


def with_levels(settings: "arguments.Student", prepared: str) -> "arguments.Student":
    """Settings of a student with `input.levels` from dataset.json, which a plan cannot know; of 8-bit images as they are.

    So they are part of what tells equal students apart, and of model.json; the date of dataset.json is not.
    """
    if settings["input"]["bit_depth"] != 16:
        return settings
    found = read_prepared(prepared)["levels"]
    if not found:
        raise UserError(
            f"{prepared} has no grey levels, and the data set has `bit_depth: 16`; delete it and prepare it again"
        )
    return {**settings, "input": settings["input"] | {"levels": found}}
