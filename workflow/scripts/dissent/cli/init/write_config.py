"""The YAML files of a new data set and its first experiment."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dissent.cli.init.holdout import SEED, Labelled
from dissent.cli.init.infer_encoding import Guess
from dissent.cli.init.pairing import Pairs
from dissent.cli.init.yaml_text import text_of
from dissent.config.base import validate
from dissent.config.dataset import Dataset
from dissent.core.files import UserError
from dissent.datasets.decode import Header, turned_size
from dissent.datasets.split_files import without_braces

_SIDE = 256  # pixels of the longer side, where nobody says
_STEP = 16
_ABOUT = {
    "task": "what masks mean; give labels names that say what they are",
    "raw": "where images and masks lie; they are only read",
    "parts": "folders of images, and of their masks, below it",
    "image_prefix": "what images' names begin with, and their masks' do not",
    "image_suffix": "what images' names end with, and their masks' do not",
    "mask_prefix": "what masks' names begin with, and their images' do not",
    "mask_suffix": "what masks' names end with, and their images' do not",
    "match_case": "an image and its mask may differ in upper and lower case",
    "names": "images are called after their paths, as files in several folders have equal names",
    "leave_out": "files that are not used",
    "allow_unlabelled": "an image without a mask is an unlabelled one",
    "table": "a table with a row for each image; `key` is the column that names them",
    "group": "part of a name that images of one source share (patient, video, slide): they stay in one subset",
    "channels": "1: grey, 3: colour",
    "bit_depth": "bits of a sample; 16 are brought to 8 by percentiles of all images",
    "own_masks": "masks that `dissent` wrote; the annotations themselves are only read",
    "exif": "how photographs are turned upright, with their masks",
    "on_size_mismatch": "masks of another size are brought to that of their image",
    "mask_encoding": "how masks say it: the value or colour that stands for each label",
    "size": "height and width that networks see; larger shows more, and takes longer",
    "geometry": "how an image comes to that size: tiles are cut from it, and keep its scale",
    "splits": "ways to divide the images into labelled, unlabelled, val and test",
}


def source_of(
    pairs: Pairs,
    headers: Sequence[Header],
    found: Guess,
    size: list[int] | None,
    geometry: str,
    group: str | None,
    further: dict[str, str | None],
) -> dict[str, Any]:
    """A data set's file as a dict, without its splits and without what is the default. `further`: keys as they are."""
    values: dict[str, Any] = {"task": {"kind": found.kind, "labels": found.labels}, "raw": pairs.raw.as_posix()}
    if found.background:
        values["task"]["background"] = found.background
    if found.colours:
        values["task"]["colours"] = found.colours
    if (pairs.images_below, pairs.masks_below, pairs.more_below) != ("images", "masks", ""):
        values["parts"] = pairs.parts
    optional = {
        "image_prefix": pairs.image_ends.prefix,
        "image_suffix": pairs.image_ends.suffix,
        "mask_prefix": pairs.mask_ends.prefix,
        "mask_suffix": pairs.mask_ends.suffix,
        "leave_out": pairs.leave_out,
        "names": pairs.names if pairs.names != "stem" else "",
        "allow_unlabelled": bool(pairs.alone),
        "group": {"pattern": group} if group else None,
        "channels": 1 if all(header.mode in ("1", "L", "LA", "I;16") for header in headers) else 0,
        "bit_depth": _depth(headers),
        **further,
    }
    values |= {key: value for key, value in optional.items() if value and (key, value) != ("bit_depth", 8)}
    if not pairs.mask_ends.match_case:
        values["match_case"] = False
    values["mask_encoding"] = found.encoding
    values["size"] = size or fitting(headers, tiles=geometry == "tiles")
    if geometry == "tiles":
        values["geometry"] = {"name": "tiles", "overlap": 0.25}
    return values


def first_split(labelled: Labelled, table: Path) -> dict[str, Any]:
    """The split of a first experiment: val and test by name."""
    return {"seed": SEED, "labelled": labelled, "fixed": without_braces(table).as_posix()}


def _depth(headers: Sequence[Header]) -> int:
    depths = Counter(16 if header.bits > 8 else 8 for header in headers)
    if len(depths) > 1:
        raise UserError(f"{depths[16]} images have 16 bits a sample and {depths[8]} have 8: save them alike")
    return 16 if depths[16] else 8


def sizes(headers: Sequence[Header]) -> list[tuple[int, int]]:
    """(H, W) of all images as they are looked at, smallest first."""
    return sorted((turned_size(h.size, h.orientation) for h in headers), key=lambda size: (size[0] * size[1], size))


def fitting(headers: Sequence[Header], tiles: bool) -> list[int]:
    """A size for the network: that of the images where all are alike and small, else of their middle shape, reduced.

    Tiles: a window that fits into the smallest image.
    """
    every = sizes(headers)
    if tiles:
        least = min(min(size) for size in every)
        side = max(_STEP, min(_SIDE, least // _STEP * _STEP))
        return [side, side]
    if len(set(every)) == 1 and max(every[0]) <= _SIDE and min(every[0]) >= _STEP:
        return list(every[0])
    height, width = (sorted(size[i] for size in every)[len(every) // 2] for i in (0, 1))
    scale = min(1.0, _SIDE / max(height, width))
    return [max(_STEP, round(side * scale / _STEP) * _STEP) for side in (height, width)]


def dataset_text(values: dict[str, Any], comment: str) -> str:
    """The file of a data set, each line explained."""
    return text_of(values, comment, _ABOUT)


def checked(values: dict[str, Any], path: Path) -> Dataset:
    """The data set that these values describe; an error here is our mistake, told as the user's file's."""
    return validate(Dataset, values, path)


def dataset_comment(name: str, labelled: Labelled, given: bool) -> str:
    """What stands above the settings of a new data set; `given`: a table of the user's divides it."""
    lines = f"{name}: written by `dissent init`; every option stands in config/README.md."
    if given:
        lines += (
            "\nThe table divides the images; `labelled` says how many of the training images' masks are learned from."
        )
    else:
        rest = "every other mask is learned from" if labelled == "all" else "of the other masks a part is used"
        lines += (
            "\nThe table of `fixed` names validation and test images, so that they stay when images and masks come or go;"
            f"\n{rest} (`labelled: {labelled}`)."
        )
    if labelled != "all":
        lines += (
            f"\nEvery image had a mask: `labelled: {labelled}` learns from that part and hides the other"
            "\nmasks, which only the audit reads. This measures what pseudo-labels are worth; `labelled: all` learns from every mask."
        )
    return lines
