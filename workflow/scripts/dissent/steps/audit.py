"""Compare the pseudo-labels with hidden masks, where these exist: the only reader of hidden.csv beside upper bounds.

Runs after training and hands nothing back to it. Needs no torch.
"""

from typing import TYPE_CHECKING

import numpy as np

from dissent.core.files import UNKNOWN, digests, read_mask, read_table, verify, write_json
from dissent.core.task import Task

if TYPE_CHECKING:
    from dissent.core import arguments

DEFINITIONS = {
    "wrong_of_teacher": "share of all known pixels at which the best teacher's prediction is wrong",
    "doubt": "share of all known pixels at which the teachers disagree (multilabel: on any label)",
    "precision": "share of the doubted pixels at which the best teacher is wrong: how often doubt is right",
    "recall": "share of the best teacher's wrong pixels that are doubted: how many errors doubt finds",
    "wrong_of": "of each teacher by its name: share of all known pixels at which its prediction is wrong",
    "wrong_outside": "share of the pixels without doubt at which the agreed label is wrong: what students are told falsely",
}


def audit(params: "arguments.Auditing", hidden: str, masks: str, predictions: str, out: str) -> None:
    """Write audit.json: error inside and outside the doubt, in all and for each true class; {"hidden_masks": 0} without any.

    Multilabel: a pixel counts once a label.
    """
    task = Task(params["task"])
    rows = {row["id"]: row for row in read_table(masks)}
    said: dict[str, dict[int, dict]] = {}
    for row in read_table(predictions):
        said.setdefault(row["id"], {})[int(row["teacher"])] = row
    truths = [row for row in read_table(hidden) if row["id"] in rows]
    result: dict = {"run": params["run"], "generation": params["generation"], "hidden_masks": len(truths)}
    if truths:
        everything = np.zeros((len(task.histogram_names), 6), np.int64)
        kept = np.zeros_like(everything)
        wrong = np.zeros((len(params["voters"]), 2), np.int64)
        for row in truths:
            verify(row["label"], row["label_sha256"], hidden)
            mask = rows[row["id"]]
            for name in ("label", "doubt"):
                verify(mask[name], mask[f"{name}_sha256"], masks)
            votes = [said[row["id"]][number + 1] for number in range(len(wrong))]
            for vote in votes:
                verify(vote["prediction"], vote["sha256"], predictions)
            wrong += [_wrong(task, row, vote) for vote in votes]
            best = said[row["id"]][params["best"]]
            verify(best["prediction"], best["sha256"], predictions)
            counted = _count(task, row, mask, best)
            everything += counted
            kept += counted * int(mask["kept"])
        result |= {
            "definitions": DEFINITIONS,
            "all_images": _shares(everything, task),
            "kept_images": _shares(kept, task),
            "wrong_of": {
                name: _ratio(int(part), int(whole)) for name, (part, whole) in zip(params["voters"], wrong, strict=True)
            },
        }
    write_json(out, result | {"made_from": digests([hidden, masks, predictions], out)})


def _planes(task: Task, mask: np.ndarray) -> np.ndarray:
    """(names, H, W) bool: where each name of the histogram holds."""
    if task.bits:
        return task.unpack(np.where(mask == UNKNOWN, np.uint8(0), mask)).astype(bool)
    return np.stack([mask == index for index in range(len(task.histogram_names))])


def _wrong(task: Task, truth: dict, vote: dict) -> tuple[int, int]:
    """Pixels at which a prediction is wrong, and all that are known; multilabel: once a label."""
    true_HW, said_HW = read_mask(truth["label"]), read_mask(vote["prediction"])
    known = true_HW != UNKNOWN
    if not task.bits:
        return int(((said_HW != true_HW) & known).sum()), int(known.sum())
    differ = _planes(task, said_HW) != _planes(task, true_HW)
    return int((differ & known).sum()), int(known.sum()) * len(differ)


def _count(task: Task, truth: dict, row: dict, teacher: dict) -> np.ndarray:
    """(names, 6): pixels, doubted, teacher wrong, doubted and teacher wrong, not doubted, not doubted and label wrong.

    Exclusive kinds are counted by the true class; multilabel by label.
    """
    true_HW, label_HW = read_mask(truth["label"]), read_mask(row["label"])
    doubt_HW, first_HW = read_mask(row["doubt"]), read_mask(teacher["prediction"])
    known = true_HW != UNKNOWN
    truth_planes = _planes(task, true_HW)
    if task.bits:
        where = np.broadcast_to(known, truth_planes.shape)
        wrong_first = _planes(task, first_HW) != truth_planes
        wrong_label = _planes(task, label_HW) != truth_planes
    else:
        where = truth_planes & known
        wrong_first = np.broadcast_to(first_HW != true_HW, where.shape)
        wrong_label = np.broadcast_to(label_HW != true_HW, where.shape)
    doubt = np.broadcast_to(doubt_HW != 0, where.shape)
    parts = (where, where & doubt, where & wrong_first, where & doubt & wrong_first, where & ~doubt)
    return np.stack([part.sum((1, 2)) for part in (*parts, where & ~doubt & wrong_label)], 1)


def _shares(counts: np.ndarray, task: Task) -> dict:
    def shares(numbers: np.ndarray) -> dict:
        pixels, doubted, wrong, both, sure, wrong_outside = (int(number) for number in numbers)
        return {
            "pixels": pixels,
            "wrong_of_teacher": _ratio(wrong, pixels),
            "doubt": _ratio(doubted, pixels),
            "precision": _ratio(both, doubted),
            "recall": _ratio(both, wrong),
            "wrong_outside": _ratio(wrong_outside, sure),
        }

    names = task.histogram_names
    return shares(counts.sum(0)) | {"classes": {name: shares(counts[i]) for i, name in enumerate(names)}}


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None
