"""Small folders of annotations as each tool writes them. Image `aN` has the same marks in all: a square of the first label, and
in even ones a bar of the second; the last image has none."""

import json
from pathlib import Path

import numpy as np
from raw_data import photo, save

NAMES = [f"a{number}" for number in range(7)]
MARKED = NAMES[:-1]
SQUARE, BAR = (slice(2, 10), slice(4, 12)), (slice(12, 15), slice(1, 20))
"""rows and columns"""


def planes(name: str, labels: int = 2) -> list[np.ndarray]:
    """The pixels of each label, (16, 24) bool."""
    square, bar = np.zeros((2, 16, 24), bool)
    square[SQUARE] = True
    bar[BAR] = labels > 1 and int(name[1:]) % 2 == 0
    return [square, bar][:labels]


def mask(name: str, labels: int = 2) -> np.ndarray:
    """The ids that are right."""
    ids = np.zeros((16, 24), np.uint8)
    for number, plane in enumerate(planes(name, labels), 1):
        ids[plane] = number
    return ids


def images(folder: str, names: list[str] = NAMES, end: str = "") -> None:
    for seed, name in enumerate(names):
        save(Path(folder, f"{name}{end}.png"), photo(seed))


def box(rows: slice, columns: slice, last: int) -> list[list[float]]:
    """Corners of an area; `last`: what is taken off where a tool's outline runs through the last pixels."""
    x1, x2, y1, y2 = columns.start, columns.stop - last, rows.start, rows.stop - last
    return [[x1, y1], [x2, y1], [x2, y2], [x1, y2]]


def boxes(name: str, last: int) -> list[tuple[int, list[list[float]]]]:
    """(number of the label, corners) of each area of an image."""
    areas = [(0, SQUARE), *([(1, BAR)] if int(name[1:]) % 2 == 0 else [])]
    return [(number, box(*area, last)) for number, area in areas]


def coco_json(marked: list[str] = MARKED) -> dict:
    marks = [
        {
            "id": 10 * i + n,
            "image_id": i,
            "category_id": 5 + n,
            "iscrowd": 0,
            "segmentation": [[side for corner in corners for side in corner]],
        }
        for i, name in enumerate(marked)
        for n, corners in boxes(name, 0)
    ]
    listed = [{"id": i, "file_name": f"{name}.png", "height": 16, "width": 24} for i, name in enumerate(marked)]
    categories = [{"id": 6, "name": "bar"}, {"id": 5, "name": "square"}]
    return {"images": listed, "annotations": marks, "categories": categories}


def write(path: str, value: object) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(value if isinstance(value, str) else json.dumps(value))


def coco(value: dict | None = None) -> None:
    images("raw/images")
    write("raw/annotations/instances.json", value or coco_json())


def labelme_json(name: str) -> dict:
    shapes = [
        {"label": ["square", "zbar"][n], "points": corners, "shape_type": "polygon"} for n, corners in boxes(name, 1)
    ]
    return {"shapes": shapes, "imagePath": f"{name}.png", "imageData": None, "imageHeight": 16, "imageWidth": 24}


def labelme() -> None:
    """Images and their JSON in one folder."""
    images("raw")
    for name in MARKED:
        write(f"raw/{name}.json", labelme_json(name))


def yolo() -> None:
    images("raw/images/train")
    write("raw/data.yaml", "path: .\nnames: {0: square, 1: bar}\n")
    for name in MARKED:
        lines = [
            [n, *(v / s for corner in corners for v, s in zip(corner, (24, 16), strict=True))]
            for n, corners in boxes(name, 1)
        ]
        write(f"raw/labels/train/{name}.txt", "".join(" ".join(map(str, line)) + "\n" for line in lines))


def nnunet() -> None:
    images("raw/imagesTr", end="_0000")
    labels = {"background": 0, "square": 1, "bar": 2, "ignore": 3}
    write("raw/dataset.json", {"channel_names": {"0": "R"}, "labels": labels, "file_ending": ".png"})
    for name in MARKED:
        save(Path(f"raw/labelsTr/{name}.png"), mask(name))


def cellpose() -> None:
    images("raw")
    Path("raw/a0_seg.npy").write_bytes(b"what Cellpose keeps")
    for number, name in enumerate(MARKED):
        save(Path(f"raw/{name}_masks.png"), mask(name, 1).astype(np.uint16) * np.uint16(300 + number))


LAYOUTS = {"coco": coco, "labelme": labelme, "yolo": yolo, "nnunet": nnunet, "cellpose": cellpose}
