"""Which mask belongs to which image of a folder that nobody has described yet. No torch."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TypedDict

from dissent.cli.init.name_ends import called, ends_of, leaving, pattern_of, without_case
from dissent.config.dataset import Part, Source
from dissent.config.ends import NONE, Ends
from dissent.config.mask_encoding import Folders, Index
from dissent.config.task import TaskSettings
from dissent.core.files import UserError
from dissent.core.words import nfc, printable, some
from dissent.datasets.listing import Census, Looking
from dissent.datasets.problems import Problems
from dissent.datasets.raw import listed


class PartKeys(TypedDict):
    """An entry of the data set's `parts`."""

    name: str
    images: str
    masks: str | None


@dataclass(frozen=True)
class Pairs:
    """Images and masks by their common key; `masks` has one entry a folder of a label, else one alone ("")."""

    raw: Path
    images: dict[str, Path]
    masks: dict[str, dict[str, Path]]
    images_below: str
    masks_below: str
    image_ends: Ends = NONE
    mask_ends: Ends = NONE
    alone: list[str] = field(default_factory=list)
    """keys of images without any mask"""
    leave_out: list[str] = field(default_factory=list)
    more_below: str = ""
    """a further folder, of images without masks; their keys begin with /FOLDER/"""
    census: Census = field(default_factory=Census)

    @property
    def parts(self) -> list[PartKeys]:
        """The data set's `parts`."""
        parts: list[PartKeys] = [{"name": "all", "images": self.images_below, "masks": self.masks_below}]
        if self.more_below:
            parts.append({"name": "more", "images": self.more_below, "masks": None})
        return parts

    def place(self, key: str) -> tuple[str, str]:
        """The folder of the part that an image lies in, and its key there."""
        if key.startswith("/"):
            return self.more_below, key.removeprefix(f"/{self.more_below}/")
        return self.images_below, key

    @property
    def names(self) -> str:
        """The data set's `names`: stems where they tell images apart, else paths."""
        stems = Counter(PurePosixPath(key).name.casefold() for key in self.images)
        return "path" if max(stems.values()) > 1 else "stem"


def find_pairs(folder: Path, images: str, masks: str, leave_out: Sequence[str] = (), more: str | None = None) -> Pairs:
    """Pair what lies below FOLDER/images and FOLDER/masks, whatever their names end with; UserError lists misfits.

    `images`, `masks`: folders, or patterns such as masks/{stem}_seg.png. `leave_out`: patterns of files that are not used.
    `more`: a further folder, of images without masks.
    """
    of_images, of_masks = pattern_of(images, "--images"), pattern_of(masks, "--masks")
    more = _below(folder, more, "--unlabelled") if more else ""
    images, masks = _below(folder, of_images.folder, "--images"), _below(folder, of_masks.folder, "--masks")
    _check_apart(folder, images, masks, more)
    pictures, files = _paths(folder, images, leave_out), _paths(folder, masks, leave_out)
    leave_out = list(leave_out)
    if of_images.given or of_masks.given:
        pictures, files, left = called(pictures, files, of_images, of_masks)
    if not pictures or not files:
        so = " that are called so" if of_images.given or of_masks.given else ""
        raise UserError(f"{folder / (images if not pictures else masks)} has no PNG, JPEG, TIFF or BMP images{so}")
    if of_images.given or of_masks.given:
        leave_out += leaving(left, [*pictures, *files], folder)
    pictures_by, files_by = (
        [nfc(path.relative_to(folder / below).with_suffix("").as_posix()) for path in paths]
        for below, paths in ((images, pictures), (masks, files))
    )
    labels: list[str] = []
    image_ends, mask_ends = of_images.ends, of_masks.ends
    if masks == images:
        if not of_masks.given:
            mask_ends = Ends("", _suffix_within(pictures_by, folder / images))
    else:
        tops = _tops(files_by, pictures_by)
        if len(tops) == 1:
            masks = f"{masks}/{tops[0]}"
        elif tops:
            labels = tops
        keys = sorted({key.split("/", 1)[1] for key in files_by} if tops else files_by)
        if not of_images.given and not of_masks.given:
            image_ends, mask_ends = ends_of(sorted(pictures_by), keys)
        elif not {mask_ends.off(key).casefold() for key in keys} & {
            image_ends.off(key).casefold() for key in pictures_by
        }:
            raise UserError(
                f"no mask belongs to an image under these patterns: {{stem}} of {printable(keys[0])} is "
                f"{printable(mask_ends.off(keys[0]))}, and of {printable(pictures_by[0])} {printable(image_ends.off(pictures_by[0]))}"
            )
        image_ends, mask_ends = without_case(image_ends, mask_ends, pictures_by, keys)
    return _paired(Pairs(folder, {}, {label: {} for label in labels or [""]}, images, masks, image_ends, mask_ends,
                         leave_out=leave_out, more_below=more))  # fmt: skip


