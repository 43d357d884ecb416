"""Did the generations pay? One sentence, with intervals, by a fixed rule."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dissent.evaluation.bootstrap import difference
from dissent.report.run_results import Generation

AGAINST = ("aldt", "ldt_equal_steps")
"""what generations have to beat (docs/explanation/protocol.md): labels with augmentation, to be recommended, and what steps alone are worth"""


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
    def found(self) -> tuple[float, float, float] | None:
        """The difference and the ends of its interval."""
        if self.value is None or self.low is None or self.high is None:
            return None
        return self.value, self.low, self.high

    @property
    def told(self) -> str:
        """The difference in points."""
        if self.found is None:
            return f"{self.name} cannot be compared, as one of the two has no score"
        value, low, high = (_points(part) for part in self.found)
        return f"{value} points against {self.name}{self.unequal} (95 % interval {low} to {high})"


@dataclass(frozen=True)
class Verdict:
    """The sentence, and what it rests on."""

    sentence: str
    paid: bool
    against: list[Against]


def verdict(
    run: Mapping, last: Generation, others: Mapping[str, Generation], subset: str, task: dict, made: int = 0
) -> Verdict:
    """The report's first sentence: what the generations were worth.

    It compares the last generation, or the kept one, with each of `others` (`{name: its last}`).

    `run`: method, upper_bounds (names of `others` that read hidden masks). `made`: generations after gen0. The rule: it
    was worth it where the interval of the difference to every control lies above 0. Upper bounds are no controls, and
    neither is `gen0`, the run's own start.
    """
    row, ours = last.metrics, last.folder / "counts.csv"
    score, part = row["score"], row[subset]
    against = []
    for name, one in others.items():
        found = difference(ours, one.folder / "counts.csv", subset, score, task)
        unequal = (
            "" if set(one.steps) == set(last.steps) else f" at {one.steps_told} steps a student, not {last.steps_told}"
        )
        against.append(Against(name, name not in (*run["upper_bounds"], "gen0"), *found, unequal))
    mean = part["pool"][score]["mean"]
    number = "no score" if mean is None else f"{score} {100 * mean:.1f}"
    reached = (
        f"gen{last.number} of {run['method']} reaches {number} on {part['images']:,} {subset} images (mean of its pool)"
    )
    judged = [one for one in against if one.judged]
    if not last.number and made:
        return Verdict(f"Not worth it here, as none of {made} generations scores better: {reached}.", False, against)
    if not last.number:
        return Verdict(
            f"No generations to judge, as this run learns from given labels alone: {reached}.", False, against
        )
    if not judged:
        remedy = f"add `controls: [{', '.join(AGAINST)}]` to the experiment"
        words = f"Without controls nothing can be said on whether the generations paid; {remedy}"
        return Verdict(f"{words}: {reached}.", False, against)
    words, paid = _judge(judged)
    missing = [name for name in AGAINST if name not in others]
    but = f"; not compared with {' and '.join(missing)}, which did not run" if missing else ""
    return Verdict(f"{words}: {reached}, {' and '.join(one.told for one in judged)}{but}.", paid, against)


def _judge(judged: Sequence[Against]) -> tuple[str, bool]:
    intervals = {one.name: one.found[1:] for one in judged if one.found is not None}
    if len(intervals) < len(judged):
        return "Not worth it here as far as these images can tell: a score is missing", False
    better = [name for name, (_, high) in intervals.items() if high < 0]
    if better:
        return f"Not worth it here, as {' and '.join(better)} {'is' if len(better) == 1 else 'are'} better", False
    unclear = [name for name, (low, _) in intervals.items() if not low > 0]
    if unclear:
        those = f"the {'interval' if len(unclear) == 1 else 'intervals'} against {' and '.join(unclear)}"
        holds = "includes" if len(unclear) == 1 else "include"
        return f"Not worth it here as far as these images can tell ({those} {holds} 0)", False
    return "The generations were worth it here", True


def _points(value: float) -> str:
    return f"{100 * value:+.1f}"
