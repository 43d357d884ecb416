"""Did the generations pay? One sentence, with intervals, by a fixed rule."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dissent import metrics
from dissent.files import UserError, read_table
from dissent.report.story import Generation
from dissent.seeds import generator

# What generations have to beat: labels alone for as many steps, and labels with augmentation (docs/protocol.md).
EXPECTED = ("ldt_equal_steps", "aldt")
_AT_ONCE = 20_000_000  # numbers in memory at a time: draws of images


@dataclass(frozen=True)
class Against:
    """The last generation's score minus another pool's, with its interval; None where there is no score."""

    name: str
    judged: bool
    """whether the verdict rests on it: neither an upper bound nor the run's own gen0"""
    value: float | None
    low: float | None
    high: float | None
    unequal: str = ""
    """words on its steps where they are not the run's"""

    @property
    def told(self) -> str:
        """The difference in points."""
        if self.value is None:
            return f"{self.name} cannot be compared, as one of the two has no score"
        low, high = (_points(bound) for bound in (self.low, self.high))
        return f"{_points(self.value)} points against {self.name}{self.unequal} (95 % interval {low} to {high})"


@dataclass(frozen=True)
class Verdict:
    """The sentence, and what it rests on."""

    sentence: str
    paid: bool
    against: list[Against]


def pool_counts(table: str | Path, side: str) -> tuple[list[str], np.ndarray]:
    """Image ids and the counts (S, N, L, 4) of pixels of each student of the pool, from one side of counts.csv."""
    found: dict[str, dict[str, list[list[int]]]] = {}
    for row in read_table(table):
        if row["side"] == side and row["who"] != "ensemble" and not row["label"].startswith(metrics.CELL_ROWS):
            numbers = [int(row[name]) for name in ("tp", "fp", "fn", "tn")]
            found.setdefault(row["who"], {}).setdefault(row["id"], []).append(numbers)
    if not found:
        raise UserError(f"{table} counts no {side} images; delete it and run the same command again")
    ids = sorted(next(iter(found.values())))
    return ids, np.array([[images[name] for name in ids] for images in found.values()])


def difference(
    ours: str | Path, theirs: str | Path, side: str, score: str, task: dict, repeats: int = 1000
) -> tuple[float | None, float | None, float | None]:
    """The difference of the mean scores of two pools and its 95 % interval: a bootstrap of students and images.

    Every draw takes students of each pool and images, all with replacement, the same images for both: an interval over
    images alone would forget that other students score otherwise. Nones where a pool has no score.
    """
    our_ids, a_SNL4 = pool_counts(ours, side)
    their_ids, b_SNL4 = pool_counts(theirs, side)
    if our_ids != their_ids:
        raise UserError(
            f"{ours} and {theirs} were made on different images; delete both and run the same command again"
        )
    scorer, random = metrics.scorer(score, task), generator("verdict")
    whole = [[scorer(counts)["value"] for counts in pool] for pool in (a_SNL4, b_SNL4)]
    if any(value is None for pool in whole for value in pool):
        return None, None, None
    drawn: list[np.ndarray] = []
    images = len(our_ids)
    while sum(map(len, drawn)) < repeats:
        rounds = min(repeats - sum(map(len, drawn)), max(1, _AT_ONCE // images))
        times_RN = random.multinomial(images, np.full(images, 1 / images), size=rounds).astype(float)
        a, b = (_drawn_means(pool, times_RN, scorer, random) for pool in (a_SNL4, b_SNL4))
        drawn.append(a - b)
    low, high = np.nanquantile(np.concatenate(drawn), [0.025, 0.975])
    return float(np.mean(whole[0]) - np.mean(whole[1])), float(low), float(high)


def _drawn_means(pool_SNL4: np.ndarray, times_RN: np.ndarray, scorer: metrics.Score, random) -> np.ndarray:
    """Mean score of students drawn anew in each of R rounds, each on the images of its round: (R,)."""
    values_SR = np.stack([scorer.statistic(counts.astype(float), times_RN)[0] for counts in pool_SNL4])
    students, rounds = values_SR.shape
    chosen_SR = random.integers(students, size=(students, rounds))
    return np.take_along_axis(values_SR, chosen_SR, 0).mean(0)


def verdict(run: Mapping, last: Generation, others: Mapping[str, Generation], side: str, task: dict) -> Verdict:
    """The report's first sentence: the last generation against each of `others` ({name: its last generation}).

    `run`: method, upper_bounds (names of `others` that read hidden masks). The rule: worth it where the interval of the
    difference to every control lies above 0; neither upper bounds nor `gen0` (the run's own start) are controls.
    """
    row, ours = last.metrics, last.folder / "counts.csv"
    score, part = row["score"], row[side]
    against = []
    for name, one in others.items():
        found = difference(ours, one.folder / "counts.csv", side, score, task)
        unequal = (
            "" if set(one.steps) == set(last.steps) else f" at {one.steps_told} steps a student, not {last.steps_told}"
        )
        against.append(Against(name, name not in (*run["upper_bounds"], "gen0"), *found, unequal))
    mean = part["pool"][score]["mean"]
    number = "no score" if mean is None else f"{score} {100 * mean:.1f}"
    reached = (
        f"gen{last.number} of {run['method']} reaches {number} on {part['images']:,} {side} images (mean of its pool)"
    )
    judged = [one for one in against if one.judged]
    if not last.number:
        return Verdict(
            f"No generations to judge, as this run learns from given labels alone: {reached}.", False, against
        )
    if not judged:
        remedy = f"add `controls: [{', '.join(EXPECTED)}]` to the experiment"
        words = f"Without controls nothing can be said on whether the generations paid; {remedy}"
        return Verdict(f"{words}: {reached}.", False, against)
    words, paid = _judge(judged)
    missing = [name for name in EXPECTED if name not in others]
    but = f"; not compared with {' and '.join(missing)}, which did not run" if missing else ""
    return Verdict(f"{words}: {reached}, {' and '.join(one.told for one in judged)}{but}.", paid, against)


def _judge(judged: Sequence[Against]) -> tuple[str, bool]:
    if any(one.value is None for one in judged):
        return "Not worth it here as far as these images can tell: a score is missing", False
    better = [one.name for one in judged if one.high < 0]
    if better:
        return f"Not worth it here, as {' and '.join(better)} {'is' if len(better) == 1 else 'are'} better", False
    unclear = [one.name for one in judged if not one.low > 0]
    if unclear:
        those = f"the {'interval' if len(unclear) == 1 else 'intervals'} against {' and '.join(unclear)}"
        holds = "includes" if len(unclear) == 1 else "include"
        return f"Not worth it here as far as these images can tell ({those} {holds} 0)", False
    return "The generations were worth it here", True


def _points(value: float) -> str:
    return f"{100 * value:+.1f}"
