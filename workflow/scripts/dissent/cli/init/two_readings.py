"""Masks with two readings: numbers of a palette or its colours, numbers of few bits or the greys that viewers show.

One reading for the whole folder: the one that fits all its masks. Where both may be meant, a question.
"""

from collections import Counter
from collections.abc import Set
from dataclasses import dataclass

from dissent.core.files import UserError
from dissent.datasets.palettes import GREY, Palettes

FEW_COLOURS = 32
"""colours that may be classes without a question"""


@dataclass(frozen=True)
class Open:
    """A mask with two readings: pixels of each number, and of each grey or colour (an RGB triple) that is shown."""

    name: str
    numbers: Counter
    shown: Counter
    palette: bytes
    """RGB bytes, three a number; empty: greys of few bits"""


@dataclass(frozen=True)
class Reading:
    """Whether palettes, and greys of few bits, are read as they are shown; `any_palette`: numbers count though palettes
    differ; `note`: what to tell."""

    colours: bool
    greys: bool
    any_palette: bool = False
    note: str = ""


def reading(masks: list[Open], others: set, wish: str | None) -> Reading:
    """How masks with two readings are read. `others`: values of those with one; `wish`: numbers, colours, or None."""
    palettes = [mask for mask in masks if mask.palette]
    if any(isinstance(value, tuple) for value in others):
        if wish == "numbers" and palettes:
            raise UserError("some masks are RGB, which has no numbers; leave `--palette numbers` out")
        return Reading(colours=True, greys=True)
    clash = _clash(palettes)
    grey_clash = "" if clash else _clash(palettes, {value for value in others if value < 256})
    shown = {colour for mask in palettes for colour in mask.shown}
    if wish is None and (clash or grey_clash):
        if clash and len(shown) > FEW_COLOURS:
            raise _question(f"masks have palettes that differ ({clash}), with {len(shown)} colours in all")
        if grey_clash and any(len(set(colour)) > 1 for colour in shown):
            raise _question(f"some masks have a palette and some are grey ({grey_clash})")
    because = f"palettes differ ({clash or grey_clash})" if clash or grey_clash else _renumbered(palettes, others)
    if wish == "colours" or (wish is None and because):
        note = f"{because}: masks are read by the colours that are shown"
        return Reading(colours=True, greys=True, note=note if wish is None else "")
    return Reading(colours=False, greys=_greys([m for m in masks if not m.palette], others), any_palette=bool(clash))


def _clash(palettes: list[Open], greys: Set[int] = frozenset()) -> str:
    found = Palettes()
    for mask in palettes:
        found.add(mask.name, mask.palette, mask.numbers)
    if palettes and greys:
        found.add("masks without a palette", GREY, greys)
    return found.clash()


def _renumbered(palettes: list[Open], others: set) -> str:
    """Whether numbers are those of a tool that reduces colours: 0 is no background then, as another number is black."""
    if not palettes or others:
        return ""
    black = {
        number for mask in palettes for number in mask.numbers if mask.palette[3 * number : 3 * number + 3] == bytes(3)
    }
    first = {mask.palette[:3] for mask in palettes if 0 in mask.numbers}
    if not black or not first or bytes(3) in first:
        return ""
    return f"{', '.join(map(str, sorted(black)))} is black and 0 is not in the palettes of masks"


def _question(what: str) -> UserError:
    return UserError(
        f"{what}.\nSay what is meant:\n"
        "  --palette colours  the colour that viewers show counts\n"
        "  --palette numbers  the number counts, whatever its colour"
    )


def _greys(few: list[Open], others: set) -> bool:
    """Whether greys of few bits are read as shown (1 bit: 0 and 255), as the 8-bit masks beside them have these values."""
    numbers, shown = ({value for mask in few for value in getattr(mask, key)} for key in ("numbers", "shown"))
    if numbers == shown or not others - {0}:
        return False
    if numbers <= others and shown <= others:
        raise UserError(
            f"{few[0].name} and {len(few) - 1} more masks have fewer than 8 bits, and 8-bit masks beside them hold "
            f"{max(numbers)} and {max(shown)}: white may mean either. Save all of them with 8 bits"
        )
    return shown <= others
