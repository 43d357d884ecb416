"""Blurred colours: which of them are labels, which are near one, and which would be lost."""

from collections.abc import Sequence

from dissent.cli.init.survey import Survey
from dissent.cli.init.two_readings import FEW_COLOURS
from dissent.cli.init.wishes import Wishes
from dissent.cli.text import columns
from dissent.core.files import UserError

_COVERED = 0.999  # share of pixels that the frequent colours and what is near them make up
_SHOWN = 6

Colour = tuple[int, int, int]


def centres_of(found: Survey, colours: Sequence[Colour], ignore: Sequence[Colour], wishes: Wishes) -> list[Colour]:
    """The frequent colours to which the others are near, enough of them for 99.9 % of the pixels.

    Where the user names more labels, the colours with the largest regions of one colour besides.
    """
    tolerance, centres = wishes.tolerance or 0, list[Colour]()
    total, covered = sum(found.pixels.values()), sum(found.pixels[colour] for colour in ignore)
    for colour in sorted(colours, key=lambda one: (-found.pixels[one], one)):
        far = _far(colour, [*centres, *ignore], tolerance)
        if far and covered < _COVERED * total:
            centres.append(colour)
        covered += 0 if far and colour not in centres else found.pixels[colour]
    if len(centres) > FEW_COLOURS:
        raise UserError(
            f"`--tolerance {tolerance}` leaves {len(centres)} colours; are these the masks? Try a larger one"
        )
    names = len(wishes.labels or [])
    wanted = names + (wishes.kind == "binary" or names == 1)
    for colour in _lost(found, centres, ignore, tolerance)[: max(0, wanted - len(centres)) if names else 0]:
        centres.append(colour)
    return [colour for colour in found.by_size if colour in centres]


def check_lost(found: Survey, centres: Sequence[Colour], ignore: Sequence[Colour], tolerance: int) -> str:
    """A note on colours that are near no label; UserError asks where one of them fills a region, as labels do."""
    lost = _lost(found, centres, ignore, tolerance)
    if not lost:
        return ""
    rows = [(" ".join(map(str, one)), f"{found.pixels[one]:,}", str(found.masks[one])) for one in lost[:_SHOWN]]
    if found.solid[lost[0]]:
        table = columns([["value", "pixels", "masks"], *rows])
        flags = {
            "--labels A,B,...": f"names for {len(centres) + 1} labels: {rows[0][0]} is one, beside those that are frequent",
            f"--ignore {','.join(map(str, lost[0]))}": "nobody knows what is there",
        }
        raise UserError(
            f"masks have regions of colours that are farther than {tolerance} from all frequent ones:\n{table}\n"
            f"Say what is meant:\n{columns(list(flags.items()))}"
        )
    told = ", ".join(f"{colour} ({pixels} pixels, {masks} masks)" for colour, pixels, masks in rows)
    return f"near no label, so nobody knows what is there: {told}{' ...' if len(lost) > _SHOWN else ''}"


def _lost(found: Survey, centres: Sequence[Colour], ignore: Sequence[Colour], tolerance: int) -> list[Colour]:
    """Colours that are near no label, of those that are near each other one: the largest regions, then the most pixels first."""
    lost: list[Colour] = []
    for colour in sorted(found.pixels, key=lambda one: (-found.solid[one], -found.pixels[one], one)):
        if _far(colour, [*centres, *ignore, *lost], tolerance):
            lost.append(colour)
    return lost


def _far(colour: Colour, others: Sequence[Colour], tolerance: int) -> bool:
    return all(max(abs(a - b) for a, b in zip(colour, one, strict=True)) > tolerance for one in others)
