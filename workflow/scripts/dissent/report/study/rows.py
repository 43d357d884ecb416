"""The table of a block: a row a method, what is bold in it, and the verdict in words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dissent.report.judge import AGAINST, ALL_LABELS, CONTROLS, Standing, headroom, outcome, points, settled_by
from dissent.report.study.cells import Block, Cell, all_known, difference, mean_known, pool_mean


@dataclass(frozen=True)
class Row:
    """One method."""

    cell: Cell
    against: dict[str, Standing]
    """control: the difference to it; without the row's own"""
    best: bool
    """the highest mean, and better than every other row by more than the interval"""
    costs: dict[str, float]
    """images_seen, seconds and cpu_seconds of all generations, mean over seeds"""
    val: float | None
    """mean on validation images, over seeds: what further seeds are chosen by"""
    beside: list[dict]
    """published numbers: name, score, theirs, ours, sd, unlike"""

    @property
    def judged(self) -> bool:
        """Whether it is asked if it pays: neither an upper bound nor a control."""
        return not (self.cell.upper_bound or self.cell.labels_alone)

    @property
    def outcome(self) -> str:
        """Of `judge.outcome`."""
        return outcome(self.against)

    @property
    def one_seed(self) -> bool:
        """Whether one seed is all that its standing to a control rests on."""
        return any(one.seeds == 1 for one in self.against.values())

    @property
    def recommended(self) -> bool:
        """Whether it is worth it, by the rule of the report: what the green bar means."""
        return self.judged and self.outcome == "worth it"


def rows_of(block: Block) -> list[Row]:
    """The rows in the order of the study."""
    best = _best(block.cells)
    controls = [cell for name in CONTROLS if (cell := block.cell(name))]
    return [
        Row(
            cell,
            {other.method: _standing(cell, other) for other in controls if other is not cell},
            cell is best,
            _costs(block, cell),
            mean_known([pool_mean(end, "val", block.score) for end in cell.ends.values()]),
            _beside(block, cell),
        )
        for cell in block.cells
    ]


def _best(cells: Sequence[Cell]) -> Cell | None:
    judged = [(cell.mean, cell) for cell in cells if not cell.upper_bound and cell.mean is not None]
    if len(judged) < 2:
        return None
    (_, top), *others = sorted(judged, key=lambda one: -one[0])
    return top if all(_standing(top, other).said == "better" for _, other in others) else None


def _standing(ours: Cell, theirs: Cell) -> Standing:
    """How one stands to another, over the seeds that both have."""
    pools = [[len(cell.whole[seed]) for seed in ours.whole if seed in theirs.whole] for cell in (ours, theirs)]
    return Standing.of(difference(ours, theirs), *pools)


def _costs(block: Block, cell: Cell) -> dict[str, float]:
    unlabelled = next(row["unlabelled"] for row in block.about["rows"] if row["method"] == cell.method)
    seen = [sum(one.learned * (1 + unlabelled[one.number]) for one in made) for made in cell.made.values()]
    totals = [[one.cost["total"] for one in made] for made in cell.made.values()]
    return {"images_seen": float(np.mean(seen))} | {
        name: float(np.mean([sum(total[name] for total in of_seed) for of_seed in totals]))
        for name in ("seconds", "cpu_seconds")
    }


def _beside(block: Block, cell: Cell) -> list[dict]:
    """The method's published values, each with ours in the same score: mean over seeds of the pools' means, sd over students."""
    found = []
    for table in block.about["published"]:
        if cell.method not in table["rows"]:
            continue
        row, scale = table["rows"][cell.method], table["scale"]
        scores = [
            _score_of(student[table["score"]], table["labels"], end.metrics.get("label_names", []))
            for end in cell.ends.values()
            for student in end.metrics[block.subset]["students"].values()
            if table["score"] in student
        ]
        students = all_known(scores)
        unlike = row["unlike"] + ([] if students else [f"{table['score']} is not among our scores"])
        unlike += [f"scored on {block.subset}"] if block.subset != table["subset"] else []
        ours = scale * float(np.mean(students)) if students else None
        sd = scale * float(np.std(students, ddof=1)) if len(students) > 1 else None
        told = {"name": table["name"], "score": table["score"], "better": table["better"], "theirs": row["value"]}
        found.append(told | {"ours": ours, "sd": sd, "unlike": unlike})
    return found


def _score_of(score: dict, labels: Sequence[str], names: Sequence[str]) -> float | None:
    """A student's score, or its mean over some labels (the papers' mIoU_ad is that of alive and dead)."""
    if not labels:
        return score["value"]
    values = [score["per_label"][names.index(label)] for label in labels if label in names]
    return float(np.mean(values)) if len(values) == len(labels) and None not in values else None


