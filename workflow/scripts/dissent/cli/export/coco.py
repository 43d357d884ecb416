"""A generation's pseudo-labels as one COCO file: a mask (RLE) for each label of each image."""

import json
import os
from pathlib import Path

import numpy as np

from dissent.cli.export.source import Source
from dissent.core.files import read_mask, read_table, verify, write_text
from dissent.core.task import Task


def write_coco(source: Source, task: Task, out: Path) -> dict:
    """Write `out`; returns {"images", "annotations"}.

    Masks are uncompressed RLE with `iscrowd: 1`, as COCO has them for regions that are no single object; pycocotools, CVAT and
    FiftyOne read them. A pixel in doubt is in no mask. Names of images are as seen from the folder of `out`.
    """
    pairs = source.folder / "pairs.csv"
    names = task.foreground_names
    categories = {name: number for number, name in enumerate(names, 1)}
    images: list[dict] = []
    annotations: list[dict] = []
    for row in read_table(pairs):
        if row["origin"] != "pseudo":
            continue
        for key in ("label", "doubt"):
            verify(row[key], row[f"{key}_sha256"], pairs)
        mask, doubt = read_mask(row["label"]), read_mask(row["doubt"])
        height, width = mask.shape
        number = len(images) + 1
        file = Path(os.path.relpath(row["image"], out.parent)).as_posix()
        images.append({"id": number, "file_name": file, "height": height, "width": width})
        planes = task.planes_of(mask)
        doubts = task.planes_of(doubt) if task.bits else np.broadcast_to(doubt != 0, planes.shape)
        for name, plane, unsure in zip(task.labels, planes, doubts, strict=True):
            if name not in categories or not (shown := plane & ~unsure).any():
                continue
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": categories[name],
                    "segmentation": {"size": [height, width], "counts": run_lengths(shown)},
                    "area": int(shown.sum()),
                    "bbox": _box(shown),
                    "iscrowd": 1,
                }
            )
    value = {
        "info": {"description": f"pseudo-labels of {source.folder.as_posix()}; pixels in doubt are in no mask"},
        "images": images,
        "annotations": annotations,
        "categories": [{"id": number, "name": name} for name, number in categories.items()],
    }
    write_text(out, json.dumps(value, ensure_ascii=False) + "\n")
    return {"images": len(images), "annotations": len(annotations)}


def run_lengths(plane_HW: np.ndarray) -> list[int]:
    """Pixels outside, inside, outside ... in turn, down the columns, beginning with those outside: COCO's uncompressed RLE."""
    flat = plane_HW.T.ravel()
    ends = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    lengths = np.diff([0, *ends.tolist(), flat.size]).tolist()
    return [0, *lengths] if flat[0] else lengths


def _box(plane_HW: np.ndarray) -> list[int]:
    """Left, top, width, height."""
    rows, columns = np.flatnonzero(plane_HW.any(1)), np.flatnonzero(plane_HW.any(0))
    left, top = int(columns[0]), int(rows[0])
    return [left, top, int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top]
