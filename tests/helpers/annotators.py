"""A person who corrects drafts in each tool: an area of all images gets a label, as the tool would write it."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from dissent.config.task import TaskSettings

AREA = (slice(1, 4), slice(2, 8))
"""rows and columns"""
X, Y = (2, 7), (1, 3)
"""its first and last columns and rows"""


def cvat(out: Path, label: str, task: TaskSettings, only: str = "") -> None:
    path = out / "annotations.zip"
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    lines = [line.rsplit(":", 3) for line in files["labelmap.txt"].decode().splitlines()[1:]]
    colours = {name: [int(part) for part in colour.split(",")] for name, colour, *_ in lines}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            if name.startswith(f"SegmentationClass/{only}"):
                pixels = np.array(Image.open(io.BytesIO(content)))
                pixels[AREA] = colours[label]
                stream = io.BytesIO()
                Image.fromarray(pixels).save(stream, "PNG")
                content = stream.getvalue()
            archive.writestr(name, content)


def label_studio(out: Path, label: str, task: TaskSettings) -> None:
    """A person accepts the prediction as an annotation, and adds a polygon, in percent."""
    path = out / "tasks.json"
    tasks = json.loads(path.read_text())
    for number, one in enumerate(tasks):
        [prediction] = one.pop("predictions")
        height, width = _size(out, one["data"]["dissent"])
        points = [[100 * x / width, 100 * y / height] for x, y in _corners()]
        more = {"original_height": height, "original_width": width, "type": "polygonlabels"}
        result = [*prediction["result"], more | {"value": {"points": points, "polygonlabels": [label]}}]
        one |= {"id": number, "annotations": [{"was_cancelled": False, "result": result}]}
    path.write_text(json.dumps(tasks))


def coco(out: Path, label: str, task: TaskSettings) -> None:
    path = out / "annotations.json"
    value = json.loads(path.read_text())
    [category] = [one["id"] for one in value["categories"] if one["name"] == label]
    x1, x2, y1, y2 = AREA[1].start, AREA[1].stop, AREA[0].start, AREA[0].stop
    for one in value["images"]:
        mark = {"id": 900 + one["id"], "image_id": one["id"], "category_id": category, "iscrowd": 0}
        value["annotations"].append(mark | {"segmentation": [[x1, y1, x2, y1, x2, y2, x1, y2]]})
    path.write_text(json.dumps(value))


def labelme(out: Path, label: str, task: TaskSettings) -> None:
    for path in out.glob("images/*.json"):
        value = json.loads(path.read_text())
        value["shapes"].append({"label": label, "shape_type": "rectangle", "points": [[X[0], Y[0]], [X[1], Y[1]]]})
        path.write_text(json.dumps(value))


def cellpose(out: Path, label: str, task: TaskSettings) -> None:
    for path in out.glob("images/*_masks.png"):
        numbers = np.array(Image.open(path)).astype(np.uint16)
        numbers[AREA] = numbers.max() + 1
        Image.fromarray(numbers).save(path)


def png(out: Path, label: str, task: TaskSettings) -> None:
    """In an editor that saves colours instead of numbers."""
    number = task.value_names.index(label)
    for path in out.glob("masks/*.png"):
        image = Image.open(path)
        numbers = np.array(image)
        numbers[AREA] |= np.uint8(1 << number if task.overlapping else number)
        edited = Image.fromarray(numbers)
        edited.putpalette(image.getpalette())
        edited.convert("RGB").save(path)


def _size(out: Path, name: str) -> tuple[int, int]:
    with Image.open(out / "images" / name) as image:
        return image.height, image.width


def _corners() -> list[list[int]]:
    return [[X[0], Y[0]], [X[1], Y[0]], [X[1], Y[1]], [X[0], Y[1]]]


CORRECT: dict[str, Callable[[Path, str, TaskSettings], None]] = {
    "cvat": cvat,
    "label-studio": label_studio,
    "coco": coco,
    "labelme": labelme,
    "cellpose": cellpose,
    "png": png,
}
