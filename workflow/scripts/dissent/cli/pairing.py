"""Which mask belongs to which image of a folder that nobody has described yet. No torch."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from dissent.cli.text import printable, some
from dissent.datasets import raw
from dissent.files import UserError


@dataclass(frozen=True)
class Pairs:
    """Images and masks by their common key; `masks` has one entry a folder of a label, else one alone ("")."""

    raw: Path
    images: dict[str, Path]
    masks: dict[str, dict[str, Path]]
    images_below: str
    masks_below: str
    image_suffix: str = ""
    mask_suffix: str = ""
    alone: list[str] = field(default_factory=list)
    """keys of images without any mask"""

    @property
    def names(self) -> str:
        """The data set's `names`: stems where they tell images apart, else paths."""
        stems = Counter(PurePosixPath(key).name.casefold() for key in self.images)
        return "path" if max(stems.values()) > 1 else "stem"


def find_pairs(folder: Path, images: str, masks: str) -> Pairs:
    """Pair what lies below FOLDER/images and FOLDER/masks, whatever their names end with; UserError lists misfits."""
    images, masks = _below(folder, images, "--images"), _below(folder, masks, "--masks")
    problems = raw.Problems()
    pictures = raw._files(folder, images, "", problems)
    files = pictures if masks == images else raw._files(folder, masks, "", problems)
    problems.stop(folder)
    if not pictures or not files:
        raise UserError(f"{folder / (images if not pictures else masks)} has no PNG, JPEG, TIFF or BMP images")
    if masks == images:
        suffix = _suffix_within(pictures, folder / images)
        files = {key.removesuffix(suffix): path for key, path in pictures.items() if key.endswith(suffix)}
        pictures = {key: path for key, path in pictures.items() if not key.endswith(suffix)}
        return _paired(folder, pictures, {"": files}, images, masks, "", suffix)
    by_label = _by_folder(files, pictures)
    if len(by_label) == 1 and "" not in by_label:
        [(name, files)] = by_label.items()
        by_label, masks = {"": files}, f"{masks}/{name}"
    every = sorted({key for one in by_label.values() for key in one})
    image_suffix, mask_suffix = _suffixes(sorted(pictures), every)
    pictures = {key.removesuffix(image_suffix): path for key, path in pictures.items() if key.endswith(image_suffix)}
    by_label = {
        name: {key.removesuffix(mask_suffix): path for key, path in one.items() if key.endswith(mask_suffix)}
        for name, one in by_label.items()
    }
    return _paired(folder, pictures, by_label, images, masks, image_suffix, mask_suffix)


def _below(folder: Path, given: str, flag: str) -> str:
    """The folder that a flag names, below `folder`; the path from here is taken, too, as the shell completes it."""
    path = Path(given)
    if not (folder / path).is_dir() and path.is_dir() and path.resolve().is_relative_to(folder.resolve()):
        path = path.resolve().relative_to(folder.resolve())
    plain = path.as_posix()
    if not folder.is_dir() or not (folder / path).is_dir():
        there = sorted(one.name for one in folder.iterdir() if one.is_dir()) if folder.is_dir() else []
        hint = f" (there are: {some(there, 20)})" if there else ""
        raise UserError(f"{folder / path} is no folder; say with `{flag} DIR` where below {folder} they lie{hint}")
    if plain == "." or ".." in path.parts or path.is_absolute():
        raise UserError(
            f"`{flag} {given}` must be a folder below {folder}; put images and masks into folders of their own"
        )
    return plain


def _by_folder(files: dict[str, Path], images: dict[str, Path]) -> dict[str, dict[str, Path]]:
    """Masks by folder of a label, if their folders are that: names recur in them and are images' names without them."""
    if any("/" not in key for key in files):
        return {"": files}
    tops: dict[str, dict[str, Path]] = {}
    for key, path in files.items():
        top, rest = key.split("/", 1)
        tops.setdefault(top, {})[rest] = path
    image_tops = {key.split("/", 1)[0] for key in images if "/" in key}
    return {"": files} if set(tops) <= image_tops else dict(sorted(tops.items()))


def _suffixes(images: list[str], masks: list[str]) -> tuple[str, str]:
    """What images' and masks' names end with beyond their common part; ("", "") where most names are equal."""
    known = set(images)
    if 2 * sum(key in known for key in masks) >= len(masks):
        return "", ""
    votes: Counter[tuple[str, str]] = Counter()
    for mask in masks[:: max(1, len(masks) // 50)]:
        near = max(images, key=lambda image: (_shared(image, mask), -len(image)))
        common = _shared(near, mask)
        if common < min(len(near), len(mask)):  # a_left and a_ids: the line between belongs to the ends
            common = len(mask[:common].rstrip("_-. "))
        if common > mask.rfind("/") + 1:
            votes[near[common:], mask[common:]] += 1
    for (image_suffix, mask_suffix), _ in votes.most_common(5):
        stems = {key.removesuffix(image_suffix) for key in images if key.endswith(image_suffix)}
        fit = sum(key.endswith(mask_suffix) and key.removesuffix(mask_suffix) in stems for key in masks)
        if 2 * fit >= len(masks):
            return image_suffix, mask_suffix
    raise UserError(
        f"masks are not called after their images: {printable(masks[0])} ... and {printable(images[0])} ...; the names "
        "may differ in what they end with (a_mask for a), alike for all"
    )


def _shared(one: str, other: str) -> int:
    """Characters with which both begin."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _suffix_within(files: dict[str, Path], folder: Path) -> str:
    """The end of masks' names in a folder that holds images and masks."""
    keys, votes = sorted(files), Counter()
    for key in keys:
        longer = [other.removeprefix(key) for other in keys if other != key and other.startswith(key)]
        votes.update(longer)
    if not votes:
        raise UserError(
            f"{folder} holds images and masks, but no name is that of another with something added (a, a_mask)"
        )
    return max(votes, key=lambda suffix: (votes[suffix], -len(suffix), suffix))


def _paired(
    folder: Path,
    images: dict[str, Path],
    masks: dict[str, dict[str, Path]],
    images_below: str,
    masks_below: str,
    image_suffix: str,
    mask_suffix: str,
) -> Pairs:
    problems = raw.Problems(
        f"{path.relative_to(folder).as_posix()}: no image belongs to this mask"
        for one in masks.values()
        for key, path in one.items()
        if key not in images
    )
    problems.stop(folder)
    alone = [key for key in images if not any(key in one for one in masks.values())]
    return Pairs(folder, images, masks, images_below, masks_below, image_suffix, mask_suffix, alone)
