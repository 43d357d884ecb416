"""From what masks hold to how they are encoded: a conclusion for the whole data set, or a question, never a silent guess."""

from dataclasses import replace
from typing import Any

from dissent.cli.init.centres import centres_of, check_lost
from dissent.cli.init.mask_meaning import Guess, ask, check_heeded, counted, elsewhere, listed, named
from dissent.cli.init.survey import Survey
from dissent.cli.init.two_readings import FEW_COLOURS
from dissent.cli.init.wishes import Wishes
from dissent.core.files import UserError

_FEW_NUMBERS = 8  # numbers that may be classes without a question
_SINGLE = 0.75  # share of numbers that are one region in their mask, from which they may be objects
_BITS = 7  # labels of a multilabel task


def guess(found: Survey, wishes: Wishes, folders: list[str]) -> Guess:
    """The encoding of masks; UserError asks with the flags that answer. `folders`: names of folders of labels, or []."""
    lossy = bool(found.lossy) and wishes.threshold is None and wishes.tolerance is None
    if folders:
        meant = _of_folders(found, wishes, folders, lossy)
    elif found.coloured:
        meant = _of_colours(found, wishes, lossy)
    elif lossy:
        files = "are JPEG files" if "JPEG" in found.formats else f"have {found.lossy} inside"
        raise ask(found, f"masks {files}, whose values are blurred", {"--threshold 128": "binary masks of 0 and 255"})
    else:
        meant = _of_values(found, wishes)
    check_heeded(meant, wishes, palettes=bool(found.modes["P"]) and not folders)
    return meant


def _of_values(found: Survey, wishes: Wishes) -> Guess:
    ignore = wishes.ignored_numbers
    if colours := [colour for colour in wishes.ignored_colours if len(set(colour)) > 1]:
        hint = ", or say `--palette colours`" if found.modes["P"] else ""
        raise UserError(
            f"`--ignore {','.join(map(str, colours[0]))}` is a colour, and masks are read as numbers ({listed(sorted(found.pixels))}): "
            f"say the number{hint}"
        )
    values = sorted(set(found.pixels) - set(ignore))
    if wishes.threshold is not None:
        if ends := {0, 255} & set(ignore):
            raise UserError(
                f"`--ignore {min(ends)}`: with `--threshold`, 0 and 255 are background and label; leave out one"
            )
        encoding = {"name": "zero_255", "threshold": wishes.threshold} | _ignored(ignore)
        return named("binary", encoding, ["below", f"{wishes.threshold} and above"], wishes, found)
    if values == [0, 255] and "P" not in found.modes and wishes.kind in (None, "binary"):
        return named("binary", {"name": "zero_255"} | _ignored(ignore), values, wishes, found)
    if values and max(values) > 255:
        raise UserError(f"masks hold numbers up to {max(values)}, where a mask has one byte a pixel: convert them")
    if len(values) < 2:
        held = listed(values) or "what is ignored"
        raise UserError(f"all masks hold nothing but {held}: there is nothing to learn; are these the masks?")
    answered = wishes.ignore is not None and (not wishes.ignore or set(ignore) & set(found.pixels))
    if 255 in values and values != [0, 255] and not answered:
        raise _what_is_255(found, values)
    if wishes.kind is None and wishes.labels is None and _may_be_objects(found, values, ignore):
        raise ask(
            found,
            f"masks hold {len(values)} values, 0 to {values[-1]}, which may be classes, or numbers of single objects",
            {"--kind binary": "every number above 0 is the same label", "--kind multiclass": "each number is a class"},
        )
    kind = wishes.kind or ("binary" if len(values) == 2 and values[0] == 0 else "multiclass")
    if not found.modes.keys() <= {"1", "L", "P", "I;16"}:  # grey in RGB files, which index masks are not
        return _colour_table(found, wishes, kind, [(v, v, v) for v in values], [(v, v, v) for v in ignore])
    encoding = {"name": "index"} | ({"palettes": "any"} if found.reading.any_palette else {})
    return _INDEX[kind](values, wishes, encoding, ignore, found)


