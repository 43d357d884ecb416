"""From what masks hold to how they are coded: a conclusion for the whole data set, or a question, never a silent guess."""

from typing import Any

from dissent.cli.init.mask_meaning import (
    CLASSES,
    ONE,
    OVERLAPPING,
    Guess,
    Wishes,
    ask,
    counted,
    elsewhere,
    listed,
    named,
)
from dissent.cli.init.survey import Survey
from dissent.core.files import UserError

_FEW = 32  # values that may be classes without a question
_BLURRED = 0.9  # share of pixels at 0 and 255 from which values between them are taken for blur
_BITS = 7  # labels of a multilabel task


def guess(found: Survey, wishes: Wishes, folders: list[str]) -> Guess:
    """The coding of masks; UserError asks with the flags that answer. `folders`: names of folders of labels, or []."""
    lossy = bool(found.lossy) and wishes.threshold is None and wishes.tolerance is None
    if folders:
        return _of_folders(found, wishes, folders, lossy)
    if found.coloured:
        return _of_colours(found, wishes, lossy)
    if lossy:
        raise ask(
            found,
            f"masks {'are JPEG files' if 'JPEG' in found.formats else f'have {found.lossy} inside'}, whose values are blurred",
            {"--threshold 128": "binary masks of 0 and 255"},
        )
    return _of_values(found, wishes)


def _of_values(found: Survey, wishes: Wishes) -> Guess:
    ignore = [v for v in wishes.ignore or [] if not isinstance(v, tuple)]
    values = sorted(set(found.pixels) - set(ignore))
    stored = found.modes.keys() <= {"1", "L", "P", "I;16"}
    if wishes.threshold is not None or (
        set(values) == {0, 255} and "P" not in found.modes and wishes.kind in (None, *ONE)
    ):
        coding = {"name": "zero_255"} | ({"threshold": wishes.threshold} if wishes.threshold else {})
        return named(ONE, coding | _ignored(ignore), [0, 255], wishes, found)
    if {0, 65535} <= set(values) <= {0, 255, 65535} and wishes.kind in (None, *ONE):  # white of 16 bits
        return named(ONE, {"name": "zero_255"} | _ignored(ignore), [0, 65535], wishes, found)
    if values and max(values) > 255:
        raise UserError(f"masks hold numbers up to {max(values)}, where a mask has one byte a pixel: convert them")
    if len(values) == 1:
        raise UserError(f"all masks hold nothing but {values[0]}: there is nothing to learn; are these the masks?")
    if wishes.ignore is None and 255 in values and values != [0, 255]:
        raise ask(
            found,
            f"masks hold 255 beside {listed([v for v in values if v != 255])}",
            {"--ignore 255": "nobody knows what is there", "--ignore none": "it is a label like the others"}
            | ({"--threshold 128": "they are 0 and 255, blurred in between"} if _blurred(found) else {}),
        )
    objects = len(values) > _FEW or (len(values) > 4 and found.runs == found.counted > 1)
    if wishes.kind is None and objects:
        one = next(iter(ONE))
        raise ask(
            found,
            f"masks hold {len(values)} values, 0 to {values[-1]}, which may be classes, or numbers of single objects",
            {f"--kind {one}": "every number above 0 is the same label", "--kind multiclass": "each number is a class"},
        )
    kind = wishes.kind or ("binary" if len(values) == 2 and values[0] == 0 else "multiclass")
    if not stored:  # grey in RGB files, which index masks are not
        return _colour_table(found, wishes, kind, [(v, v, v) for v in values], [(v, v, v) for v in ignore])
    return _INDEX[kind](values, wishes, ignore, found)


def _index_binary(values: list[int], wishes: Wishes, ignore: list[int], found: Survey) -> Guess:
    ids = [value for value in values if value]
    coding = _numbers(found) | ({} if ids == [1] else {"ids": [ids if len(ids) > 1 else ids[0]]})
    return named(ONE, coding | _ignored(ignore), [0, ids[0] if len(ids) == 1 else listed(ids)], wishes, found)


def _index_classes(values: list[int], wishes: Wishes, ignore: list[int], found: Survey) -> Guess:
    coding = _numbers(found) | ({} if values == list(range(len(values))) else {"ids": values})
    return named(CLASSES, coding | _ignored(ignore), values, wishes, found)


def _index_bits(values: list[int], wishes: Wishes, ignore: list[int], found: Survey) -> Guess:
    bits = max(values).bit_length()
    return named(OVERLAPPING, _numbers(found) | _ignored(ignore), [1 << bit for bit in range(bits)], wishes, found)


def _numbers(found: Survey) -> dict:
    return {"name": "index"} | ({"palettes": "any"} if found.reading.any_palette else {})


