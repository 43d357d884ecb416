"""Two pools compared: counts of every student and image, and paired intervals of the difference of their mean scores.

Legend of shapes: as in evaluation/metrics.py, and S students of a pool first.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from dissent.core.columns import COUNTED, COUNTS
from dissent.core.files import UserError, read_table
from dissent.core.seeds import generator
from dissent.evaluation import metrics

Table = str | Path

_AT_ONCE = 20_000_000  # numbers in memory at a time: draws of images


def pool_counts(table: str | Path, subset: str) -> tuple[list[str], np.ndarray]:
    """Image ids, and the pixel counts `(S, N, L, 4)` of each student of the pool, from one subset of counts.csv."""
    found: dict[str, dict[str, list[list[int]]]] = {}
    for row in read_table(table, (*COUNTED, *COUNTS)):
        if row["subset"] == subset and row["who"] != "ensemble" and not row["label"].startswith(metrics.CELL_ROWS):
            numbers = [int(row[name]) for name in COUNTS]
            found.setdefault(row["who"], {}).setdefault(row["id"], []).append(numbers)
    if not found:
        raise UserError(f"{table} counts no {subset} images; delete it and run the same command again")
    ids = sorted(next(iter(found.values())))
    return ids, np.array([[images[name] for name in ids] for images in found.values()])


def same_images(tables: Iterable[Table], subset: str) -> Iterator[np.ndarray]:
    """The counts of several pools in one subset, one by one; UserError where two are of different images."""
    first: tuple[Table, list[str]] | None = None
    for table in tables:
        ids, counts_SNL4 = pool_counts(table, subset)
        first = first or (table, ids)
        if ids != first[1]:
            raise UserError(
                f"{first[0]} and {table} were made on different images; delete both and run the same command again"
            )
        yield counts_SNL4


def difference(
    ours: Table | Sequence[Table],
    theirs: Table | Sequence[Table],
    subset: str,
    score: str,
    task: dict,
    repeats: int = 1000,
) -> tuple[float | None, float | None, float | None]:
    """The difference of the mean scores of two pools, by their counts.csv, and its 95 % interval: see `paired`.

    Several tables are the same two pools under several seeds, in the same order.
    """
    first, second = ([one] if isinstance(one, Table) else list(one) for one in (ours, theirs))
    assert len(first) == len(second), (first, second)
    counts = list(same_images([*first, *second], subset))
    pools = list(zip(counts[: len(first)], counts[len(first) :], strict=True))
    return paired(pools, metrics.scorer(score, task), generator("verdict"), repeats)


def mean_score(counts_SNL4: np.ndarray, scorer: metrics.Score) -> float | None:
    """Mean over students of the score of the set; None where a student has none."""
    values = [scorer(counts)["value"] for counts in counts_SNL4]
    return None if None in values else float(np.mean(values))


def paired(
    pools: Sequence[tuple[np.ndarray, np.ndarray]],
    scorer: metrics.Score,
    random: np.random.Generator,
    repeats: int = 1000,
    level: float = 0.95,
) -> tuple[float | None, float | None, float | None]:
    """Mean score of pools a minus that of pools b, and its interval: a bootstrap of seeds, students and images.

    `pools` holds the counts `(S, N, L, 4)` of a and b under each seed. Every draw takes seeds, students of each pool
    and images, all with replacement. The images are the same for all. An interval over images alone would forget that
    other students score otherwise. Nones where a pool has no score.
    """
    means = [(mean_score(first, scorer), mean_score(second, scorer)) for first, second in pools]
    whole = [a - b for a, b in means if a is not None and b is not None]
    if len(whole) < len(means):
        return None, None, None
    scores = iter(scores_on_draws([pool for both in pools for pool in both], scorer, random, repeats))
    apart = [mean_of_drawn(a, random) - mean_of_drawn(b, random) for a, b in zip(scores, scores, strict=True)]
    low, high = np.nanquantile(mean_of_drawn(np.stack(apart), random), [(1 - level) / 2, (1 + level) / 2])
    return float(np.mean(whole)), float(low), float(high)


def scores_on_draws(
    pools: Sequence[np.ndarray], scorer: metrics.Score, random: np.random.Generator, rounds: int
) -> list[np.ndarray]:
    """Scores (S, R) of each pool's students on images drawn with replacement in each of R rounds, the same for all pools."""
    images = pools[0].shape[1]
    step = max(1, _AT_ONCE // images)
    parts: list[list[np.ndarray]] = [[] for _ in pools]
    for first in range(0, rounds, step):
        size = min(step, rounds - first)
        times_RN = random.multinomial(images, np.full(images, 1 / images), size=size).astype(float)
        for part, pool in zip(parts, pools, strict=True):
            part.append(np.stack([scorer.statistic(counts.astype(float), times_RN)[0] for counts in pool]))
    return [np.concatenate(part, 1) for part in parts]


def mean_of_drawn(values_KR: np.ndarray, random) -> np.ndarray:
    """The mean of K values that are drawn with replacement from the K values of each of R rounds: `(R,)`."""
    if len(values_KR) == 1:
        return values_KR[0]
    return np.take_along_axis(values_KR, random.integers(len(values_KR), size=values_KR.shape), 0).mean(0)