def _paths(folder: Path, below: str, leave_out: Sequence[str]) -> list[Path]:
    """Image files below a folder."""
    looking, problems = Looking(folder, leave_out), Problems()
    files = looking.files(below, Census(), problems)
    for path in files:
        name = looking.below(path)
        if any("\ud800" <= letter <= "\udfff" for letter in name):  # how Python shows bytes that are no text
            problems.append(f"{name!a}: its name is no UTF-8; rename it")
    problems.stop(folder)
    return files


def _paired(found: Pairs) -> Pairs:
    """Images and masks as `prepare` pairs them; UserError names every file that it would not take."""
    labels = sorted(found.masks) if "" not in found.masks else []
    # what masks mean, and the size, are not known yet, and asked later: nothing is validated here
    source = Source.model_construct(
        parts=[Part(**part) for part in found.parts],
        image_prefix=found.image_ends.prefix,
        image_suffix=found.image_ends.suffix,
        mask_prefix=found.mask_ends.prefix,
        mask_suffix=found.mask_ends.suffix,
        match_case=found.mask_ends.match_case,
        leave_out=found.leave_out,
        mask_encoding=Folders(name="folders", folders=labels) if labels else Index(),
        task=TaskSettings.model_construct(kind="multiclass", labels=labels),
        raw=str(found.raw),
        size=[],
    )
    problems = Problems()
    images, masks = listed(source, found.raw, problems, census := Census())
    problems.stop(found.raw)
    pictures = {key if part.name == "all" else f"/{part.images}/{key}": path for part, key, path in images}
    by_label = dict(zip(labels or [""], masks["all"], strict=True))
    alone = [key for key in pictures if not any(key in one for one in by_label.values())]
    census.images |= set(pictures.values())
    census.masks |= {path for one in by_label.values() for path in one.values()}
    census.masked = len(pictures) - len(alone)
    return replace(found, images=pictures, masks=by_label, alone=alone, census=census)


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


def _check_apart(folder: Path, images: str, masks: str, more: str) -> None:
    """No image may lie in two of the folders, links followed; masks may lie in that of the images."""
    where = {name: (folder / name).resolve() for name in (images, masks, more) if name}
    for one, other, flag in (
        (more, images, "--unlabelled"),
        (more, masks, "--unlabelled"),
        (images, masks, "--images"),
    ):
        if not one or (flag == "--images" and where[one] == where[other]):
            continue
        inside = where[one].is_relative_to(where[other])
        if inside or (flag == "--unlabelled" and where[other].is_relative_to(where[one])):
            low, high = (one, other) if inside else (other, one)
            raise UserError(
                f"{folder / low} lies in {folder / high}, so its images would be taken twice: {_remedy(flag, other == images)}"
            )


def _remedy(flag: str, among_images: bool) -> str:
    if flag == "--unlabelled" and among_images:
        return "leave `--unlabelled` out, as images without a mask are the unlabelled ones"
    return f"give a folder of its own with `{flag} DIR`"


def _tops(files: list[str], images: list[str]) -> list[str]:
    """Folders of labels below that of masks, if its folders are that; [] where they are like those of the images."""
    loose = [key for key in files if "/" not in key]
    if loose and 2 * len(loose) < len(files) and {key.rsplit("/", 1)[-1] for key in files} <= set(images):
        raise UserError(
            f"masks lie in folders, and beside these {some(loose)}: put them into the folder of their label, or `--leave-out` "
            "them"
        )
    if loose:
        return []
    tops = {key.split("/", 1)[0] for key in files}
    return [] if tops <= {key.split("/", 1)[0] for key in images if "/" in key} else sorted(tops)


def _suffix_within(files: list[str], folder: Path) -> str:
    """The end of masks' names in a folder that holds images and masks."""
    keys = sorted(files)
    votes: Counter[str] = Counter()
    for key in keys:
        longer = [other.removeprefix(key) for other in keys if other != key and other.startswith(key)]
        votes.update(longer)
    if not votes:
        raise UserError(
            f"{folder} holds images and masks, but no name is that of another with something added (a, a_mask)"
        )
    return max(votes, key=lambda suffix: (votes[suffix], -len(suffix), suffix))
