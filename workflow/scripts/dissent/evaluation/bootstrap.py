"""Two pools compared: counts of every student and image, and paired intervals of the difference of their mean scores.

Legend of shapes: as in evaluation/metrics.py, and S students of a pool first.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dissent.core.columns import COUNTED, COUNTS
from dissent.core.files import UserError, read_table
from dissent.core.seeds import generator
from dissent.evaluation import metrics
from dissent.evaluation.intervals import Interval, Scores, interval

Table = str | Path

_AT_ONCE = 20_000_000  # numbers in memory at a time: draws of images


class Counted(NamedTuple):
    """What a pool found in one subset."""

    ids: list[str]
    """of the images"""
    groups: list[str]
    """of each image: what is drawn together, as it comes from one source; its own id where a table is of an earlier version"""
    counts_SNL4: np.ndarray


def pool_counts(table: str | Path, subset: str) -> Counted:
    """The pixel counts of each student of the pool, from one subset of counts.csv."""
    found: dict[str, dict[str, list[list[int]]]] = {}
    groups: dict[str, str] = {}
    wanted = [name for name in COUNTED if name != "group"]
    for row in read_table(table, (*wanted, *COUNTS)):
        if row["subset"] == subset and row["who"] != "ensemble" and not row["label"].startswith(metrics.CELL_ROWS):
            numbers = [int(row[name]) for name in COUNTS]
            found.setdefault(row["who"], {}).setdefault(row["id"], []).append(numbers)
            groups[row["id"]] = row.get("group") or row["id"]
    if not found:
        raise UserError(f"{table} counts no {subset} images; delete it and run the same command again")
    ids = sorted(next(iter(found.values())))
    counts_SNL4 = np.array([[images[name] for name in ids] for images in found.values()])
    return Counted(ids, [groups[name] for name in ids], counts_SNL4)


def same_images(tables: Iterable[Table], subset: str) -> Iterator[Counted]:
    """The counts of several pools in one subset, one by one; UserError where two are of different images."""
    first: tuple[Table, list[str]] | None = None
    for table in tables:
        counted = pool_counts(table, subset)
        first = first or (table, counted.ids)
        if counted.ids != first[1]:
            raise UserError(
                f"{first[0]} and {table} were made on different images; delete both and run the same command again"
            )
        yield counted


def difference(
    ours: Table | Sequence[Table],
    theirs: Table | Sequence[Table],
    subset: str,
    score: str,
    task: dict,
    repeats: int = 1000,
) -> Interval:
    """The difference of the mean scores of two pools, by their counts.csv, and its 95 % interval: see `paired`.

    Several tables are the same two pools under several seeds, in the same order.
    """
    first, second = ([one] if isinstance(one, Table) else list(one) for one in (ours, theirs))
    assert len(first) == len(second), (first, second)
    counted = list(same_images([*first, *second], subset))
    counts = [one.counts_SNL4 for one in counted]
    pools = list(zip(counts[: len(first)], counts[len(first) :], strict=True))
    return paired(pools, metrics.scorer(score, task), generator("verdict"), repeats, groups=counted[0].groups)


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
    groups: Sequence[str] | None = None,
    images_alone: bool = False,
) -> Interval:
    """Mean score of pools a minus that of pools b, and its interval (`intervals.interval`).

    `pools` holds the counts `(S, N, L, 4)` of a and b under each seed. Groups of images are drawn with replacement, the
    same for all pools; an interval over images alone would forget that other students and seeds score otherwise.
    """
    scores = iter(scores_of([pool for both in pools for pool in both], scorer, random, repeats, groups))
    return interval([list(both) for both in zip(scores, scores, strict=True)], level, images_alone)


def scores_of(
    pools: Sequence[np.ndarray],
    scorer: metrics.Score,
    random: np.random.Generator,
    rounds: int,
    groups: Sequence[str] | None = None,
) -> list[Scores]:
    """Scores of each pool's students, on all images and on those of each round: groups drawn with replacement, the same for all pools.

    `groups`: of each image; none: each by itself.
    """
    images = pools[0].shape[1]
    names, group_N = np.unique(np.arange(images) if groups is None else groups, return_inverse=True)
    step = max(1, _AT_ONCE // images)
    parts: list[list[np.ndarray]] = [[] for _ in pools]
    for first in range(0, rounds, step):
        size = min(step, rounds - first)
        times_RG = random.multinomial(len(names), np.full(len(names), 1 / len(names)), size=size)
        times_RN = times_RG[:, group_N].astype(float)
        for part, pool in zip(parts, pools, strict=True):
            part.append(np.stack([scorer.statistic(counts.astype(float), times_RN)[0] for counts in pool]))
    return [
        Scores(np.array([_known(scorer(counts)["value"]) for counts in pool]), np.concatenate(part, 1), len(names))
        for pool, part in zip(pools, parts, strict=True)
    ]


def _known(value: float | None) -> float:
    return np.nan if value is None else value
