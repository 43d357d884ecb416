"""Label Studio's JSON of tasks: brushes as runs of bits, and polygons. The runs are those of thi.ng/rle-pack."""

import re
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import quoteattr

import numpy as np
from PIL import Image, ImageDraw

from dissent.config.task import TaskSettings, css
from dissent.core.files import write_text
from dissent.core.words import some
from dissent.datasets.formats.base import Annotations, Ask, Draft, Format, Layer, Marks, planes_of
from dissent.datasets.formats.files import check_corners, json_files, jsons, number_of, packed, peeked
from dissent.datasets.problems import Problems

_SIZES = (3, 4, 8, 16)
"""bits of a run's length, of which each run says by two bits which it has"""
_UPLOADED = re.compile(r"^[0-9a-f]{8}-")


def _is_tasks(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict) and "data" in value[0]


def recognise(where: Path) -> bool:
    """A JSON list of tasks."""
    return any(_is_tasks(peeked(path)) for path in jsons(where, "*.json"))


def read(where: Path, ask: Ask, problems: Problems) -> Annotations:
    """Every task with an annotation that was submitted; those with predictions alone are not corrected yet."""
    found = Annotations([], [])
    labels: dict[str, None] = {}
    waiting = 0
    lacks = "is no list of Label Studio's tasks (export as JSON)"
    for path, _, value in json_files(where, ask, problems, found, _is_tasks, lacks):
        for number, task in enumerate(value, 1):
            told = f"{path.name}, task {task.get('id', number)}"
            given = [one for one in task.get("annotations") or [] if not one.get("was_cancelled")]
            if len(given) != 1:
                waiting += not given
                if given:
                    problems.add(told, f"has {len(given)} annotations of one image; keep one")
                continue
            try:
                image = _image_of(task["data"])
                results = [
                    one for one in given[0]["result"] if one.get("type") not in ("choices", "textarea", "rating")
                ]
                if turns := [one["image_rotation"] for one in results if one.get("image_rotation")]:
                    problems.add(
                        told,
                        f"its image was turned by {turns[0]} degrees in Label Studio; turn it back there, and mark it again",
                    )
                    continue
                labels |= dict.fromkeys(label for one in results for label in _labels(one))
                sizes = {(one["original_height"], one["original_width"]) for one in results}
            except (KeyError, TypeError, ValueError) as error:
                problems.add(told, f"is not as Label Studio's tasks are ({error})")
                continue
            if len(sizes) > 1:
                problems.add(told, "its results are of images of two sizes")
                continue
            size = next(iter(sizes), None)
            found.marks.append(Marks(image, told, partial(_layers, results, image), size, (path,), not results))
    if waiting:
        found.notes.append(f"{waiting} tasks have no annotation that was submitted: nothing of them is taken")
    found.labels = list(labels)
    return found


def _image_of(data: dict) -> str:
    """The path of a task's image, of an address what follows the host; of an uploaded file its name, without what Label Studio
    puts before it."""
    if "dissent" in data:
        return str(data["dissent"])
    named = [key for key in ("image", "img") if data.get(key)] or [key for key in data if "/" in str(data[key])]
    if len(named) != 1:
        raise ValueError(
            f"its data have {len(named) or 'no'} path or address of an image, where one is needed: {some(named or list(data))}"
        )
    address = str(data[named[0]])
    parts = urlsplit(address)
    path = parse_qs(parts.query).get("d", [unquote(parts.path)])[0].replace("\\", "/").strip("/")
    return _UPLOADED.sub("", path.rpartition("/")[2]) if "/upload/" in address else path


def _labels(result: dict) -> list[str]:
    kind = result["type"]
    if kind not in ("brushlabels", "polygonlabels"):
        raise ValueError(f"a result is of the type {kind!r}; brushes and polygons with labels are read")
    labels = result["value"].get(kind) or []
    if len(labels) != 1:
        raise ValueError(f"a {kind} has {len(labels)} labels, where one is needed")
    return [str(labels[0])]


def _layers(results: list[dict], image: str, height: int, width: int) -> list[Layer]:
    layers = []
    for one in results:
        [label] = _labels(one)
        try:
            if one["type"] == "brushlabels":
                flat = decode_runs(bytes(one["value"]["rle"]))
                if len(flat) != height * width * 4:
                    raise ValueError(f"a brush has {len(flat) // 4} pixels where the image has {height * width}")
                plane = flat.reshape(height, width, 4)[:, :, 3] > 0
            else:
                plane = _polygon(one["value"]["points"], height, width)
        except (KeyError, TypeError, IndexError) as error:
            raise ValueError(f"a result of {label} is damaged ({error!r})") from None
        layers.append(Layer(label, plane))
    if all(one["type"] == "polygonlabels" for one in results):
        corners = (number for one in results for point in one["value"]["points"] for number in point)
        check_corners(corners, image, "Label Studio has percent, so multiply them by 100")
    return layers


