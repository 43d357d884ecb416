"""Whether the palettes of many masks agree: a number has one colour in all of them, and a colour one number."""

from collections.abc import Iterable


class Palettes:
    """Palettes (RGB bytes, three a number) and the numbers that masks with them use, each with the first such file."""

    def __init__(self) -> None:
        self._used: dict[bytes, dict[int, str]] = {}

    def add(self, name: str, palette: bytes, numbers: Iterable[int]) -> None:
        """A mask, its palette, and the numbers that occur in it."""
        used = self._used.setdefault(palette, {})
        for number in numbers:
            used.setdefault(number, name)

    def clash(self) -> str:
        """Two masks in which a number, or a colour, does not mean the same, in words; "" where all agree."""
        by_number: dict[int, tuple[bytes, str]] = {}
        by_colour: dict[bytes, tuple[int, str, bytes]] = {}
        for palette, used in self._used.items():
            for number, name in sorted(used.items()):
                colour = _colour(palette, number)
                before, other = by_number.setdefault(number, (colour, name))
                if before != colour:
                    return f"{number} is {_words(before)} in {other} and {_words(colour)} in {name}"
                if not colour:  # a number for which the palette is too short
                    continue
                where, other, theirs = by_colour.setdefault(colour, (number, name, palette))
                if where != number and _colour(theirs, number) != colour:
                    return f"{_words(colour)} is {where} in {other} and {number} in {name}"
        return ""


GREY = bytes(value for value in range(256) for _ in range(3))
"""the palette that masks without one have, in effect"""


def _colour(palette: bytes, number: int) -> bytes:
    return palette[3 * number : 3 * number + 3]


def _words(colour: bytes) -> str:
    return f"the colour {' '.join(map(str, colour))}" if colour else "no colour"
