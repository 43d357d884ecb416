"""When more generations bring nothing: a pure function over the validation counts of the generations so far. No torch."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from dissent.core.seeds import generator
from dissent.evaluation import metrics
from dissent.evaluation.bootstrap import mean_score, paired
from dissent.evaluation.intervals import Interval

LEVEL = 0.6
"""of the interval that must lie above 0: four of five draws. The verdict's 95 % would stop while scores still rise"""


@dataclass(frozen=True)
class Turn:
    """One generation: the mean validation score of its pool, and what it gained over the best so far."""

    generation: int
    mean: float | None
    against: int | None = None
    """the last generation that brought a gain; None for gen0"""
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    gain: bool = False
    rises: bool = False
    """no gain over the best so far, but over the generation before: after a fall scores may rise past the best"""


@dataclass(frozen=True)
class Decision:
    """What is known after the last of the turns."""

    turns: list[Turn]
    kept: int
    """the generation whose pool has the highest mean; the earlier of equals"""
    stop: bool

    def as_dict(self) -> dict:
        """The decision as plain values, as metrics.json has it."""
        return asdict(self)


def decide(
    pools: Sequence[np.ndarray],
    scorer: metrics.Score,
    patience: int,
    repeats: int = 1000,
    groups: Sequence[str] | None = None,
) -> Decision:
    """Whether to stop after these generations, and which to keep.

    `pools`: counts `(S, N, L, 4)` of each generation from gen0 on, of the same validation images, whose `groups` are drawn. A generation brings a
    gain where its difference to the best so far has a paired interval above 0 (over students and images; over images alone where each pool is one student). The best so
    far is the last that brought a gain, so that small gains add up. It stops when `patience` generations have brought
    none since, those that rise again not counted.
    """

    def compared(g: int, other: int) -> Interval:
        random = generator("stopping", g, other)
        return paired([(pools[g], pools[other])], scorer, random, repeats, LEVEL, groups, images_alone=True)

    turns = [Turn(0, mean_score(pools[0], scorer))]
    best = waited = 0
    for g in range(1, len(pools)):
        value, low, high = compared(g, best)
        gain = _above(low)
        rises = not gain and g - 1 != best and _above(compared(g, g - 1)[1])
        turns.append(Turn(g, mean_score(pools[g], scorer), best, value, low, high, gain, rises))
        best, waited = (g, 0) if gain else (best, waited + (not rises))
    kept = max(turns, key=lambda turn: (*worth(pools[turn.generation], scorer), -turn.generation)).generation
    return Decision(turns, kept, waited >= patience)


def worth(counts_SNL4: np.ndarray, scorer: metrics.Score) -> tuple[float, int]:
    """How good a pool is; the larger is better.

    First counts the mean of the scores there are, then how many students have none.

    A student has no score when it found nothing where there was nothing to find (`merit`). A pool in which nobody has a
    score is above one whose mean is 0.
    """
    values = [scorer(counts)["value"] for counts in counts_SNL4]
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else 0.0, len(values) - len(known)


def _above(low: float | None) -> bool:
    return low is not None and low > 0


def sentence(decision: Decision, patience: int, score: str) -> str:
    """Which generation is kept and why, and why no more are made, in words."""
    last, kept = decision.turns[-1].generation, decision.turns[decision.kept]
    why = f"gen{kept.generation} is kept, whose pool has the highest mean {score} {100 * (kept.mean or 0):.1f} on validation"
    if kept.mean is None:
        why = f"gen{kept.generation} is kept by chance, as validation gives no score: its images show no object"
    if not decision.stop:
        return f"of gen0 to gen{last}, {why}" if last else why
    several = f"{patience} generations" if patience > 1 else "one generation"
    return f"stopped after gen{last}, as {several} brought no gain over gen{decision.turns[-1].against}; {why}"
