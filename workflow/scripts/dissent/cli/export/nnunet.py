"""A generation's pairs as a raw data set of nnU-Net (v2): labels of people, pseudo-labels, and pixels in doubt as `ignore`."""

import json
import re
from pathlib import Path

import numpy as np

from dissent.cli.export.source import Source
from dissent.core.files import UNKNOWN, encode_png, read_mask, read_table, verify, write_atomic, write_text
from dissent.core.task import Task

NUMBER = 900
"""of the data set: nnU-Net's own public ones have small numbers"""


def write_nnunet(source: Source, task: Task, channels: int, name: str, out: Path) -> dict:
    """Write Dataset900_NAME below `out` with imagesTr, labelsTr, imagesTs and dataset.json; returns what it holds.

    Pairs of pairs.csv and validation images are cases of training; splits_final.json says which are which. Layout: nnU-Net's
    documentation/dataset_format.md and ignore_label.md.
    """
    numbers, names = _numbers(task)
    folder = out / f"Dataset{NUMBER}_{re.sub(r'[^A-Za-z0-9]', '', name) or 'dissent'}"
    cases: dict[str, list[str]] = {"train": [], "val": []}
    val = read_table(source.tables["val"]) if "val" in source.tables else []
    pairs = source.folder / "pairs.csv"
    for part, table, rows in (("train", pairs, read_table(pairs)), ("val", source.tables.get("val"), val)):
        for row in rows:
            for key in ("image", "label", "doubt"):
                if row.get(key):
                    verify(row[key], row[f"{key}_sha256"], str(table))
            mask = read_mask(row["label"])
            if row.get("doubt"):
                mask = np.where(read_mask(row["doubt"]) != 0, np.uint8(UNKNOWN), mask)
            write_atomic(folder / "labelsTr" / f"{row['id']}.png", encode_png(numbers[mask]))
            write_atomic(folder / "imagesTr" / f"{row['id']}_0000.png", Path(row["image"]).read_bytes())
            cases[part].append(row["id"])
    tests = read_table(source.tables["test"]) if "test" in source.tables else []
    for row in tests:
        verify(row["image"], row["image_sha256"], str(source.tables["test"]))
        write_atomic(folder / "imagesTs" / f"{row['id']}_0000.png", Path(row["image"]).read_bytes())
    about = {
        "channel_names": {str(i): one for i, one in enumerate(["R", "G", "B"] if channels == 3 else ["grey"])},
        "labels": names | {"ignore": len(names)},
        "numTraining": sum(map(len, cases.values())),
        "file_ending": ".png",
        "overwrite_image_reader_writer": "NaturalImage2DIO",
    }
    write_text(folder / "dataset.json", _json(about))
    write_text(folder / "splits_final.json", _json([cases]))
    return {
        "folder": folder.relative_to(out).as_posix(),
        "train": len(cases["train"]),
        "val": len(cases["val"]),
        "test": len(tests),
    }


def _numbers(task: Task) -> tuple[np.ndarray, dict[str, int]]:
    """nnU-Net's number of each byte of a mask, (256,), and {name: number}: 0 is the background, the last is `ignore`."""
    first = task.histogram_names if task.background is None else [task.histogram_names[task.background]]
    others = [name for name in task.histogram_names if name not in first] if task.background is not None else first
    names = {"background": 0} | {name: number for number, name in enumerate(others, 1)}
    table = np.full(256, len(names), np.uint8)  # of what nobody knows
    for byte, name in enumerate(task.histogram_names):
        table[byte] = names.get(name, 0)
    return table, names


def _json(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
