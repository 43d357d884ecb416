"""CVAT's "Segmentation mask 1.1": labelmap.txt, and SegmentationClass/NAME.png in its colours, as a zip or unpacked."""

import io
import zipfile
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from dissent.config.task import TaskSettings, css
from dissent.core import png
from dissent.core.files import UserError, encode_png, write_atomic, write_text
from dissent.core.words import some
from dissent.datasets.formats.base import Annotations, Ask, Draft, Format, Layer, Marks, planes_of
from dissent.datasets.problems import Problems

_MAP, _CLASSES, _OBJECTS, _SETS = "labelmap.txt", "SegmentationClass", "SegmentationObject", "ImageSets/Segmentation"
_HEAD = "# label:color_rgb:parts:actions"
_NOTHING = "background"


def _entries(where: Path) -> dict[str, Callable[[], bytes]]:
    """{path: what gives its bytes} of a zip, or of a folder with the same in it; {} where it is neither."""
    if where.is_dir():
        if (where / _MAP).is_file():
            return {path.relative_to(where).as_posix(): path.read_bytes for path in where.rglob("*") if path.is_file()}
        zips = [path for path in where.glob("*.zip") if _MAP in _names(path)]
        return _entries(zips[0]) if len(zips) == 1 else {}
    return {name: partial(_unzipped, where, name) for name in _names(where)}


def _names(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            return [one.filename for one in archive.infolist() if not one.is_dir()]
    except (OSError, zipfile.BadZipFile):
        return []


def _unzipped(path: Path, name: str) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return archive.read(name)


def recognise(where: Path) -> bool:
    """A zip or a folder with labelmap.txt and SegmentationClass."""
    entries = _entries(where)
    return _MAP in entries and any(name.startswith(f"{_CLASSES}/") for name in entries)


def read(where: Path, ask: Ask, problems: Problems) -> Annotations:
    """Every mask in SegmentationClass; images that are listed and have none are told as empty."""
    if ask.task is not None:
        _check_labels(ask.task)
    entries = _entries(where)
    try:
        colours = _colours(entries[_MAP]().decode("utf-8-sig"))
    except ValueError as error:
        problems.add(_MAP, str(error))
        return Annotations([], [])
    found = Annotations([name for name in colours.values() if name != _NOTHING], [])
    masks = [name for name in entries if name.startswith(f"{_CLASSES}/") and name.endswith(".png")]
    sources = (where,) if where.is_file() else ()
    for name in masks:
        image = name.removeprefix(f"{_CLASSES}/").removesuffix(".png")
        try:
            with Image.open(io.BytesIO(entries[name]())) as opened:
                size = (opened.height, opened.width)
        except (OSError, SyntaxError, ValueError) as error:
            problems.add(name, f"cannot be decoded ({error}); export it again")
            continue
        found.marks.append(Marks(image, name, partial(_layers, entries[name], colours), size, sources))
    known = {name.removeprefix(f"{_CLASSES}/").removesuffix(".png") for name in masks}
    for path in sorted(one for one in entries if one.startswith(f"{_SETS}/")):
        listed = [line.strip() for line in entries[path]().decode("utf-8-sig").splitlines() if line.strip()]
        for name in listed:
            if name not in known:
                known.add(name)
                found.marks.append(Marks(name, f"{path}, {name}", lambda *_: [], None, sources, True))
    return found


def _check_labels(task: TaskSettings) -> None:
    """UserError where a label is called as CVAT calls what has none."""
    if _NOTHING in task.labels and task.background != _NOTHING:
        raise UserError(
            f"CVAT calls `{_NOTHING}` what has no label, and the task has a label of that name: rename it in `labels`, or take "
            "another --format"
        )


def _colours(text: str) -> dict[tuple[int, int, int], str]:
    """{colour: label} of labelmap.txt."""
    found: dict[tuple[int, int, int], str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, colour, *_ = [*line.rsplit(":", 3), ""]
        try:
            red, green, blue = (int(one) for one in colour.split(","))
        except ValueError:
            raise ValueError(f"line {number} is not LABEL:RED,GREEN,BLUE:: but {line[:40]}") from None
        if other := found.get((red, green, blue)):
            raise ValueError(f"{other} and {name} have one colour, {colour}; give each label its own in CVAT")
        found[red, green, blue] = name
    return found


def _layers(
    content: Callable[[], bytes], colours: dict[tuple[int, int, int], str], height: int, width: int
) -> list[Layer]:
    data = content()
    if fault := png.fault(data):
        raise ValueError(fault)
    with Image.open(io.BytesIO(data)) as image:
        pixels = np.array(image.convert("RGB")).astype(np.uint32)
    packed = pixels @ np.array([65536, 256, 1], np.uint32)
    layers = []
    for value in np.unique(packed).tolist():
        colour = (value >> 16, value >> 8 & 255, value & 255)
        if colour not in colours and colour != (0, 0, 0):
            raise ValueError(f"has the colour {colour}, which labelmap.txt does not name")
        if (label := colours.get(colour, _NOTHING)) != _NOTHING:
            layers.append(Layer(label, packed == value))
    return layers


def write(out: Path, drafts: Iterable[Draft], task: TaskSettings) -> str:
    """Write OUT/annotations.zip, to be uploaded as annotations of a CVAT task that has OUT/images."""
    _check_labels(task)
    colours = {name: tuple(task.palette[number]) for number, name in enumerate(task.value_names)}
    colours = {name: colour for name, colour in colours.items() if name != task.nothing}
    black = [name for name, colour in colours.items() if colour == (0, 0, 0)]
    colours |= {name: (1, 1, 1) for name in black[:1]}  # black is what has no label
    stream = io.BytesIO()
    listed = []
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for draft in drafts:
            classes = np.zeros((*draft.ids.shape, 3), np.uint8)
            for label, plane, _ in planes_of(draft.ids, task):
                if label is not None:
                    classes[plane] = colours[label]
            stem = PurePosixPath(draft.image).with_suffix("").as_posix()
            for folder in (_CLASSES, _OBJECTS):
                archive.writestr(f"{folder}/{stem}.png", encode_png(classes))
            listed.append(stem)
        lines = [_HEAD, f"{_NOTHING}:0,0,0::"]
        lines += [f"{name}:{','.join(map(str, colour))}::" for name, colour in colours.items()]
        archive.writestr(_MAP, "\n".join(lines) + "\n")
        archive.writestr(f"{_SETS}/default.txt", "\n".join(listed) + "\n")
    write_atomic(out / "annotations.zip", stream.getvalue())
    write_text(out / "labels.txt", "".join(f"{name} {css(colour)}\n" for name, colour in colours.items()))
    return (
        f"make a CVAT task of images/ with the labels of labels.txt ({some(list(colours), 20)}), then upload annotations.zip "
        "as `Segmentation mask 1.1`; export it as that too"
    )


FORMAT = Format("CVAT, Segmentation mask 1.1", recognise, read, write, layout=False, overlap=False)
