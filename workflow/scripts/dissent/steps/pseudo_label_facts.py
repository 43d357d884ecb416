"""What a generation's pseudo-labels are, counted: the part of metrics.json that follows from masks.csv."""

import numpy as np

from dissent.core.files import UNKNOWN, read_mask, read_table, verify
from dissent.core.task import Task
from dissent.evaluation.diagnostic_facts import empties, small_of_dropped
from dissent.pseudolabels.learned import shares


def pseudo_labels(masks: str, labelled: str, task: Task, target: str) -> dict:
    """What masks.csv says of all images: doubt, kept, dropped and why, churn, and the classes that are learned against those of annotators."""
    rows = read_table(masks)
    kept, given = [row for row in rows if row["kept"] == "1"], read_table(labelled)
    reasons = sorted({row["why"] for row in rows if row["why"]})
    changed = [float(row["changed_share"]) for row in rows if row["changed_share"]]
    for row in given:
        verify(row["label"], row["label_sha256"], labelled)
    masks_of_people = (read_mask(row["label"]) for row in given)  # one at a time: there may be many
    counted = [np.append(task.pixels(mask), np.count_nonzero(mask != UNKNOWN)) for mask in masks_of_people]
    *people, known = np.sum(counted, axis=0)
    names = task.histogram_names
    return {
        "images": len(rows),
        "kept": len(kept),
        "dropped": {why: sum(row["why"] == why for row in rows) for why in reasons},
        "doubt_share": float(np.mean([float(row["doubt_share"]) for row in rows])),
        "disagreement": sum(int(row["doubt_pixels"]) for row in rows) / max(1, sum(int(row["pixels"]) for row in rows)),
        "changed_share": float(np.mean(changed)) if changed else None,
        "class_share": shares(kept, task, target),
        "labelled_class_share": {name: _share(pixels, known) for name, pixels in zip(names, people, strict=True)},
        "kept_for_doubt": task.labels[0] if task.doubt_class else None,
        "small_of_dropped": small_of_dropped(rows),
    } | empties(task, rows, given)


def _share(pixels: int, known: int) -> float | None:
    """Of the pixels whose label is known: labels that overlap may have all of them at once."""
    return float(pixels / known) if known else None
