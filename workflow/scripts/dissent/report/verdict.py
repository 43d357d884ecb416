"""Did the generations pay? One sentence, with an interval, by a fixed rule."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from dissent import metrics
from dissent.files import read_table


def pool_counts(table: str | Path, side: str) -> tuple[list[str], np.ndarray]:
    """Image ids and counts (N, L, 4) of one side of counts.csv, summed over the students of the pool."""
    found: dict[str, dict[str, np.ndarray]] = {}
    for row in read_table(table):
        if row["side"] == side and row["who"] != "ensemble":
            numbers = np.array([int(row[name]) for name in ("tp", "fp", "fn", "tn")])
            labels = found.setdefault(row["id"], {})
            labels[row["label"]] = labels.get(row["label"], 0) + numbers
    ids = sorted(found)
    return ids, np.stack([np.stack(list(found[name].values())) for name in ids])


def difference(ours: str | Path, theirs: str | Path, side: str, score: str, task: dict) -> tuple[float, float, float]:
    """The difference of two pools' scores and its 95 % interval: a paired bootstrap of the images of `side`."""
    our_ids, a = pool_counts(ours, side)
    their_ids, b = pool_counts(theirs, side)
    if our_ids != their_ids:
        raise ValueError(f"{ours} and {theirs} were made on different images")
    scorer = metrics.scorer(score, task)
    return scorer(a)["value"] - scorer(b)["value"], *metrics.paired_interval(a, b, scorer, seed=0)


def verdict(last: Path, controls: Mapping[str, str], row: dict, side: str, task: dict) -> str:
    """The report's first sentence: the last generation against each of `controls` (none of them an upper bound).

    `controls`: {name: folder of its last generation}; `row`: metrics.json of the last generation. The rule: worth it where the paired
    interval of the difference to every such control is above 0.
    """
    score, pairs = row["score"], []
    for name, folder in controls.items():
        pairs.append((name, *difference(last / "counts.csv", Path(folder) / "counts.csv", side, score, task)))
    mean = row[side]["pool"][score]["mean"]
    start = f"{last.name} reaches {score} {100 * mean:.1f} on {row[side]['images']} {side} images (mean of its pool)"
    if not pairs:
        return f"{start}. Without controls nothing can be said on whether the generations paid: add `controls: [ldt_equal_steps, aldt]`."
    told = "; ".join(
        f"{100 * value:+.1f} points against {name} (95 % interval {100 * low:+.1f} to {100 * high:+.1f})"
        for name, value, low, high in pairs
    )
    if all(low > 0 for _, _, low, _ in pairs):
        words = "The generations were worth it here."
    elif any(high < 0 for _, _, _, high in pairs):
        words = "Not worth it here: a control without pseudo-labels is better."
    else:
        words = (
            "Not worth it here as far as these images can tell: the interval against at least one control includes 0."
        )
    return f"{words} {start}: {told}."
