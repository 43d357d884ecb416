"""Counts of right and wrong pixels, or of cells, for a stack of masks."""

import numpy as np

from dissent.evaluation import metrics
from dissent.evaluation.cell_counting import cell_counts, redrawn_mask


def count_all(predictions_NHW: np.ndarray, targets_NHW: np.ndarray, task: dict) -> np.ndarray:
    """`metrics.counts` of every image: (N, L, 4)."""
    pairs = zip(predictions_NHW, targets_NHW, strict=True)
    counted = [metrics.counts(prediction, target, task) for prediction, target in pairs]
    return np.stack(counted) if counted else np.zeros((0, len(task["labels"]), 4), np.int64)


def count_cells(predictions_NHW: np.ndarray, targets_NHW: np.ndarray, task: dict) -> np.ndarray:
    """`cell_counting.cell_counts` of every image: (N, L, 4)."""
    pairs = zip(predictions_NHW, targets_NHW, strict=True)
    counted = [cell_counts(prediction, target, task["labels"], task["cells"]) for prediction, target in pairs]
    return np.stack(counted) if counted else np.zeros((0, len(task["labels"]), 4), np.int64)


def count_redrawn(predictions_NHW: np.ndarray, targets_NHW: np.ndarray, task: dict) -> np.ndarray:
    """`metrics.counts` with the predicted positions redrawn as discs (section 6.3): (N, L, 4)."""
    redrawn = [redrawn_mask(prediction, task["labels"], task["cells"]) for prediction in predictions_NHW]
    return count_all(np.stack(redrawn) if redrawn else predictions_NHW, targets_NHW, task)


CELL_COUNTS = {"published_iou": count_redrawn, "published_dice": count_redrawn, "mcce": count_cells}
"""score of a task that marks cells: what it counts; the other scores count pixels as they are"""
