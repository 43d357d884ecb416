"""YOLO polygons: labels/NAME.txt beside images/NAME.jpg, a class and the corners of its outline a line, as shares of the sides.

They are drawn by Pillow with their border, as `cv2.fillPoly` in Ultralytics' code does: corners are cut to whole pixels first.
"""

from functools import partial
from pathlib import Path

import numpy as np
import yaml
from PIL import Image, ImageDraw

from dissent.datasets.formats.base import Annotations, Ask, Format, Layer, Marks
from dissent.datasets.formats.files import is_image, left_out, read_text
from dissent.datasets.listing import walk
from dissent.datasets.problems import Problems

_NAMES = ("data.yaml", "dataset.yaml", "data.yml", "classes.txt", "obj.names")


def _folders(where: Path) -> list[tuple[str, str]]:
    """Pairs of folders of images and labels: images/train and labels/train, or train/images and train/labels."""
    found = []
    for labels in [where / "labels", *sorted(where.glob("*/labels"))] if where.is_dir() else []:
        images = labels.with_name("images")
        if labels.is_dir() and images.is_dir():
            found.append((images.relative_to(where).as_posix(), labels.relative_to(where).as_posix()))
    return found


def recognise(where: Path) -> bool:
    """A folder labels/ with text files beside a folder images/."""
    return any(path.suffix == ".txt" for _, labels in _folders(where) for path in walk(where / labels)[0])


def read(where: Path, ask: Ask, problems: Problems) -> Annotations:
    """Everything that the text files say; the names of classes stand in data.yaml or classes.txt."""
    try:
        names = _names(where)
    except ValueError as error:
        problems.append(str(error))
        return Annotations([], [])
    found = Annotations(list(names.values()), [])
    for images, labels in _folders(where):
        files, lines = walk(where / images)[0], walk(where / labels)[0]
        pictures: dict[str, list[Path]] = {}
        for path in files:
            if is_image(path):
                pictures.setdefault(path.relative_to(where / images).with_suffix("").as_posix(), []).append(path)
        for path in lines:
            name = path.relative_to(where).as_posix()
            if path.suffix != ".txt" or path.name in _NAMES or left_out(name, ask.leave_out):
                continue
            image = pictures.get(path.relative_to(where / labels).with_suffix("").as_posix(), [])
            if len(image) != 1:
                problems.add(name, f"{len(image) or 'no'} images belong to it in {images}/")
                continue
            try:
                outlines = _outlines(read_text(path), names)
            except ValueError as error:
                problems.add(name, str(error))
                continue
            shown = image[0].relative_to(where).as_posix()
            found.marks.append(
                Marks(shown, name, partial(_layers, outlines), None, (path,), not outlines),
            )
    return found


def _names(where: Path) -> dict[int, str]:
    """{number: name} of the classes."""
    for path in (where / name for name in _NAMES):
        if not path.is_file():
            continue
        if path.suffix not in (".yaml", ".yml"):
            lines = [line.strip() for line in read_text(path).splitlines()]
            if any(lines) and not lines[0]:
                raise ValueError(
                    f"{path.name}: it begins with an empty line, which some tools count as class 0 and others do not; give it a "
                    "name, or take it away"
                )
            return {number: name for number, name in enumerate(lines) if name}
        try:
            given = (yaml.safe_load(read_text(path)) or {})["names"]
            found = dict(enumerate(given)) if isinstance(given, list) else {int(k): v for k, v in given.items()}
        except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError):
            raise ValueError(f"{path.name}: it has no list `names` of the classes") from None
        return {number: str(name) for number, name in sorted(found.items()) if name not in (None, "")}
    raise ValueError(
        f"{where.name}: nothing names the classes; write `names: [cell, debris]` into {where / 'data.yaml'}"
    )


def _outlines(text: str, names: dict[int, str]) -> list[tuple[str, np.ndarray]]:
    """(label, corners (N, 2) as shares of width and height) of each line."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        cells = line.split()
        if not cells:
            continue
        try:
            values = [float(cell) for cell in cells[1:]]
            label = names.get(int(cells[0]))
        except ValueError:
            raise ValueError(f"line {number} is not a class and numbers: {line[:40]}") from None
        if label is None:
            raise ValueError(
                f"line {number} has the class {cells[0]}, which the list of names lacks ({len(names)} names)"
            )
        if len(values) == 4:
            raise ValueError(f"line {number} is a box, which says nothing of pixels; export outlines (segmentation)")
        if len(values) < 6 or len(values) % 2:
            raise ValueError(
                f"line {number} has {len(values)} numbers, where pairs of x and y of three corners are needed"
            )
        if not all(-0.01 <= value <= 1.01 for value in values):
            raise ValueError(f"line {number} has corners outside of 0 to 1; they must be shares of width and height")
        found.append((label, np.array(values).reshape(-1, 2)))
    return found


def _layers(outlines: list[tuple[str, np.ndarray]], height: int, width: int) -> list[Layer]:
    layers = []
    for label, corners in outlines:
        canvas = Image.new("1", (width, height))
        points = (corners * [width, height]).astype(int)
        ImageDraw.Draw(canvas).polygon([(int(x), int(y)) for x, y in points], outline=1, fill=1)
        layers.append(Layer(label, np.array(canvas, bool)))
    return layers


FORMAT = Format("YOLO polygons: images/ and labels/ of text files", recognise, read)
