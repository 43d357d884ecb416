"""Build consensus labels and inconsistency masks from the teachers' predictions. Needs no torch."""

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dissent.core.columns import MASKS, PREDICTIONS, SOFT
from dissent.core.files import (
    DOUBT_PALETTE,
    encode_png,
    flush,
    read_mask,
    read_table,
    verify,
    write_atomic,
    write_table,
)
from dissent.core.task import Task
from dissent.evaluation.cell_counting import redraw_labels
from dissent.pseudolabels.aggregate import CHOOSING, LABELERS
from dissent.pseudolabels.learned import columns_of, counted
from dissent.pseudolabels.select import SELECTORS
from dissent.pseudolabels.stable import MEAN, most_reliable, reliability
from dissent.steps.overlays import write_overlays

if TYPE_CHECKING:
    from dissent.core import arguments


def build_masks(
    params: "arguments.Masks",
    predictions: str,
    previous: str | None,
    consensus: str,
    inconsistency: str,
    table: str,
    scores: str | None = None,
    images: str | None = None,
    overlay: str | None = None,
) -> dict:
    """Write {consensus,inconsistency}/{id}.png and masks.csv, one row an image, dropped ones included.

    `previous`: masks.csv of the generation before, to say which share of the pixels agreed upon in both has changed;
    None for the first. `scores`: the estimated quality of the predictions, for `pseudo_label: scored`.
    `images`, `overlay`: the table of the unlabelled images, and a folder for a few of these under their labels. Returns {"images"} for the cost.
    """
    task = Task(params["task"])
    rows = read_table(predictions, PREDICTIONS)
    rated = {(row["id"], row["teacher"]): row for row in read_table(scores)} if scores else {}
    rows = [row | rated.get((row["id"], row["teacher"]), {}) for row in rows]
    groups = [list(group) for _, group in groupby(rows, key=lambda row: row["id"])]
    before = {row["id"]: row for row in read_table(previous)} if previous else {}

    def one(group: list[dict]) -> dict:
        earlier = before.get(group[0]["id"])
        if earlier and previous:
            for name in ("label", "doubt"):
                verify(earlier[name], earlier[f"{name}_sha256"], previous)
        return _build(group, earlier, params, task, predictions, Path(consensus), Path(inconsistency))

    with ThreadPoolExecutor(params["threads"]) as workers:
        built = list(workers.map(one, groups))
    if params["select"] == "stable":
        _rank(built, params["reliable_share"], task)
    flush([row[name] for row in built for name in ("label", "doubt")])
    if images is not None and overlay is not None:
        write_overlays(params, built, images, overlay)
    soft = SOFT if rows and SOFT[0] in rows[0] else ()
    write_table(table, built, (*MASKS, *columns_of(task), *soft))
    return {"images": len(built)}


def _build(
    group: Sequence[dict],
    before: dict | None,
    params: "arguments.Masks",
    task: Task,
    table: str,
    consensus: Path,
    doubts: Path,
) -> dict:
    for row in group:
        verify(row["prediction"], row["sha256"], table)
    masks = [read_mask(row["prediction"]) for row in group if row["teacher"] != MEAN]
    chosen, rating = _chosen(group, masks, before, params["pseudo_label"])
    votes = np.stack([task.unpack(mask) for mask in [*chosen, *masks]])
    squares = params["inconsistency"]
    label, inconsistent, doubted, agreed = LABELERS[params["pseudo_label"]](
        votes, task.kind, squares["erode"], squares["dilate"], task.background
    )
    if task.cells and (not rating or "prediction" in rating):  # one that was kept from before is redrawn already
        position = task.labels.index(task.cells["position"])
        label = label.copy()
        label[position] = redraw_labels(label[position] != 0, task.cells["redraw"])
    label_HW, doubt_HW = task.pack(label), task.disagreement(votes[len(chosen) :], inconsistent)
    soft = {name: row[name] for row in group for name in SOFT if row.get(name)}  # of the mean alone
    if params["keep_labels"] and before is not None and before["kept"] == "1":
        label_HW, doubt_HW = read_mask(before["label"]), read_mask(before["doubt"])
        soft = {name: before[name] for name in soft}
    name = group[0]["id"]
    paths = {"label": consensus / f"{name}.png", "doubt": doubts / f"{name}.png"}
    made = {"label": encode_png(label_HW, params["palette"]), "doubt": encode_png(doubt_HW, DOUBT_PALETTE)}
    for key, content in made.items():
        write_atomic(paths[key], content, flushed=False)
    row = {
        "id": name,
        "label": paths["label"].as_posix(),
        "doubt": paths["doubt"].as_posix(),
        "pixels": label_HW.size,
        "doubt_pixels": doubted,
        "agreed_foreground": agreed,
        "doubt_share": round(float((doubt_HW != 0).mean()), 6),
        "changed_share": _changed(label_HW, doubt_HW, before),
        "score": rating.get("score", ""),
        **{f"{key}_sha256": hashlib.sha256(content).hexdigest() for key, content in made.items()},
    }
    row |= counted(task, label_HW, doubt_HW) | soft
    seen = [frozenset(np.flatnonzero(task.pixels(mask)).tolist()) for mask in masks]
    if params["select"] == "stable":  # who passes is known when all images are
        return row | {"score": reliability(masks, task)}
    row["why"] = SELECTORS[params["select"]](row | {"passes": rating.get("passes")}, seen, task, label_HW)
    row["kept"] = int(not row["why"])
    return row


def _rank(rows: Sequence[dict], share: float, task: Task) -> None:
    """Keep the `share` of the images on which those who vote agree most."""
    for row, passes in zip(rows, most_reliable([row["score"] for row in rows], share), strict=True):
        row["score"] = f"{row['score']:.6f}"
        row["why"] = SELECTORS["stable"](row | {"passes": str(int(passes))}, [], task, np.empty((0, 0), np.uint8))
        row["kept"] = int(not row["why"])


def _chosen(
    group: Sequence[dict], masks: list[np.ndarray], before: dict | None, rule: str
) -> tuple[list[np.ndarray], dict]:
    """The one mask that a choosing labeler takes (a list, empty for other labelers), and what is known of its quality."""
    if rule not in CHOOSING:
        return [], {}
    if rule in ("best", "mean"):
        first = [read_mask(row["prediction"]) for row in group if row["teacher"] == MEAN]
        return first or masks[:1], {}
    best = max(group, key=lambda row: float(row["score"]))  # ties: the better teacher
    # a mask that was good enough stays until a better one comes (section 5.2)
    if before is not None and before["kept"] == "1" and float(before["score"]) >= float(best["score"]):
        return [read_mask(before["label"])], {"score": before["score"], "passes": "1"}
    return [masks[group.index(best)]], best


def _changed(label_HW: np.ndarray, doubt_HW: np.ndarray, before: dict | None) -> float | str:
    """Share of the pixels without doubt now and in the generation before whose label is another one; "" without one."""
    if before is None:
        return ""
    both = (doubt_HW == 0) & (read_mask(before["doubt"]) == 0)
    changed = (label_HW != read_mask(before["label"])) & both
    return round(float(changed.sum() / max(1, both.sum())), 6)
