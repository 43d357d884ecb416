"""What teachers from outside say, as probabilities beside those of networks, and how well they do on validation images."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from dissent.core.columns import LABELLED, PREDICTIONS
from dissent.core.files import read_json, read_mask, read_table, sha256, verify
from dissent.evaluation import metrics
from dissent.evaluation.counting import count_all, count_cells


def scored(tables: Sequence[str], val: str | None, task: dict, score: str) -> list[dict]:
    """`external` of teachers.json: each teacher's table with its digest, and its score on `val` (None: it has no masks there)."""
    return [
        {
            "teacher": Path(table).stem,
            "table": table,
            "score": _score(table, val, task, score) if val and _about(table)["scored"] else None,
            "sha256": sha256(table),
        }
        for table in tables
    ]


def _about(table: str) -> dict:
    return read_json(Path(table).with_suffix(".json"))


def _score(table: str, val: str, task: dict, score: str) -> float | None:
    said = said_by(table)
    rows = read_table(val, LABELLED)
    for row in rows:
        verify(row["label"], row["label_sha256"], val)
    truths = np.stack([read_mask(row["label"]) for row in rows])
    masks = np.stack([said(row["id"]) for row in rows])
    counts = (count_cells if score == "mcce" else count_all)(masks, truths, task)
    return metrics.scorer(score, task)(counts)["value"]


def said_by(table: str, expected: str = "", named_in: str = "") -> Callable[[str], np.ndarray]:
    """The function from an image's id to the mask (H, W) of one teacher from outside, which is verified.

    `expected`: the digest that `named_in` has of the table.
    """
    if expected:
        verify(table, expected, named_in)
    rows = {row["id"]: row for row in read_table(table, PREDICTIONS)}

    def said(name: str) -> np.ndarray:
        verify(rows[name]["prediction"], rows[name]["sha256"], table)
        return read_mask(rows[name]["prediction"])

    return said
