"""COCO JSON: polygons, and runs of pixels (RLE) as a list or packed, drawn by pycocotools as COCO's own code does."""

from collections import Counter
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from dissent.config.task import TaskSettings
from dissent.core.files import write_text
from dissent.core.words import some
from dissent.datasets.formats.base import Annotations, Ask, Draft, Format, Layer, Marks, planes_of
from dissent.datasets.formats.files import check_corners, json_files, jsons, number_of, packed, peeked
from dissent.datasets.problems import Problems

_DRAFTS = "annotations.json"
_KEYS = ("images", "annotations", "categories")


def _is_coco(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(value.get(key), list) for key in _KEYS)


def recognise(where: Path) -> bool:
    """A JSON file with images, annotations and categories, at most one folder below."""
    return any(_is_coco(peeked(path)) for path in jsons(where, "*.json", "*/*.json"))


def read(where: Path, ask: Ask, problems: Problems) -> Annotations:
    """Everything that the JSON files say; an image that two of them list is refused, unless several may."""
    found = Annotations([], [])
    listed: dict[str, tuple[Path, Marks]] = {}
    names: dict[int, str] = {}
    labels: dict[str, None] = {}
    lacks = "has no images, annotations and categories, as COCO has"
    for path, _, value in json_files(where, ask, problems, found, _is_coco, lacks):
        if ask.several:  # each file has numbers of its own
            listed, names = {}, {}
        try:
            ids = _categories(path, value["categories"], names)
            _read_one(where, path, value, ids, found, listed, problems)
        except (KeyError, TypeError, AttributeError) as error:
            problems.add(path.name, f"is not as COCO's files are ({type(error).__name__}: {error})")
        except ValueError as error:
            problems.add(path.name, str(error))
        labels |= dict.fromkeys(names.values())
    found.labels = list(labels) if ask.several else [names[id_] for id_ in sorted(names)]
    return found


def _categories(path: Path, categories: list[dict], names: dict[int, str]) -> dict[int, str]:
    """{id: name} of one file, which also go to `names`; all files must agree on them."""
    own: dict[int, str] = {}
    for one in categories:
        id_, name = one["id"], str(one["name"])
        if own.get(id_, names.get(id_, name)) != name:
            raise ValueError(f"the category {id_} has two names, {own.get(id_, names.get(id_))} and {name}")
        if any(other == name and number != id_ for number, other in (names | own).items()):
            raise ValueError(f"two categories are called {name}; give each a name of its own")
        own[id_] = name
    names |= own
    return own


def _read_one(
    where: Path,
    path: Path,
    value: dict,
    names: dict[int, str],
    found: Annotations,
    listed: dict[str, tuple[Path, Marks]],
    problems: Problems,
) -> None:
    by_image: dict[Any, list[dict]] = {one["id"]: [] for one in value["images"]}
    if len(by_image) < len(value["images"]):
        twice = [id_ for id_, count in Counter(one["id"] for one in value["images"]).items() if count > 1]
        problems.add(path.name, f"two images have the id {twice[0]}; give each its own")
        return
    refused: set[Any] = set()
    for one in value["annotations"]:
        told = f"its annotation {one.get('id')}"
        if one["image_id"] not in by_image:
            problems.add(path.name, f"{told} is of the image {one['image_id']}, which it does not list")
        elif one["category_id"] not in names:
            problems.add(path.name, f"{told} has the category {one['category_id']}, which it does not name")
            refused.add(one["image_id"])
        elif not one.get("segmentation"):
            problems.add(path.name, f"{told} has no segmentation, perhaps a box alone: draw its outline, or remove it")
            refused.add(one["image_id"])
        else:
            by_image[one["image_id"]].append(one)
    below = path.parent.relative_to(where).as_posix() if path != where else "."
    for one in value["images"]:
        name = str(one["file_name"]).replace("\\", "/")
        if other := listed.get(f"{below}/{name}"):
            problems.add(
                path.name, f"{name} is listed in {other[0].name} too: say --leave-out for one of the two files"
            )
            found.marks = [each for each in found.marks if each is not other[1]]
            continue
        marks = by_image[one["id"]]
        size = (int(number_of(one["height"], "height")), int(number_of(one["width"], "width")))
        image = f"{below}/{name}" if below != "." and (path.parent / name).is_file() else name
        mark = Marks(
            image, f"{path.name}, image {one['id']}", partial(_layers, marks, names, name), size, (path,), not marks
        )
        listed[f"{below}/{name}"] = (path, mark)
        if one["id"] not in refused:  # else a part of what is in it would count as all
            found.marks.append(mark)


