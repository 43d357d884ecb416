"""The one rule of reports and studies: how a method stands to its controls, and what would tell where that is open."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dissent.evaluation.intervals import Interval, enough

AGAINST = ("aldt", "ldt_equal_steps")
"""what generations have to beat (docs/explanation/protocol.md): labels with augmentation, and what steps alone are worth"""
CONTROLS = (*AGAINST, "ldt_equal_compute")
"""the same with labels alone for as many steps as all generations together, which is judged where it ran"""
ALL_LABELS = "fdt"
"""what learns from all labels: there is no more to win"""
ONE_STUDENT = "one student a pool tells nothing of the next"
ONE_GROUP = "all images that were scored are of one group, which tells nothing of the next"
GAIN = 0.01
"""a gain below one point is none that generations are made for"""


@dataclass(frozen=True)
class Standing:
    """A difference to a control, and whether a verdict may rest on it."""

    found: Interval
    enough: bool
    """two seeds, or five students in each pool: one seed with fewer tells too little of the next"""
    seeds: int
    why: str
    """why a difference has no interval; "" where it has one, or where there is no difference"""

    @classmethod
    def of(cls, found: Interval, ours: Sequence[int], theirs: Sequence[int]) -> "Standing":
        """`ours`, `theirs`: students of each pool, one pool a seed."""
        lacks = found[0] is not None and found[1] is None
        why = (ONE_STUDENT if [*ours, *theirs] == [1, 1] else ONE_GROUP) if lacks else ""
        return cls(found, enough([min(pair) for pair in zip(ours, theirs, strict=True)]), len(ours), why)

    @property
    def said(self) -> str:
        """`better`, `worse`, `no gain` (less than one point at the interval's upper end) or `cannot tell`."""
        _, low, high = self.found
        if low is None or high is None or not self.enough:
            return "cannot tell"
        if low > 0:
            return "better"
        if high < 0:
            return "worse"
        return "no gain" if high < GAIN else "cannot tell"


def outcome(standings: Mapping[str, Standing]) -> str:
    """`worth it`, `worse`, `no gain` or `cannot tell yet`, by the standing to each control; those of AGAINST have to be among them."""
    said = {one.said for one in standings.values()}
    if "worse" in said:
        return "worse"
    if "no gain" in said:
        return "no gain"
    missing = [name for name in AGAINST if name not in standings]
    return "worth it" if said == {"better"} and not missing else "cannot tell yet"


def settled_by(seconds: float, standings: Iterable[Standing], how: str) -> str:
    """What would tell, by the seconds of the jobs of one seed. `how`: words on where more seeds are asked for."""
    if any(one.why == ONE_GROUP for one in standings):
        return "images of more groups to score"
    minutes = max(1, round(2 * seconds / 60))
    return f"two more seeds: about {minutes:,} minute{'s' if minutes > 1 else ''} of jobs, one after the other ({how})"


def headroom(all_labels: float, ours: Mapping[str, float], unequal: str = "") -> str:
    """What all labels would be worth over labels alone at equal steps, and what of it each method takes.

    `unequal`: words on the steps of ALL_LABELS where they are others.
    """
    takes = ", ".join(f"{name} takes {100 * value:+.1f} of it" for name, value in ours.items())
    worth = f"All labels{unequal} would be worth {100 * all_labels:+.1f} points here over {AGAINST[1]}"
    return f"{worth}; {takes}." if takes else f"{worth}."


def points(one: Interval) -> str:
    """A difference with its interval, or that there is none."""
    value, low, high = one
    if value is None:
        return "cannot be compared"
    if low is None or high is None:
        return f"{100 * value:+.1f} points, without an interval"
    return f"{100 * value:+.1f} points, {100 * low:+.1f} to {100 * high:+.1f}"
