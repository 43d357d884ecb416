"""What names of images and masks begin and end with: as a person says it in a pattern, or as the names themselves tell."""

import argparse
import random
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from dissent.config.ends import Ends
from dissent.core.files import UserError
from dissent.core.words import nfc, printable, some
from dissent.datasets.listing import ending_of, fits

_STEM = "{stem}"
_MOST = 20  # patterns of files to leave out, which a person can read


class Pattern(NamedTuple):
    """A folder, and how the names of its files are built."""

    folder: str
    ends: Ends = Ends()
    ending: str = ""
    """.png; "" for all"""
    given: bool = False
    """whether a person says how names are built"""

    def fits(self, path: Path) -> bool:
        """Whether a file is called so."""
        return self.ends.around(nfc(path.stem)) and self.ending in ("", path.suffix.lower())


def pattern_of(text: str, flag: str) -> Pattern:
    """A folder, or a pattern such as masks/{stem}_seg.png; UserError where it is none."""
    folder, _, name = text.rpartition("/")
    if _STEM not in text:
        if any(letter in text for letter in "{}*"):
            raise UserError(f"`{flag} {text}`: a pattern says {_STEM} once for what images and masks have in common")
        return Pattern(text)
    path = PurePosixPath(name)
    if name.count(_STEM) != 1 or _STEM in folder or not folder:
        raise UserError(
            f"`{flag} {text}`: a pattern is FOLDER/NAME with {_STEM} once in the name, e.g. masks/{_STEM}_seg.png; folders "
            f"inside are part of {_STEM}"
        )
    ending = path.suffix if _STEM not in path.suffix else ""
    prefix, suffix = name.removesuffix(ending).split(_STEM)
    return Pattern(folder, Ends(nfc(prefix), nfc(suffix)), "" if ending == ".*" else ending.lower(), True)


def folders_of(args: argparse.Namespace) -> tuple[str, str]:
    """The folders of images and of masks that flags name."""
    return pattern_of(args.images, "--images").folder, pattern_of(args.masks, "--masks").folder


def called(
    images: Sequence[Path], masks: Sequence[Path], of_images: Pattern, of_masks: Pattern
) -> tuple[list[Path], list[Path], list[Path]]:
    """Images and masks that are called as patterns say, and files that are not; both may be all files of one folder."""
    if list(images) == list(masks):
        fit = [path for path in images if of_masks.fits(path) or of_images.fits(path)]
        return fit, fit, [path for path in images if path not in set(fit)]
    pictures, files = [path for path in images if of_images.fits(path)], [path for path in masks if of_masks.fits(path)]
    kept = {*pictures, *files}
    return pictures, files, [path for path in (*images, *masks) if path not in kept]


def leaving(unlike: Sequence[Path], others: Sequence[Path], folder: Path) -> list[str]:
    """Patterns of `leave_out` for files that no pattern of a person means, and that fit no other; UserError for too many."""
    names = {path: path.relative_to(folder).as_posix() for path in unlike}
    kept = [path.relative_to(folder).as_posix() for path in others]
    found: list[str] = []
    for name in (names[path] for path in unlike):
        if any(fits(name, one) for one in found):
            continue
        wide = f"{name.partition('/')[0]}/{ending_of(Path(name), '')}"
        found.append(name if any(fits(other, wide) for other in kept) else wide)
    if len(found) > _MOST:
        raise UserError(
            f"{len(unlike)} files are not called as the patterns say ({some(list(names.values()), 3)}), in more "
            "than a few ways: move them away, or say `--leave-out` for them"
        )
    return found


def without_case(image: Ends, mask: Ends, images: Sequence[str], masks: Sequence[str]) -> tuple[Ends, Ends]:
    """The ends with `match_case: false` where some masks are called after images but for the case of letters."""
    known = {image.off(key) for key in images}
    folded = {key.casefold() for key in known}
    stems = [mask.off(key) for key in masks]
    if any(stem not in known and stem.casefold() in folded for stem in stems):
        return image._replace(match_case=False), mask._replace(match_case=False)
    return image, mask


def ends_of(images: list[str], masks: list[str]) -> tuple[Ends, Ends]:
    """What images' and masks' names begin and end with beyond their common part; nothing where most names are equal."""
    if found := _equal(images, masks):
        return found
    image_suffix, mask_suffix = _suffixes(images, masks)
    return Ends("", image_suffix), Ends("", mask_suffix)


def _equal(images: list[str], masks: list[str]) -> tuple[Ends, Ends] | None:
    """The ends under which half of the masks are called after images: none, but for the case of letters; or beginnings."""
    prefixes = _beginning(images), _beginning(masks)
    for image, mask in ((Ends(), Ends()), (Ends(prefixes[0]), Ends(prefixes[1]))):
        known = {image.off(key).casefold() for key in images}
        if 2 * sum(mask.off(key).casefold() in known for key in masks) >= len(masks):
            return image, mask
    return None


def _beginning(keys: list[str]) -> str:
    """What all names of files begin with, without digits at its end: seg_ of seg_001 and seg_002."""
    names = sorted(key.rsplit("/", 1)[-1] for key in keys)
    first, last = names[0], names[-1]
    return re.sub(r"\d+$", "", first[: shared(first, last)])


def _suffixes(images: list[str], masks: list[str]) -> tuple[str, str]:
    """What names end with beyond their common part."""
    votes: Counter[tuple[str, str]] = Counter()
    for mask in random.Random(0).sample(masks, min(50, len(masks))):
        near = max(images, key=lambda image: (shared(image, mask), -len(image)))
        common = shared(near, mask)
        if common < min(len(near), len(mask)):  # a_left and a_ids: the line between belongs to the ends
            common = len(mask[:common].rstrip("_-. "))
        if common > mask.rfind("/") + 1:
            votes[near[common:], mask[common:]] += 1
    fits = {ends: _fit(images, masks, *ends) for ends, _ in votes.most_common(5)}
    best = max(fits, key=lambda ends: fits[ends], default=None)
    close = [ends for ends in fits if best is not None and 2 * fits[ends] >= fits[best] > 0]
    if best is None or 2 * sum(fits[ends] for ends in close) < len(masks):
        raise UserError(
            f"masks are not called after their images: {printable(masks[0])} ... and {printable(images[0])} ...; the names "
            "may differ in what they end with (a_mask for a), alike for all"
        )
    if len({mask for _, mask in close}) > 1:
        told = [f"{fits[ends]} end with {printable(ends[1]) or 'nothing more'}" for ends in close]
        raise UserError(
            f"masks end in several ways: {', '.join(told)}. Where an image has one mask, name all alike; where it has several, "
            "join those that show objects of one image, or say which are not used, e.g. "
            f"`--leave-out '*{printable(close[-1][1])}.*'`"
        )
    return best


def _fit(images: list[str], masks: list[str], image_suffix: str, mask_suffix: str) -> int:
    """How many masks belong to an image under these ends."""
    stems = {key.removesuffix(image_suffix) for key in images if key.endswith(image_suffix)}
    return sum(key.endswith(mask_suffix) and key.removesuffix(mask_suffix) in stems for key in masks)


def shared(one: str, other: str) -> int:
    """Characters with which both begin."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
