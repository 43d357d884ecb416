"""The grey levels of 16-bit images that become 0 and 255. No torch."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dissent.core.files import UserError, read_json

if TYPE_CHECKING:
    from dissent.cli.predict.pool import Input


def levels_for(knows: "Input", given: list[int] | None) -> tuple[int, int] | None:
    """Grey levels of 16-bit images that become 0 and 255: the network's own, so that brightness means what it meant in training.

    A network that learned from 8-bit images has none; those that are given are for images of 16 bits among the new ones.
    """
    if knows.bit_depth == 8 and given is None:
        return None
    low, high = given or knows.levels or _of_today(knows.dataset)
    if not 0 <= low < high <= 65535:
        raise UserError(f"`--levels {low} {high}`: they must rise, from 0 to 65535")
    return low, high


def _of_today(dataset: str) -> list[int]:
    """The levels in dataset.json, for a network of an older version, which does not say its own."""
    about = Path("data", dataset, "dataset.json")
    if not about.is_file():
        raise UserError(
            f"the network learned from 16-bit images, and neither its model.json nor {about} says which grey levels became "
            "0 and 255; give them with `--levels LOW HIGH`"
        )
    levels = read_json(about)["levels"]
    print(
        f"note: model.json is of an older version and has no grey levels: those of {about} are taken, {levels[0]} and "
        f"{levels[1]}. They are wrong if the data set was prepared anew since; `--levels LOW HIGH` gives others",
        file=sys.stderr,
    )
    return levels
