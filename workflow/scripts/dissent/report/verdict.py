"""Did the generations pay? One sentence, with intervals, by the rule of `report/judge.py`, and what follows from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dissent.evaluation.bootstrap import difference
from dissent.evaluation.intervals import Interval
from dissent.report.judge import AGAINST, ALL_LABELS, ONE_GROUP, Standing, headroom, outcome, settled_by
from dissent.report.run_results import Generation


@dataclass(frozen=True)
class Against:
    """The last generation's score minus another pool's, with its interval."""

    name: str
    judged: bool
    """whether the verdict rests on it: neither an upper bound nor the run's own gen0"""
    standing: Standing
    unequal: str = ""
    """words on its steps where they are not the run's"""

    @property
    def found(self) -> Interval:
        """The difference and the ends of its interval."""
        return self.standing.found

    @property
    def told(self) -> str:
        """The difference in points."""
        value, low, high = self.found
        if value is None:
            return f"{self.name} cannot be compared, as one of the two has no score"
        alone = f"{_points(value)} points against {self.name}{self.unequal}"
        if low is None or high is None:
            return f"{alone} (no interval: {self.standing.why})"
        return f"{alone} (95 % interval {_points(low)} to {_points(high)})"


@dataclass(frozen=True)
class Verdict:
    """The sentence, and what it rests on."""

    sentence: str
    paid: bool
    against: list[Against]
    said: str
    """of `judge.outcome`; "" where there is nothing to judge"""
    further: list[str] = field(default_factory=list)
    """sentences: what would tell, what all labels would be worth, which students to use"""


def verdict(
    run: Mapping,
    generations: Sequence[Generation],
    last: Generation,
    others: Mapping[str, Generation],
    subset: str,
    task: dict,
    seconds: float = 0.0,
) -> Verdict:
    """The report's first sentence: what the generations were worth.

    It compares `last` (the last of `generations`, or the kept one) with each of `others` (`{name: its last}`).

    `run`: name, method, upper_bounds (names of `others` that read hidden masks). `seconds`: what the run and its controls took.
    Upper bounds are no controls, and neither is `gen0`, the run's own start.
    """
    made = len(generations) - 1
    against = [_compared(run, name, one, last, subset, task) for name, one in others.items()]
    part, score = last.metrics[subset], last.metrics["score"]
    mean = part["pool"][score]["mean"]
    number = "no score" if mean is None else f"{score} {100 * mean:.1f}"
    reached = f"gen{last.number} of {run['method']} reaches {number} on {last.counted(subset)} (mean of its pool)"
    judged = [one for one in against if one.judged]
    if not last.number and made:
        sentence = f"No gain here, as none of {made} generations scores better on validation: {reached}."
        return Verdict(sentence, False, against, "no gain", [_use(run, last)])
    if not last.number:
        return Verdict(f"No generations to judge, as this run has no teachers: {reached}.", False, against, "")
    standings = {one.name: one.standing for one in judged}
    said = outcome(standings)
    missing = [name for name in AGAINST if name not in standings]
    told = ", ".join([reached, " and ".join(one.told for one in judged)] if judged else [reached])
    but = f"; not compared with {' and '.join(missing)}, which did not run" if missing else ""
    further = [_headroom(run, against), _advice(run, said, generations, last)]
    if said == "cannot tell yet":
        wanted = f"`controls: [{', '.join(AGAINST)}]` in the experiment"
        if not missing:
            wanted = settled_by(seconds, standings.values(), "a study, docs/how-to/studies.md")
        further.insert(0, f"What would settle it: {wanted}.")
    words = {
        "worth it": "Worth it here, for this seed",
        "cannot tell yet": f"Cannot tell yet{_why(standings)}",
        "no gain": f"No gain here, as the interval leaves less than one point over {_those(standings, 'no gain')}",
        "worse": f"Worse here, as {_are(standings, 'worse')} better",
    }
    return Verdict(f"{words[said]}: {told}{but}.", said == "worth it", against, said, [one for one in further if one])


def _compared(run: Mapping, name: str, one: Generation, last: Generation, subset: str, task: dict) -> Against:
    unequal = (
        "" if set(one.steps) == set(last.steps) else f" at {one.steps_told} steps a student, not {last.steps_told}"
    )
    judged = name not in (*run["upper_bounds"], "gen0")
    return Against(name, judged, standing_to(last, one, subset, task), unequal)


def standing_to(ours: Generation, theirs: Generation, subset: str, task: dict) -> Standing:
    """How one generation's pool stands to another's."""
    tables = (ours.folder / "counts.csv", theirs.folder / "counts.csv")
    return Standing.of(difference(*tables, subset, ours.metrics["score"], task), [len(ours.steps)], [len(theirs.steps)])


def _those(standings: Mapping[str, Standing], said: str) -> str:
    return " and ".join(name for name, one in standings.items() if one.said == said)


def _are(standings: Mapping[str, Standing], said: str) -> str:
    several = sum(one.said == said for one in standings.values()) > 1
    return f"{_those(standings, said)} {'are' if several else 'is'}"


def _why(standings: Mapping[str, Standing]) -> str:
    """Why nothing can be told, in brackets."""
    if not standings:
        return " (no controls)"
    if any(one.found[0] is None for one in standings.values()):
        return " (a score is missing)"
    if any(one.why == ONE_GROUP for one in standings.values()):
        return " (all images that were scored are of one group)"
    if not all(one.enough for one in standings.values()):
        return " (one seed with fewer than five students)"
    open_ = [name for name, one in standings.items() if one.said == "cannot tell"]
    if not open_:
        return ""
    one = len(open_) == 1
    return f" (the {'interval' if one else 'intervals'} against {' and '.join(open_)} {'includes' if one else 'include'} 0)"


def _headroom(run: Mapping, against: Sequence[Against]) -> str:
    """What all labels would be worth, and what of it this run takes; "" where either control did not run."""
    values = {one.name: one.found[0] for one in against}
    ours, least = values.get(AGAINST[1]), values.get(ALL_LABELS)
    if ours is None or least is None:
        return ""
    unequal = next(one.unequal for one in against if one.name == ALL_LABELS)
    return headroom(ours - least, {run["method"]: ours}, unequal)


def _advice(run: Mapping, said: str, generations: Sequence[Generation], last: Generation) -> str:
    if said in ("worse", "no gain"):
        return "Use a control, which is as good or better and costs less: its last generation has a folder like this one's."
    if said == "worth it":
        return _use(run, last)
    best = recommended(said, generations, last)
    words = _use(run, best)
    scored = _on_validation(best) is not None
    return f"Until then: {words[:1].lower()}{words[1:]}" + (" It has the highest mean on validation." if scored else "")


def recommended(said: str, generations: Sequence[Generation], last: Generation) -> Generation:
    """Which generation to use: `last`, but while nothing can be told (`said`) the one with the highest mean on validation."""
    scored = [(mean, one) for one in generations if (mean := _on_validation(one)) is not None]
    return max(scored, key=lambda pair: pair[0])[1] if scored and said == "cannot tell yet" else last


def _on_validation(one: Generation) -> float | None:
    """The mean score of a pool on validation images."""
    return one.metrics["val"]["pool"][one.metrics["score"]]["mean"] if one.metrics.get("val") else None


def _use(run: Mapping, one: Generation) -> str:
    """Which generation to use, and what `dissent predict` takes of it."""
    where = f"results/{run['name']}/gen{one.number}"
    return f"Use gen{one.number}: `dissent predict {where} PHOTOS OUT` takes its best student by validation, `--pool` its teachers."


def _points(value: float) -> str:
    return f"{100 * value:+.1f}"
