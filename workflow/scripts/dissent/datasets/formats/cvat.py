"""CVAT's "Segmentation mask 1.1": labelmap.txt, and SegmentationClass/NAME.png in its colours, as a zip or unpacked."""

import io
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from dissent.config.task import TaskSettings, css
from dissent.core import png
from dissent.core.files import UserError, encode_png, write_atomic, write_text
from dissent.core.words import some
from dissent.datasets.formats.base import Annotations, Ask, Draft, Format, Layer, Marks, planes_of
from dissent.datasets.formats.files import left_out, top_of
from dissent.datasets.listing import walk
from dissent.datasets.problems import Problems

_MAP, _CLASSES, _OBJECTS, _SETS = "labelmap.txt", "SegmentationClass", "SegmentationObject", "ImageSets/Segmentation"
_HEAD = "# label:color_rgb:parts:actions"
_NOTHING = "background"
_DRAFTS = "annotations.zip"


def _packages(where: Path, leave_out: Sequence[str] = ()) -> dict[Path, dict[str, Callable[[], bytes]]]:
    """Zips with labelmap.txt, and folders with it, at or below `where`: {path in it: what gives its bytes} of each."""
    files = walk(where)[0] if where.is_dir() else [where]
    found: dict[Path, dict[str, Callable[[], bytes]]] = {}
    for path in files:
        if left_out(path.relative_to(top_of(where)).as_posix(), leave_out):
            continue
        if path.name == _MAP:
            top = path.parent
            found[top] = {one.relative_to(top).as_posix(): one.read_bytes for one in files if top in one.parents}
        elif (path == where or path.suffix.lower() == ".zip") and _MAP in (names := _names(path)):
            found[path] = {name: partial(_unzipped, path, name) for name in names}
    return found


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
    """A zip or a folder with labelmap.txt and SegmentationClass, or one below the folder."""
    return any(name.startswith(f"{_CLASSES}/") for entries in _packages(where).values() for name in entries)


def read(where: Path, ask: Ask, problems: Problems) -> Annotations:
    """Every mask in SegmentationClass; images that are listed and have none are told as empty."""
    if ask.task is not None:
        _check_labels(ask.task)
    packages = _packages(where, ask.leave_out)
    if not packages:
        raise UserError(
            f"{where} has no {_MAP}, nor a zip or a folder with it: export the task from CVAT as `Segmentation mask 1.1`, or "
            "say what lies there with another --format"
        )
    found = Annotations([], [])
    for place, entries in packages.items():
        named = "" if len(packages) == 1 or place == where else f"{place.relative_to(where).as_posix()}/"
        _read_one(place, entries, named, found, problems)
    found.labels = list(dict.fromkeys(found.labels))
    return found


def _read_one(
    place: Path, entries: Mapping[str, Callable[[], bytes]], named: str, found: Annotations, problems: Problems
) -> None:
    """Add what one zip or folder says; `named`: what messages put before its files."""
    try:
        colours = _colours(entries[_MAP]().decode("utf-8-sig"))
    except ValueError as error:
        problems.add(f"{named}{_MAP}", str(error))
        return
    found.labels += [name for name in colours.values() if name != _NOTHING]
    masks = [name for name in entries if name.startswith(f"{_CLASSES}/") and name.endswith(".png")]
    for name in masks:
        image = name.removeprefix(f"{_CLASSES}/").removesuffix(".png")
        try:
            with Image.open(io.BytesIO(entries[name]())) as opened:
                size = (opened.height, opened.width)
        except (OSError, SyntaxError, ValueError) as error:
            problems.add(f"{named}{name}", f"cannot be decoded ({error}); export it again")
            continue
        found.marks.append(Marks(image, f"{named}{name}", partial(_layers, entries[name], colours), size, (place,)))
    known = {name.removeprefix(f"{_CLASSES}/").removesuffix(".png") for name in masks}
    for path in sorted(one for one in entries if one.startswith(f"{_SETS}/")):
        listed = [line.strip() for line in entries[path]().decode("utf-8-sig").splitlines() if line.strip()]
        for name in listed:
            if name not in known:
                known.add(name)
                found.marks.append(Marks(name, f"{named}{path}, {name}", lambda *_: [], None, (place,), True))


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
    write_atomic(out / _DRAFTS, stream.getvalue())
    write_text(out / "labels.txt", "".join(f"{name} {css(colour)}\n" for name, colour in colours.items()))
    return (
        f"make a CVAT task of images/ with the labels of labels.txt ({some(list(colours), 20)}), then upload annotations.zip "
        "as `Segmentation mask 1.1`; export it as that too"
    )


FORMAT = Format("CVAT, Segmentation mask 1.1", recognise, read, write, _DRAFTS, layout=False, overlap=False)
