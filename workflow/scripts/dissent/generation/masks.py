"""Build consensus labels and inconsistency masks from the teachers' predictions. Needs no torch."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path

import numpy as np

from dissent.cells import redraw_labels
from dissent.files import encode_png, read_mask, read_table, sha256, verify, write_atomic, write_table
from dissent.label import LABELERS
from dissent.select import SELECTORS
from dissent.task import Task

BASE_COLUMNS = (
    "id", "label", "doubt", "kept", "why", "pixels", "doubt_pixels", "agreed_pixels", "doubt_share", "changed_share",
    "label_sha256", "doubt_sha256",
)  # fmt: skip
_DOUBT_PALETTE = [[0, 0, 0]] + [[255, 90, 60]] * 255


def build_masks(
    params: dict, predictions: str, previous: str | None, consensus: str, inconsistency: str, table: str
) -> dict:
    """Write {consensus,inconsistency}/{id}.png and masks.csv, one row an image, dropped ones included.

    `params`: task, palette, label, select, doubt (erode, dilate), threads. `previous`: masks.csv of the generation
    before, to say which share of the pixels agreed upon in both has changed; None for the first. Returns {"images"} for the cost.
    """
    task = Task(params["task"])
    rows = read_table(predictions, ("id", "teacher", "prediction", "sha256"))
    images = [list(group) for _, group in groupby(rows, key=lambda row: row["id"])]
    before = {row["id"]: row for row in read_table(previous)} if previous else {}

    def one(group: list[dict]) -> dict:
        return _build(
            group, before.get(group[0]["id"]), params, task, predictions, Path(consensus), Path(inconsistency)
        )

    with ThreadPoolExecutor(params["threads"]) as workers:
        built = list(workers.map(one, images))
    histogram = [f"pixels_{name}" for name in task.histogram_names]
    write_table(table, built, (*BASE_COLUMNS, *histogram))
    return {"images": len(built)}


def _build(
    group: Sequence[dict], before: dict | None, params: dict, task: Task, table: str, consensus: Path, doubts: Path
) -> dict:
    for row in group:
        verify(row["prediction"], row["sha256"], table)
    masks = [read_mask(row["prediction"]) for row in group]
    votes = np.stack([task.unpack(mask) for mask in masks])
    doubt = params["doubt"]
    label, inconsistent, doubted, agreed = LABELERS[params["label"]](votes, task.kind, doubt["erode"], doubt["dilate"])
    if task.cells:
        position = task.labels.index(task.cells["position"])
        label = label.copy()
        label[position] = redraw_labels(label[position] != 0, task.cells["redraw"])
    label_HW, doubt_HW = task.pack(label), task.disagreement(votes, inconsistent)
    name = group[0]["id"]
    paths = {"label": consensus / f"{name}.png", "doubt": doubts / f"{name}.png"}
    write_atomic(paths["label"], encode_png(label_HW, params["palette"]))
    write_atomic(paths["doubt"], encode_png(doubt_HW, _DOUBT_PALETTE))
    certain = np.where(doubt_HW != 0, np.uint8(255), label_HW)
    row = {
        "id": name,
        "label": paths["label"].as_posix(),
        "doubt": paths["doubt"].as_posix(),
        "pixels": label_HW.size,
        "doubt_pixels": doubted,
        "agreed_pixels": agreed,
        "doubt_share": round(float((doubt_HW != 0).mean()), 6),
        "changed_share": _changed(label_HW, doubt_HW, before),
        "label_sha256": sha256(paths["label"]),
        "doubt_sha256": sha256(paths["doubt"]),
    }
    row |= {f"pixels_{label}": n for label, n in zip(task.histogram_names, task.pixels(certain), strict=True)}
    seen = [frozenset(np.flatnonzero(task.pixels(mask)).tolist()) for mask in masks]
    row["why"] = SELECTORS[params["select"]](row, seen, task)
    row["kept"] = int(not row["why"])
    return row


def _changed(label_HW: np.ndarray, doubt_HW: np.ndarray, before: dict | None) -> float | str:
    """Share of the pixels without doubt now and in the generation before whose label is another one; "" without one."""
    if before is None:
        return ""
    both = (doubt_HW == 0) & (read_mask(before["doubt"]) == 0)
    changed = (label_HW != read_mask(before["label"])) & both
    return round(float(changed.sum() / max(1, both.sum())), 6)
