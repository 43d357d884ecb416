"""nnU-Net's raw data: imagesTr/NAME_0000.png, labelsTr/NAME.png, and dataset.json with the labels. Images of two dimensions alone."""

from functools import partial
from pathlib import Path

import numpy as np

from dissent.core.words import some
from dissent.datasets.decode import read_header, turned
from dissent.datasets.formats.base import Annotations, Ask, Format, Layer, marks_of_mask
from dissent.datasets.formats.files import is_image, left_out, masks_in, parsed
from dissent.datasets.listing import walk
from dissent.datasets.mask_readers import read_ids
from dissent.datasets.problems import Problems

_IMAGES, _LABELS, _CHANNEL = "imagesTr", "labelsTr", "_0000"
_IGNORE = "ignore"
"""the label that nnU-Net leaves out of its loss"""


def recognise(where: Path) -> bool:
    """dataset.json, imagesTr and labelsTr."""
    return (where / "dataset.json").is_file() and (where / _IMAGES).is_dir() and (where / _LABELS).is_dir()


def read(where: Path, ask: Ask, problems: Problems) -> Annotations:
    """Everything below labelsTr; regions (a list of numbers) are labels that overlap."""
    about = where / "dataset.json"
    try:
        said = parsed(about)
        values = _values(said["labels"])
        channels = len(said.get("channel_names", said.get("modality", {"0": ""})))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        problems.add(about.name, f"is not as nnU-Net's are ({error!r})")
        return Annotations([], [])
    if channels > 1:
        problems.add(
            about.name, f"names {channels} channels of an image; dissent reads one file an image, grey or colour"
        )
        return Annotations([], [])
    found = Annotations([name for name in values if name != _IGNORE], [], image_suffix=_CHANNEL)
    images: dict[str, list[Path]] = {}
    for path in walk(where / _IMAGES)[0]:
        if is_image(path) and not left_out(path.relative_to(where).as_posix(), ask.leave_out):
            images.setdefault(_key(path, where / _IMAGES).removesuffix(_CHANNEL), []).append(path)
    others = [path.name for path in walk(where / _LABELS)[0] if not is_image(path)]
    if others:
        problems.add(_LABELS, f"{some(others)}: not read; save slices of two dimensions as PNG or TIFF")
    for path, name, header in masks_in(walk(where / _LABELS)[0], where, ask, problems):
        key = _key(path, where / _LABELS)
        given = [one.relative_to(where).as_posix() for one in images.get(key, [])]
        if not given:
            problems.add(name, f"there is no image {key}{_CHANNEL} in {_IMAGES}")
            continue
        if len(given) > 1:
            problems.add(name, f"{some(given)} may each be its image; take all but one away, or say --leave-out")
            continue
        [shown] = given
        found.marks.append(marks_of_mask(shown, name, header, partial(_layers, path, values), (path, about)))
    return found


def _key(path: Path, folder: Path) -> str:
    """A path below a folder, without extension: images of two folders may have one name."""
    return path.relative_to(folder).with_suffix("").as_posix()


def _values(labels: dict) -> dict[str, list[int]]:
    """{label: its numbers}; version 1 of nnU-Net has them the other way round."""
    if all(str(key).isdigit() for key in labels):
        labels = {name: int(number) for number, name in labels.items()}
    found = {
        str(name): [int(one) for one in value] if isinstance(value, list | tuple) else [int(value)]
        for name, value in labels.items()
    }
    if wrong := [one for numbers in found.values() for one in numbers if not 0 <= one <= 255]:
        raise ValueError(f"has the number {wrong[0]}, where a pixel has 0 to 255")
    return dict(sorted(found.items(), key=lambda item: min(item[1])))


def _layers(path: Path, values: dict[str, list[int]], height: int, width: int) -> list[Layer]:
    numbers = sorted({0, *(one for given in values.values() for one in given)})
    stored = read_ids(path, {one: one for one in numbers}).ids
    assert stored is not None
    ids = turned(stored, read_header(path).orientation)
    layers = [Layer(None if name == _IGNORE else name, np.isin(ids, given)) for name, given in values.items()]
    return [layer for layer in layers if layer.plane.any()]


FORMAT = Format("nnU-Net raw data: imagesTr, labelsTr, dataset.json", recognise, read)