def _layers(marks: list[dict], names: dict[int, str], image: str, height: int, width: int) -> list[Layer]:
    layers = []
    for one in marks:
        try:
            plane = _plane(one["segmentation"], height, width)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"annotation {one.get('id')}: its segmentation cannot be drawn ({error})") from None
        layers.append(Layer(names[one["category_id"]], plane, bool(one.get("iscrowd"))))
    if all(isinstance(one["segmentation"], list) for one in marks):
        corners = (number for one in marks for ring in one["segmentation"] for number in ring)
        check_corners(corners, image, "COCO has pixels, so multiply x by the width and y by the height")
    return layers


def _plane(segmentation: Any, height: int, width: int) -> np.ndarray:
    """A segmentation as pixels."""
    from pycocotools import mask

    if isinstance(segmentation, list):
        for ring in segmentation:
            if not isinstance(ring, list) or len(ring) < 6 or len(ring) % 2:
                raise ValueError(
                    f"a polygon has {len(ring)} numbers, where pairs of x and y of three corners are needed"
                )
            for number in ring:
                number_of(number, "a corner")
        runs = mask.merge(mask.frPyObjects(segmentation, height, width))
    else:
        counts = segmentation["counts"]
        high, wide = segmentation["size"]
        if (high, wide) != (height, width):
            raise ValueError(f"its runs are of {high} x {wide} pixels, and the image has {height} x {width}")
        counts = counts if isinstance(counts, list) else _unpacked(counts)
        if sum(counts) != height * width or min(counts) < 0:  # the library would write beyond the image
            raise ValueError(f"its runs have {sum(counts)} pixels, and the image {height * width}")
        runs = mask.frPyObjects({"size": [height, width], "counts": counts}, height, width)
    return np.asarray(mask.decode(runs), bool)


def _unpacked(text: str) -> list[int]:
    """The lengths in a packed text of runs, as `rleFrString` of the COCO API reads it: five bits a letter, from the third on as differences."""
    counts: list[int] = []
    value = shift = 0
    for letter in text.encode():
        bits = letter - 48
        if not 0 <= bits < 64:
            raise ValueError(f"its runs hold the letter {chr(letter)!r}, which no packed run has")
        value |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        if bits & 16:
            value -= 1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
        value = shift = 0
    return counts


def write(out: Path, drafts: Iterable[Draft], task: TaskSettings) -> str:
    """Write OUT/annotations.json: packed runs, one annotation for each label of an image."""
    from pycocotools import mask

    names = [name for name in task.value_names if name != task.nothing]
    images: list[dict] = []
    marks: list[dict] = []
    for number, draft in enumerate(drafts, 1):
        height, width = draft.ids.shape
        images.append({"id": number, "file_name": draft.image, "height": height, "width": width})
        for label, plane, _ in planes_of(draft.ids, task):
            if label is None:
                continue
            runs = mask.encode(np.asfortranarray(plane.astype(np.uint8)))
            box = [float(side) for side in mask.toBbox(runs)]
            marks.append(
                {
                    "id": len(marks) + 1,
                    "image_id": number,
                    "category_id": names.index(label) + 1,
                    "iscrowd": 0,
                    "area": int(plane.sum()),
                    "bbox": box,
                    "segmentation": {"size": [height, width], "counts": runs["counts"].decode()},
                }
            )
    categories = [{"id": number, "name": name} for number, name in enumerate(names, 1)]
    write_text(out / _DRAFTS, packed({"images": images, "annotations": marks, "categories": categories}))
    return f"open annotations.json with images/ in a tool that reads COCO's runs; labels: {some(names, 20)}"


FORMAT = Format("COCO JSON: polygons and RLE", recognise, read, write, _DRAFTS)