def _what_is_255(found: Survey, values: list[int]) -> UserError:
    between = [value for value in values if value not in (0, 255)]
    flags = {"--ignore 255": "nobody knows what is there", "--ignore none": "it is a label like the others"}
    if between == [1]:
        flags["--ignore none --kind binary"] = "1 and 255 are one label: some masks are saved with 1, some with 255"
    elif max(between) > 127 or found.pixels[255] > sum(found.pixels[value] for value in between):
        flags["--threshold 128"] = "they are 0 and 255, blurred in between"
    return ask(found, f"masks hold 255 beside {listed([v for v in values if v != 255])}", flags)


def _may_be_objects(found: Survey, values: list[int], ignore: list[int]) -> bool:
    """Whether numbers may count objects: each is one region, or masks hold 1 to k, of unlike k; or there are many."""
    objects = [numbers for one in found.sets if (numbers := one - {0, *ignore})]
    in_order = all(len(one) == max(one) for one in objects) and len({max(one) for one in objects}) > 1
    return (
        len(values) > _FEW_NUMBERS
        or (len(values) > 4 and in_order)
        or (len(values) > 2 and found.single >= _SINGLE * found.numbers > 0)
    )


def _index_binary(values: list[int], wishes: Wishes, encoding: dict, ignore: list[int], found: Survey) -> Guess:
    if 0 not in values:
        raise ask(
            found,
            "masks hold no 0, which is the background of a binary task",
            {"--kind multiclass": "each number is a class, and one of them may be called background"},
        )
    ids = [value for value in values if value]
    encoding |= {} if ids == [1] else {"ids": [ids if len(ids) > 1 else ids[0]]}
    return named("binary", encoding | _ignored(ignore), [0, listed(ids)], wishes, found)


def _index_classes(values: list[int], wishes: Wishes, encoding: dict, ignore: list[int], found: Survey) -> Guess:
    encoding |= {} if values == list(range(len(values))) else {"ids": values}
    return named("multiclass", encoding | _ignored(ignore), values, wishes, found)


def _index_bits(values: list[int], wishes: Wishes, encoding: dict, ignore: list[int], found: Survey) -> Guess:
    bits = max(values).bit_length()
    if bits > _BITS:
        raise UserError(
            f"masks hold {max(values)}, which is {bits} labels, one a bit, and a multilabel task has {_BITS} at most; "
            "--ignore it if nobody knows what is there"
        )
    if inside := [value for value in ignore if value < 2**bits]:
        raise UserError(f"`--ignore {inside[0]}`: that is labels, one a bit, where masks go up to {max(values)}")
    return named("multilabel", encoding | _ignored(ignore), [1 << bit for bit in range(bits)], wishes, found)


def _of_colours(found: Survey, wishes: Wishes, lossy: bool) -> Guess:
    ignore = wishes.ignored_colours
    colours = [colour for colour in found.by_size if colour not in ignore]
    channels = found.modes["RGB"] + found.modes["RGBA"] > 0
    pure = channels and all(channel in (0, 255) for colour in colours for channel in colour)
    if wishes.kind == "multilabel":
        if not channels:
            raise UserError(
                "the palettes of masks differ, so their colours count, and labels that overlap have none; save them anew"
            )
        least = wishes.threshold or 1
        used = max((i + 1 for colour in colours for i, channel in enumerate(colour) if channel >= least), default=1)
        encoding: dict[str, Any] = {"name": "channels"} | ({"threshold": wishes.threshold} if wishes.threshold else {})
        return named("multilabel", encoding, [f"channel {i + 1}" for i in range(used)], wishes, found)
    if pure and wishes.kind is None:
        raise ask(
            found,
            "masks are RGB with 0 and 255 only, which may be colours of classes, or a label in each channel",
            (_two(colours) if len(colours) == 2 else {})
            | {
                "--kind multiclass": "each colour is a class",
                "--kind multilabel": "each channel is a label, they overlap",
            },
        )
    if lossy or (wishes.tolerance is None and len(colours) > FEW_COLOURS):
        raise ask(
            found,
            f"masks have {counted(len(colours))} colours, so they are blurred, or no masks",
            {"--tolerance 32": "colours that are no farther from a frequent one than that mean the same"},
        )
    note = ""
    if wishes.tolerance:
        colours = centres_of(found, colours, ignore, wishes)
        note = check_lost(found, colours, ignore, wishes.tolerance)
    if wishes.kind is None and len(colours) == 2 and (0, 0, 0) not in colours:
        raise ask(
            found,
            "masks have two colours, none of them black",
            _two(colours) | {"--kind multiclass": "each is a class"},
        )
    kind = wishes.kind or ("binary" if len(colours) == 2 else "multiclass")
    return replace(_colour_table(found, wishes, kind, colours, ignore), note=note)