def _of_colours(found: Survey, wishes: Wishes, lossy: bool) -> Guess:
    ignore = [v if isinstance(v, tuple) else (v, v, v) for v in wishes.ignore or []]
    colours = [colour for colour, _ in _by_size(found) if colour not in ignore]
    channels = found.modes["RGB"] + found.modes["RGBA"] > 0
    pure = channels and all(channel in (0, 255) for colour in colours for channel in colour)
    two = {"--kind binary": f"{listed(colours[1:])} is the label, {listed(colours[:1])} is background"}
    if wishes.kind in OVERLAPPING and not channels:
        raise UserError(
            "the palettes of masks differ, so their colours count, and labels that overlap have none; save them anew"
        )
    if wishes.kind in OVERLAPPING:
        used = max((i + 1 for colour in colours for i, channel in enumerate(colour) if channel), default=1)
        coding = {"name": "channels"} | ({"threshold": wishes.threshold} if wishes.threshold else {})
        return named(OVERLAPPING, coding, [f"channel {i + 1}" for i in range(used)], wishes, found)
    if pure and wishes.kind is None:
        raise ask(
            found,
            "masks are RGB with 0 and 255 only, which may be colours of classes, or a label in each channel",
            (two if len(colours) == 2 else {})
            | {
                "--kind multiclass": "each colour is a class",
                "--kind multilabel": "each channel is a label, they overlap",
            },
        )
    if lossy or (wishes.tolerance is None and len(colours) > _FEW):
        raise ask(
            found,
            f"masks have {counted(len(colours))} colours, so they are blurred, or no masks",
            {"--tolerance 32": "colours that are no farther from a frequent one than that mean the same"},
        )
    if wishes.tolerance:
        colours = _centres(found, colours, ignore, wishes.tolerance)
    if wishes.kind is None and len(colours) == 2 and (0, 0, 0) not in colours:
        two = {"--kind binary": f"{listed(colours[1:])} is the label, {listed(colours[:1])} is background"}
        raise ask(found, "masks have two colours, none of them black", two | {"--kind multiclass": "each is a class"})
    kind = wishes.kind or ("binary" if len(colours) == 2 else "multiclass")
    return _colour_table(found, wishes, kind, colours, ignore)


def _colour_table(found: Survey, wishes: Wishes, kind: str, colours: list[tuple], ignore: list[tuple]) -> Guess:
    if kind in ONE and len(colours) != 2:
        raise UserError(f"masks hold {len(colours)} colours, and a binary task has 2; say --kind multiclass")
    coding = {"name": "colours", "table": [list(colour) for colour in colours]}
    coding |= {"ignore": [list(colour) for colour in ignore]} if ignore else {}
    coding |= {"tolerance": wishes.tolerance} if wishes.tolerance else {}
    names = ONE if kind in ONE else CLASSES
    shown = [list(colour) for colour in colours[len(colours) - 1 if kind in ONE else 0 :]]
    return named(names, coding, colours, wishes, found, shown)


def _by_size(found: Survey) -> list[tuple[tuple, int]]:
    """Colours with their pixels: black, then from the most frequent to the rarest."""
    return sorted(found.pixels.items(), key=lambda item: (item[0] != (0, 0, 0), -item[1], item[0]))


def _centres(found: Survey, colours: list[tuple], ignore: list[tuple], tolerance: int) -> list[tuple]:
    """The frequent colours to which the others are near, enough of them for 99.9 % of the pixels."""
    centres: list[tuple] = []
    total, covered = sum(found.pixels.values()), sum(found.pixels[colour] for colour in ignore)
    for colour in sorted(colours, key=lambda one: (-found.pixels[one], one)):
        far = all(max(abs(a - b) for a, b in zip(colour, one, strict=True)) > tolerance for one in centres + ignore)
        if far and covered < 0.999 * total:
            centres.append(colour)
        covered += 0 if far and colour not in centres else found.pixels[colour]
    if len(centres) > _FEW:
        raise UserError(
            f"`--tolerance {tolerance}` leaves {len(centres)} colours; are these the masks? Try a larger one"
        )
    return sorted(centres, key=lambda one: (one != (0, 0, 0), -found.pixels[one], one))


def _of_folders(found: Survey, wishes: Wishes, folders: list[str], lossy: bool) -> Guess:
    strange = sorted(value for value in found.pixels if value not in (0, 1, 255))
    if (strange or lossy) and wishes.threshold is None:
        held = listed(strange) if strange else "the values of JPEG files"
        raise ask(found, f"masks in folders of labels hold {held}", {"--threshold 128": "values from there on are set"})
    coding: dict[str, Any] = {"name": "folders"} | ({"threshold": wishes.threshold} if wishes.threshold else {})
    coding |= {"missing": wishes.missing} if wishes.missing else {}
    overlapping = wishes.kind in OVERLAPPING or (wishes.kind is None and found.overlap)
    if wishes.kind in ONE:
        raise UserError(f"a binary task has one folder of masks; name one of {', '.join(folders)} with --masks")
    if overlapping and len(folders) > _BITS:
        raise UserError(
            f"{len(folders)} labels overlap, and a multilabel task has {_BITS} at most; say --kind multiclass"
        )
    coding |= {"folders": folders} | ({"overlap": "later"} if not overlapping and found.overlap else {})
    values = [f"{folder}/" for folder in folders]
    if overlapping:
        return named(OVERLAPPING, coding, values, wishes, found, names=folders)
    return named(CLASSES, coding, ["elsewhere", *values], wishes, found, names=[elsewhere(folders), *folders])


def _ignored(values: list[int]) -> dict:
    return {"ignore": values} if values else {}


def _blurred(found: Survey) -> bool:
    ends = found.pixels[0] + found.pixels[255]
    return ends > _BLURRED * sum(found.pixels.values())


_INDEX = {"binary": _index_binary, "multiclass": _index_classes, "multilabel": _index_bits}