def _polygon(points: list, height: int, width: int) -> np.ndarray:
    """Corners in percent of the sides."""
    corners = [(number_of(x, "x") / 100 * width, number_of(y, "y") / 100 * height) for x, y in points]
    if len(corners) < 3:
        raise ValueError(f"a polygon has three points at least, not {len(corners)}")
    canvas = Image.new("1", (width, height))
    ImageDraw.Draw(canvas).polygon(corners, outline=1, fill=1)
    return np.array(canvas, bool)


def decode_runs(content: bytes) -> np.ndarray:
    """Bytes (N,) that packed runs stand for; ValueError where they end too early."""
    bits = (np.unpackbits(np.frombuffer(content, np.uint8)) + 48).tobytes().decode()
    at = 0

    def take(count: int) -> int:
        nonlocal at
        at += count
        if at > len(bits):
            raise ValueError("its runs end too early")
        return int(bits[at - count : at], 2)

    length, word = take(32), take(5) + 1
    sizes = [take(4) + 1 for _ in range(4)]
    if length > 2**31 or word != 8:
        raise ValueError(f"its runs have words of {word} bits, and {length} of them")
    found = np.zeros(length, np.uint8)
    done = 0
    while done < length:
        same = take(1)
        count = take(sizes[take(2)]) + 1
        if done + count > length:
            raise ValueError("its runs are longer than they say")
        if same:
            found[done : done + count] = take(word)
        else:
            found[done : done + count] = [take(word) for _ in range(count)]
        done += count
    return found


def encode_runs(flat: np.ndarray) -> bytes:
    """Bytes (N,) as packed runs."""
    edges = np.flatnonzero(np.diff(flat)) + 1
    starts = np.concatenate([[0], edges, [len(flat)]])
    bits = [f"{len(flat):032b}", f"{8 - 1:05b}", *(f"{size - 1:04b}" for size in _SIZES)]
    for first, end in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        left = end - first
        while left:
            count = min(left, 2 ** _SIZES[-1])
            which = next(i for i, size in enumerate(_SIZES) if count <= 2**size)
            bits.append(f"1{which:02b}{count - 1:0{_SIZES[which]}b}{int(flat[first]):08b}")
            left -= count
    text = "".join(bits)
    return np.packbits(np.frombuffer(text.encode(), np.uint8) - 48).tobytes()


def write(out: Path, drafts: Iterable[Draft], task: TaskSettings) -> str:
    """Write OUT/tasks.json with the drafts as predictions, and OUT/labels.xml, the configuration of the project."""
    tasks = []
    for draft in drafts:
        height, width = draft.ids.shape
        results = [
            {
                "id": f"{draft.stem}-{number}",
                "type": "brushlabels",
                "from_name": "tag",
                "to_name": "image",
                "original_height": height,
                "original_width": width,
                "image_rotation": 0,
                "value": {
                    "format": "rle",
                    "rle": list(encode_runs(np.repeat(plane.ravel().astype(np.uint8) * np.uint8(255), 4))),
                    "brushlabels": [label],
                },
            }
            for number, (label, plane, _) in enumerate(planes_of(draft.ids, task))
            if label is not None
        ]
        data = {"image": f"/data/local-files/?d=images/{draft.image}", "dissent": draft.image}
        tasks.append({"data": data, "predictions": [{"model_version": "dissent", "result": results}]})
    write_text(out / "tasks.json", packed(tasks))
    names = [(name, css(task.palette[1 << i if task.overlapping else i])) for i, name in enumerate(task.value_names)]
    lines = [f"  <Label value={quoteattr(name)} background={quoteattr(colour)}/>" for name, colour in names]
    lines = [line for line, (name, _) in zip(lines, names, strict=True) if name != task.nothing]
    text = ['<View><Image name="image" value="$image" zoom="true"/>', '<BrushLabels name="tag" toName="image">', *lines]
    write_text(out / "labels.xml", "\n".join([*text, "</BrushLabels></View>", ""]))
    return (
        "make a Label Studio project with labels.xml, serve this folder as its local files, and import tasks.json; "
        "submit each image, and export as JSON"
    )


FORMAT = Format("Label Studio: JSON of tasks with brushes", recognise, read, write, "tasks.json", layout=False)
