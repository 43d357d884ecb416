"""Rate the masks of unlabelled images: by EvalNets, or by the truth (an upper bound). Section 5, 11 and 5.2."""

from typing import TYPE_CHECKING

import numpy as np

from dissent.core.columns import SCORES
from dissent.core.files import UNKNOWN, UserError, read_json, read_mask, read_table, verify, write_table
from dissent.core.seeds import generator
from dissent.core.task import Task, taught
from dissent.pseudolabels import quality
from dissent.pseudolabels.evalnet_examples import blocked
from dissent.steps.predict import load_pool
from dissent.steps.train_evalnet import rate
from dissent.training.data import apply_doubt, load_images

if TYPE_CHECKING:
    from dissent.core import arguments


def score_pairs(
    params: "arguments.Rating",
    table: str,
    unlabelled: str,
    thresholds: str,
    evalnets: str | None,
    hidden: str | None,
    out: str,
    device: str,
) -> dict:
    """Write one row for each mask of `table`, predictions.csv or masks.csv: its score, its copies, whether it is selected.

    `thresholds`: as `measure_thresholds` wrote them. Rated by the networks of `evalnets`, or by `hidden` labels.
    Returns {"images"} for the cost.
    """
    task, limits = Task(params["task"]), read_json(thresholds)
    images = {row["id"]: row for row in read_table(unlabelled)}
    rows = read_table(table)
    if hidden is not None:
        labels = {row["id"]: row for row in read_table(hidden)}
        if missing := next((row["id"] for row in rows if row["id"] not in labels), None):
            raise UserError(
                f"{hidden} has no mask of {missing}: `quality.by: truth` rates every unlabelled image by its hidden mask; "
                "leave images without one out of `unlabelled`, or let EvalNets rate (`quality: {by: evalnets}`)"
            )
        scores = [_true_score(row, labels[row["id"]], task, table, hidden) for row in rows]
    else:
        assert evalnets, "who rates is one of the two"
        skip_doubt = task.doubt_class and params["rated"] == "masks"
        pool = load_pool(evalnets, [row for row in read_json(evalnets)["pool"] if row["teacher"]], device)
        scores = []
        for first in range(0, len(rows), params["batch_size"]):
            chunk = rows[first : first + params["batch_size"]]
            seen = _seen(chunk, images, task, params, table, unlabelled)
            scores += [
                quality.rating(one, skip_doubt)
                for one in rate(seen, pool, params["batch_size"], device, params["precision"])
            ]
    written = [
        {
            "id": row["id"],
            "teacher": row.get("teacher", ""),
            "score": f"{score:.6f}",
            "noise_copies": quality.copies(score, limits["low"], limits["high"]),
            "passes": int(score >= limits["high"]),
        }
        for row, score in zip(rows, scores, strict=True)
    ]
    write_table(out, written, SCORES)
    return {"images": len(rows)}


def _seen(
    chunk: list[dict], images: dict, task: Task, params: "arguments.Rating", table: str, unlabelled: str
) -> np.ndarray:
    """What EvalNets take: image and planes of the mask, black and empty where there is doubt."""
    pixels = load_images([images[row["id"]] for row in chunk], unlabelled, params["channels"])
    stacked = []
    for row, image in zip(chunk, pixels, strict=True):
        mask, doubt = _mask_of(row, table)
        if doubt is not None:
            image, mask = apply_doubt(image, mask, doubt, blocked(task), generator("blocked"))
        stacked.append(np.concatenate([image, task.planes_of(mask).transpose(1, 2, 0).astype(np.uint8)], 2))
    return np.stack(stacked)


def _mask_of(row: dict, table: str) -> tuple[np.ndarray, np.ndarray | None]:
    """The mask of a row of predictions.csv, or the label and the doubt of one of masks.csv; verified."""
    if "prediction" in row:
        verify(row["prediction"], row["sha256"], table)
        return read_mask(row["prediction"]), None
    for name in ("label", "doubt"):
        verify(row[name], row[f"{name}_sha256"], table)
    return read_mask(row["label"]), read_mask(row["doubt"])


def _true_score(row: dict, label: dict, task: Task, table: str, hidden: str) -> float:
    """Mean IoU over the classes of the hidden label, which counts as empty where there is doubt (GT_IM++; section 5, 13).

    Where every id is a class nothing is empty, and what is in doubt is not compared.
    """
    verify(label["label"], label["label_sha256"], hidden)
    mask, doubt = _mask_of(row, table)
    right = read_mask(label["label"])
    if doubt is not None:
        mask, right = (np.where(doubt != 0, np.uint8(taught(blocked(task))), one) for one in (mask, right))
    known = right != UNKNOWN
    told = quality.truth(mask, right, None, task)
    present = task.planes_of(np.where(known, right, np.uint8(0)))[:, known].any(1)
    return float(told.iou[present].mean()) if present.any() else 0.0
