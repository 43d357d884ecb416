"""The YAML files of a new data set and its first experiment."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from dissent.cli.guess import Guess
from dissent.cli.pairing import Pairs
from dissent.datasets.decode import Header, turned_size
from dissent.datasets.draw import nested
from dissent.datasets.geometry import windows
from dissent.datasets.raw import Problems, group_of
from dissent.files import UserError
from dissent.spec.base import validate
from dissent.spec.dataset import Dataset, Source

SPLIT = "first"
SEED = 42
_SIDE = 256  # pixels of the longer side, where nobody says
_STEP = 16
_LEAST = 3
_HELD_BACK = 0.2  # of the images with masks, for validation and for the test each
_SIMULATED = 0.2  # of the rest, where all images have masks
_TEST_FROM = 10  # images with masks
EXPERIMENT = {
    "dataset": "",
    "split": SPLIT,
    "network": "unet1x1_demo",
    "method": "im_clean",
    "generations": 2,
    "pool": 3,
    "view": "strong",
    "controls": ["ldt_equal_steps", "aldt"],
}


def dataset_of(
    pairs: Pairs,
    headers: Sequence[Header],
    found: Guess,
    raw: str,
    size: list[int] | None,
    geometry: str,
    group: str | None,
) -> dict[str, Any]:
    """A data set's file as a dict, without what is the default."""
    values: dict[str, Any] = {"task": {"kind": found.kind, "labels": found.labels}, "raw": raw}
    if found.colours:
        values["task"]["colours"] = found.colours
    if (pairs.images_below, pairs.masks_below) != ("images", "masks"):
        values["parts"] = [{"name": "all", "images": pairs.images_below, "masks": pairs.masks_below}]
    optional = {
        "image_suffix": pairs.image_suffix,
        "mask_suffix": pairs.mask_suffix,
        "leave_out": pairs.leave_out,
        "names": pairs.names if pairs.names != "stem" else "",
        "partial": bool(pairs.alone),
        "group": {"pattern": group} if group else None,
        "channels": 1 if all(header.mode in ("1", "L", "LA", "I;16") for header in headers) else 0,
        "depth": _depth(headers),
    }
    values |= {key: value for key, value in optional.items() if value and (key, value) != ("depth", 8)}
    values["coding"] = found.coding
    values["size"] = size or fitting(headers, tiles=geometry == "tiles")
    if geometry == "tiles":
        values["geometry"] = {"name": "tiles", "overlap": 0.25}
    return values | {"splits": {SPLIT: _split(pairs, headers, values)}}


def _depth(headers: Sequence[Header]) -> int:
    depths = Counter(16 if header.bits > 8 else 8 for header in headers)
    if len(depths) > 1:
        raise UserError(f"{depths[16]} images have 16 bits a sample and {depths[8]} have 8: save them alike")
    return next(iter(depths))


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


def _split(pairs: Pairs, headers: Sequence[Header], values: dict) -> dict[str, Any]:
    """Counts for each side, drawn as the workflow will draw them, so that they are there; tiles count one by one."""
    source = validate(Source, values, "the new data set")
    problems, rows = Problems(), []
    alone = set(pairs.alone)
    for key, header in zip(pairs.images, headers, strict=True):
        group = group_of(source, key.rsplit("/", 1)[-1], {}, key, key, problems)
        shape = turned_size(header.size, header.orientation)
        try:
            count = len(windows(*shape, source.geometry, tuple(source.size), False))
        except ValueError as error:
            problems.append(f"{key}: {error}")
            continue
        label = "" if key in alone else "mask"
        rows += [{"id": f"{key} {number}", "group": group, "label": label} for number in range(count)]
    problems.stop(pairs.raw)
    masked = sum(bool(row["label"]) for row in rows)
    if masked < _LEAST:
        raise UserError(f"{masked} images have masks; {_LEAST} at least are needed: to learn, to choose, and to spare")
    held = max(1, round(masked * _HELD_BACK))
    sides: dict[str, Any] = {"seed": SEED}
    for side, count in (("test", held if masked >= _TEST_FROM else 0), ("val", held)):
        taken = {row["id"] for row in nested(rows, count, SEED, side)} if count else set()
        rows = [row for row in rows if row["id"] not in taken]
        sides |= {side: count} if count else {}
    whole = {row["group"] for row in rows} - {row["group"] for row in rows if not row["label"]}
    left = sum(row["group"] in whole for row in rows)
    if not left:
        raise UserError(
            "no image with a mask is left to learn from: groups are too large, or too few images have masks"
        )
    if not pairs.alone:
        left = max(1, round(left * _SIMULATED))
    return {"seed": SEED, "labelled": left} | {side: sides[side] for side in ("val", "test") if side in sides}


def text_of(values: dict[str, Any], comment: str) -> str:
    """A dict as YAML, a line for each key, below a comment."""
    lines = [f"# {line}".rstrip() for line in comment.splitlines()]
    for key, value in values.items():
        nested_below = key in ("splits",)
        if nested_below:
            lines += [f"{key}:", *(f"  {_line(name, one)}" for name, one in value.items())]
        else:
            lines.append(_line(key, value))
    return "\n".join(lines) + "\n"


def _line(key: str, value: Any) -> str:
    flow = yaml.safe_dump([value], default_flow_style=True, sort_keys=False, allow_unicode=True, width=10**6)
    return f"{key}: {flow.strip()[1:-1]}"


def checked(values: dict[str, Any], path: Path) -> Dataset:
    """The data set that these values describe; an error here is our mistake, told as the user's file's."""
    return validate(Dataset, values, path)