def _two(colours: list[tuple]) -> dict[str, str]:
    """The answer that the first of two colours is the background."""
    return {"--kind binary": f"{listed(colours[1:])} is the label, {listed(colours[:1])} is background"}


def _colour_table(found: Survey, wishes: Wishes, kind: str, colours: list[tuple], ignore: list[tuple]) -> Guess:
    if kind == "multilabel":
        raise UserError("masks are grey in RGB files, where labels that overlap have no place; save them as grey")
    if kind == "binary" and len(colours) != 2:
        raise UserError(f"masks hold {len(colours)} colours, and a binary task has 2; say --kind multiclass")
    encoding: dict[str, Any] = {"name": "colours", "table": [list(colour) for colour in colours]}
    encoding |= {"ignore": [list(colour) for colour in ignore]} if ignore else {}
    encoding |= {"tolerance": wishes.tolerance} if wishes.tolerance else {}
    shown = [list(colour) for colour in colours[len(colours) - 1 if kind == "binary" else 0 :]]
    return named(kind, encoding, colours, wishes, found, shown)


def _of_folders(found: Survey, wishes: Wishes, folders: list[str], lossy: bool) -> Guess:
    ignore = wishes.ignored_numbers
    strange = sorted(value for value in found.pixels if value not in (0, 1, 255, *ignore))
    if (strange or lossy) and wishes.threshold is None:
        held = listed(strange) if strange else "the values of JPEG files"
        raise ask(found, f"masks in folders of labels hold {held}", {"--threshold 128": "values from there on are set"})
    if wishes.threshold is None and {1, 255} <= set(found.pixels) - set(ignore):
        raise ask(
            found,
            "masks in folders of labels hold 1 and 255",
            {"--ignore 255": "1 is set, of 255 nobody knows", "--threshold 1": "both are set"},
        )
    encoding: dict[str, Any] = {"name": "folders"} | ({"threshold": wishes.threshold} if wishes.threshold else {})
    encoding |= _ignored(ignore) | ({"missing": wishes.missing} if wishes.missing else {})
    overlapping = wishes.kind == "multilabel" or (wishes.kind is None and found.overlap)
    if wishes.kind == "binary":
        raise UserError(f"a binary task has one folder of masks; name one of {', '.join(folders)} with --masks")
    if overlapping and len(folders) > _BITS:
        raise UserError(
            f"{len(folders)} labels overlap, and a multilabel task has {_BITS} at most; say --kind multiclass"
        )
    encoding |= {"folders": folders} | ({"overlap": "later"} if not overlapping and found.overlap else {})
    values = [f"{folder}/" for folder in folders]
    if overlapping:
        return named("multilabel", encoding, values, wishes, found, names=folders)
    meant = named("multiclass", encoding, ["elsewhere", *values], wishes, found, names=[elsewhere(folders), *folders])
    return replace(meant, background=meant.labels[0])


def _ignored(values: list[int]) -> dict:
    return {"ignore": values} if values else {}


_INDEX = {"binary": _index_binary, "multiclass": _index_classes, "multilabel": _index_bits}
