"""The YAML files of a new data set and its first experiment."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from dissent.cli.init.holdout import SEED, Labelled
from dissent.cli.init.infer_encoding import Guess
from dissent.cli.init.pairing import Pairs
from dissent.config.base import Dumper, validate
from dissent.config.dataset import Dataset
from dissent.core.files import UserError
from dissent.datasets.decode import Header, turned_size
from dissent.datasets.split_files import without_braces

SPLIT = "first"
_SIDE = 256  # pixels of the longer side, where nobody says
_STEP = 16
EXPERIMENT: dict[str, Any] = {
    "dataset": "",
    "split": SPLIT,
    "network": "unet1x1_demo",
    "method": "im_clean",
    "generations": 2,
    "students": 3,
    "augmentation": "strong",
    "controls": ["ldt_equal_steps", "aldt"],
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
        "image_suffix": pairs.image_suffix,
        "mask_suffix": pairs.mask_suffix,
        "leave_out": pairs.leave_out,
        "names": pairs.names if pairs.names != "stem" else "",
        "allow_unlabelled": bool(pairs.alone),
        "group": {"pattern": group} if group else None,
        "channels": 1 if all(header.mode in ("1", "L", "LA", "I;16") for header in headers) else 0,
        "bit_depth": _depth(headers),
        **further,
    }
    values |= {key: value for key, value in optional.items() if value and (key, value) != ("bit_depth", 8)}
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


def text_of(values: dict[str, Any], comment: str) -> str:
    """A dict as YAML, a line for each key, below a comment."""
    lines = [f"# {line}".rstrip() for line in comment.splitlines()]
    for key, value in values.items():
        if key == "splits":
            lines += [f"{key}:", *(f"  {line_of(name, one)}" for name, one in value.items())]
        else:
            lines.append(line_of(key, value))
    return "\n".join(lines) + "\n"


def experiment_text(name: str, network: str = EXPERIMENT["network"]) -> str:
    """The file of the first experiment on a data set."""
    comment = "A first experiment, of minutes; `dissent check` says how long it will be."
    return text_of(EXPERIMENT | {"dataset": name, "network": network}, comment)


def line_of(key: str, value: Any) -> str:
    """A key and its value as one line of YAML."""
    flow = yaml.dump([value], Dumper=Dumper, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10**6)
    return f"{key}: {flow.strip()[1:-1]}"


def checked(values: dict[str, Any], path: Path) -> Dataset:
    """The data set that these values describe; an error here is our mistake, told as the user's file's."""
    return validate(Dataset, values, path)


def dataset_comment(name: str, labelled: Labelled) -> str:
    """What stands above the settings of a new data set."""
    lines = (
        f"{name}: written by `dissent init`; every option stands in config/README.md."
        "\nThe table of `fixed` names validation and test images, so that they stay when images and masks come or go; every"
        "\nother mask is learned from (`labelled: all`)."
    )
    if labelled != "all":
        lines = lines.replace(
            "every\nother mask is learned from (`labelled: all`)", "of the\nother masks a part is used"
        )
        lines += (
            f" Every image had a mask: `labelled: {labelled}` learns from that part and hides the other"
            "\nmasks, which only the audit reads. This measures what pseudo-labels are worth; `labelled: all` learns from every mask."
        )
    return lines