def verdict(block: Block, rows: Sequence[Row]) -> list[str]:
    """Sentences by the rule of `report/judge.py`, with what would settle what is open, and what all labels would be worth."""
    asked = [row for row in rows if row.judged]
    if missing := [name for name in AGAINST if block.cell(name) is None]:
        said = f"Nothing can be recommended: {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not in the study, and "
        return [f"{said}has to be beaten; add it to `methods`."]
    if not asked:
        return ["There is no method to judge: upper bounds, and controls that learn from labels alone, are none."]
    beaten = " and ".join(row.cell.method for row in rows if row.cell.method in CONTROLS)
    groups = [
        ("worth it", f"Recommended, as better than {beaten} by more than the interval"),
        ("cannot tell yet", "Cannot tell yet"),
        ("no gain", "No gain, as less than one point is left over a control"),
        ("worse", "Worse than a control by more than the interval"),
    ]
    found = {said: [row for row in asked if row.outcome == said] for said, _ in groups}
    told = [f"{words}: {_told(found[said])}." for said, words in groups if found[said]]
    if not found["worth it"]:
        told.insert(0, f"None is recommended: no method is surely better than {beaten}.")
    if unsure := found["cannot tell yet"]:
        standings = [one for row in unsure for one in row.against.values()]
        few = "" if all(one.enough for one in standings) else FEW
        seeds = max(len(row.cell.whole) for row in unsure)
        of = [*unsure, *(row for row in rows if row.cell.method in CONTROLS)]
        seconds = sum(row.costs["seconds"] for row in of)
        told.append(f"{few}What would settle it: {settled_by(seconds, standings, f'`more_seeds`; {seeds} so far')}.")
    if good := found["worth it"]:
        told += [ALONE] if any(row.one_seed for row in good) else []
        told.append(_use(max(good, key=lambda row: row.cell.mean or 0.0)))
    controls = [row for row in rows if row.cell.labels_alone and not row.cell.upper_bound]
    if strong := [row for row in controls if AGAINST[0] in row.against and row.against[AGAINST[0]].said == "better"]:
        told.append(f"Beware: {_told(strong, AGAINST[:1])} beats {AGAINST[0]} without an unlabelled image.")
    return [*told, _headroom(block, asked), *_extended(block)]


FEW = "One seed with fewer than five students is not enough for a verdict. "
ALONE = "That holds for this seed: one seed cannot tell how the next would score."


def _use(row: Row) -> str:
    """Of which generation the score is that is recommended, and what `dissent predict` takes of it."""
    seed, end = next(iter(row.cell.ends.items()))
    return f"Use {row.cell.method}: `dissent predict {end.folder.as_posix()} PHOTOS OUT` takes the best student of seed {seed} by validation, `--pool` its teachers."


def _headroom(block: Block, asked: Sequence[Row]) -> str:
    """What all labels would be worth over labels alone at equal steps, and what of it each method takes."""
    most, least = block.cell(ALL_LABELS), block.cell(AGAINST[1])
    if most is None or least is None:
        return f"What all labels would be worth is not known: {ALL_LABELS} is not in the study."
    value = difference(most, least)[0]
    taken = {row.cell.method: row.against[AGAINST[1]].found[0] for row in asked}
    if value is None:
        return "What all labels would be worth is not known: a score is missing."
    steps = [", ".join(dict.fromkeys(end.steps_told for end in cell.ends.values())) for cell in (most, least)]
    unequal = "" if steps[0] == steps[1] else f" at {steps[0]} steps a student, not {steps[1]}"
    return headroom(value, {name: one for name, one in taken.items() if one is not None}, unequal)


def _extended(block: Block) -> list[str]:
    """Which rows have further seeds, and how they were chosen."""
    more = block.about["more_seeds"]
    return [f"More seeds: {', '.join(more['methods'])}; {CHOSEN[more['by']]}."] if more["methods"] else []


CHOSEN = {
    "beforehand": "named before anything was run",
    "validation": "chosen on the validation means of the table",
    "test": "chosen on test means, so the seeds that chose them flatter them",
}


def _told(rows: Sequence[Row], others: Sequence[str] = CONTROLS) -> str:
    """Names with their differences to some controls."""

    def over(row: Row, name: str) -> str:
        found = row.against[name].found
        return points(found) + ("" if found[0] is None else f" over {name}")

    return ", ".join(
        f"{row.cell.method} ({'; '.join(over(row, name) for name in others if name in row.against)})" for row in rows
    )
