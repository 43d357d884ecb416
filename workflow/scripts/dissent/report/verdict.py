"""Did the generations pay? One sentence, with an interval, by a fixed rule."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from dissent import metrics
from dissent.files import read_table
from dissent.seeds import generator


def pool_counts(table: str | Path, side: str) -> tuple[list[str], np.ndarray]:
    """Image ids and the counts (S, N, L, 4) of each student of the pool, from one side of counts.csv."""
    found: dict[str, dict[str, list[list[int]]]] = {}
    for row in read_table(table):
        if row["side"] == side and row["who"] != "ensemble":
            numbers = [int(row[name]) for name in ("tp", "fp", "fn", "tn")]
            found.setdefault(row["who"], {}).setdefault(row["id"], []).append(numbers)
    ids = sorted(next(iter(found.values())))
    return ids, np.array([[images[name] for name in ids] for images in found.values()])


def difference(
    ours: str | Path, theirs: str | Path, side: str, score: str, task: dict, repeats: int = 1000
) -> tuple[float, float, float]:
    """The difference of two pools' scores and its 95 % interval: a bootstrap of students and images.

    Each pool's counts are summed over its students. Every draw takes students of each pool and images, all with
    replacement, the same images for both: an interval over images alone would forget that other students score otherwise.
    """
    our_ids, a_SNL4 = pool_counts(ours, side)
    their_ids, b_SNL4 = pool_counts(theirs, side)
    if our_ids != their_ids:
        raise ValueError(f"{ours} and {theirs} were made on different images")
    scorer, random, drawn = metrics.scorer(score, task), generator("verdict"), []
    for _ in range(repeats):
        times = np.bincount(random.integers(len(our_ids), size=len(our_ids)), minlength=len(our_ids))[None].astype(
            float
        )
        pools = [pool[random.integers(len(pool), size=len(pool))].sum(0).astype(float) for pool in (a_SNL4, b_SNL4)]
        a, b = (scorer.statistic(pool, times)[0][0] for pool in pools)
        drawn.append(a - b)
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    value = scorer(a_SNL4.sum(0))["value"] - scorer(b_SNL4.sum(0))["value"]
    return value, float(low), float(high)


def verdict(last: Path, controls: Mapping[str, str], row: dict, side: str, task: dict) -> str:
    """The report's first sentence: the last generation against each of `controls` (none of them an upper bound).

    `controls`: {name: folder of its last generation}; `row`: metrics.json of the last generation. The rule: worth it where the
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
        f"{100 * value:+.1f} points against {name} (95 % interval over students and images {100 * low:+.1f} to {100 * high:+.1f})"
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
