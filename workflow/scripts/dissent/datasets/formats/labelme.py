"""Labelme: a JSON beside each image, shapes drawn by Pillow as Labelme's own `shape_to_mask` does; a later one lies on top."""

import base64
import binascii
import io
import math
import os
from collections.abc import Iterable
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from dissent.config.task import TaskSettings
from dissent.core.files import encode_png, write_text
from dissent.datasets.formats.base import Annotations, Ask, Draft, Format, Layer, Marks, planes_of
from dissent.datasets.formats.files import check_corners, is_image, json_files, jsons, number_of, packed, peeked, top_of
from dissent.datasets.problems import Problems

_UNKNOWN = ("__ignore__", "_ignore_")
"""labels that Labelme's own examples give to what nobody knows"""


def _is_labelme(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("shapes"), list) and "imagePath" in value


def recognise(where: Path) -> bool:
    """A JSON with shapes and imagePath among the first."""
    return any(_is_labelme(peeked(path)) for path in jsons(where, "*.json", "*/**/*.json"))


def read(where: Path, ask: Ask, problems: Problems) -> Annotations:
    """Everything that the JSON files say, labels sorted by name."""
    found = Annotations([], [])
    labels: set[str] = set()
    top, lacks = top_of(where), "has no `shapes` and `imagePath`, as Labelme has"
    for path, name, value in json_files(where, ask, problems, found, _is_labelme, lacks):
        try:
            size = tuple(int(number_of(value[key], key)) for key in ("imageHeight", "imageWidth"))
            shapes = [(str(one["label"]), one) for one in value["shapes"]]
            labels |= {label for label, _ in shapes if label not in _UNKNOWN}
            said = str(value["imagePath"]).replace("\\", "/")
        except (KeyError, TypeError, ValueError) as error:
            problems.add(name, f"is not as Labelme's files are ({error})")
            continue
        image, said = _image_of(path, said, top)
        found.marks.append(
            Marks(image, name, partial(_layers, shapes, image), (size[0], size[1]), (path,), not shapes, said),
        )
    found.labels = sorted(labels)
    return found


def _image_of(path: Path, said: str, top: Path) -> tuple[str, str]:
    """The image that a JSON means, below `top` where it lies there, and the path that it says: of the one that it names, or of
    the one beside it that is called like it."""
    named = path.parent / said
    if named.is_file():
        return _below(named, top), ""
    beside = [one for one in path.parent.glob(f"{path.stem}.*") if is_image(one)]
    if len(beside) == 1 and PurePosixPath(said).stem == path.stem:
        return _below(beside[0], top), said if path.parent == top else ""
    return (said if "/" in said else _below(named, top)), ""


def _below(path: Path, top: Path) -> str:
    """A path below `top`, also by a link; the whole one where it lies elsewhere."""
    whole = Path(os.path.abspath(path))
    for one, folder in ((whole, Path(os.path.abspath(top))), (path.resolve(), top.resolve())):
        if one.is_relative_to(folder):
            return one.relative_to(folder).as_posix()
    return whole.as_posix()


def _layers(shapes: list[tuple[str, dict]], image: str, height: int, width: int) -> list[Layer]:
    layers = []
    for number, (label, one) in enumerate(shapes, 1):
        try:
            plane = _plane(one, height, width)
        except (ValueError, TypeError, KeyError, IndexError, OSError) as error:
            raise ValueError(f"its shape {number} ({label}) cannot be drawn: {error}") from None
        layers.append(Layer(None if label in _UNKNOWN else label, plane))
    if all(one.get("shape_type") != "mask" for _, one in shapes):
        corners = (number for _, one in shapes for point in one["points"] for number in point)
        check_corners(corners, image, "Labelme has pixels, so multiply x by the width and y by the height")
    return layers


def _plane(shape: dict, height: int, width: int) -> np.ndarray:
    """A shape as pixels, as `labelme.utils.shape_to_mask` draws it."""
    kind = shape.get("shape_type") or "polygon"
    points = [(number_of(x, "x"), number_of(y, "y")) for x, y in shape["points"]]
    if kind == "mask":
        return _pasted(shape["mask"], points, height, width)
    canvas = Image.new("1", (width, height))
    draw = ImageDraw.Draw(canvas)
    if kind == "polygon":
        if len(points) < 3:
            raise ValueError(f"a polygon has three points at least, not {len(points)}")
        draw.polygon(points, outline=1, fill=1)
    elif kind == "rectangle":
        (x1, y1), (x2, y2) = points
        draw.rectangle([min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)], outline=1, fill=1)
    elif kind == "circle":
        (x, y), (px, py) = points
        radius = math.hypot(x - px, y - py)
        draw.ellipse([x - radius, y - radius, x + radius, y + radius], outline=1, fill=1)
    else:
        raise ValueError(f"a `{kind}` has no area; draw a polygon, or remove it")
    return np.array(canvas, bool)


def _pasted(code: str, points: list[tuple[float, float]], height: int, width: int) -> np.ndarray:
    """A shape of the kind `mask`: a small picture, and the corners of the box in which it lies."""
    try:
        with Image.open(io.BytesIO(base64.b64decode(code, validate=True))) as image:
            picture = np.array(image) > 0
    except binascii.Error as error:
        raise ValueError(f"its picture is damaged ({error})") from None
    (x1, y1), (x2, y2) = ((round(x), round(y)) for x, y in points)
    if picture.shape != (y2 - y1 + 1, x2 - x1 + 1) or min(x1, y1) < 0 or y2 >= height or x2 >= width:
        raise ValueError(
            f"its picture of {picture.shape[0]} x {picture.shape[1]} pixels does not fit its box in the image"
        )
    plane = np.zeros((height, width), bool)
    plane[y1 : y2 + 1, x1 : x2 + 1] = picture
    return plane


def write(out: Path, drafts: Iterable[Draft], task: TaskSettings) -> str:
    """Write OUT/images/NAME.json beside each image, with one shape of the kind `mask` for each label."""
    for draft in drafts:
        height, width = draft.ids.shape
        shapes = [_shape(label, plane) for label, plane, _ in planes_of(draft.ids, task) if label is not None]
        value = {
            "version": "5.5.0",
            "flags": {},
            "shapes": shapes,
            "imagePath": draft.image,
            "imageData": None,
            "imageHeight": height,
            "imageWidth": width,
        }
        write_text(out / "images" / f"{draft.stem}.json", packed(value))
    return "open the folder images/ with `labelme` (5.3 or newer, which has masks)"


def _shape(label: str, plane: np.ndarray) -> dict:
    rows, columns = (np.flatnonzero(plane.any(axis)) for axis in (1, 0))
    (y1, y2), (x1, x2) = ((int(one[0]), int(one[-1])) for one in (rows, columns))
    picture = encode_png(plane[y1 : y2 + 1, x1 : x2 + 1].astype(np.uint8) * np.uint8(255))
    return {
        "label": label,
        "points": [[x1, y1], [x2, y2]],
        "group_id": None,
        "description": "",
        "shape_type": "mask",
        "flags": {},
        "mask": base64.b64encode(picture).decode(),
    }


FORMAT = Format("Labelme: a JSON beside each image", recognise, read, write, "images")
