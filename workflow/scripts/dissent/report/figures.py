"""The page's plots with their legends, drawn from the tables of a run. Each is a heading, an SVG and a legend."""

from collections.abc import Sequence

from dissent.report import plots
from dissent.report.chart import Mark, control_mark, legend
from dissent.report.run_results import Generation, Story
from dissent.report.verdict import Verdict


def _figure(title: str, svg: str, entries: dict[str, Mark]) -> dict:
    return {"title": title, "plot": svg, "legend": legend(entries)}


def differences(story: Story, verdict: Verdict) -> str:
    """The last generation against each other pool; empty where there is none that can be compared."""
    rows = [
        {"name": one.name, "judged": one.judged, "value": value, "low": low, "high": high}
        for one in verdict.against
        for value, low, high in [one.found]
        if value is not None
    ]
    return plots.differences(rows, story.score) if rows else ""


def scores(story: Story, subset: str) -> str:
    """Score against generation in one subset."""
    controls = {name: one.metrics for name, one in story.controls.items()}
    return plots.scores([one.metrics for one in story.generations], controls, story.own_controls, subset, story.score)


def scores_legend(story: Story) -> str:
    """The legend of `scores`, which is the same for val and test."""
    entries = {"a student": plots.STUDENT, "mean of the pool, ± sd": plots.POOL, "ensemble of the pool": plots.ENSEMBLE}
    twin = {name: f"gen{one.number}" for one in story.generations for name in story.twins(one)}
    told = {
        name: f"mean, the same students as {twin[name]}" if name in twin else "mean, and its students"
        for name in story.controls
    }
    marks = {f"{story.shown(name)}: {told[name]}": control_mark(i) for i, name in enumerate(story.controls)}
    return legend(entries | marks)


def learning(story: Story) -> list[dict]:
    """How every student of the run and its controls learned: the score on validation images, the loss, and what the learner tells.

    [] without histories. Students that a generation and a control share have one line.
    """
    own, several = Mark(plots.POOL.colour), story.generations
    pools = [
        (own, 1 - 0.65 * earlier / max(1, len(several) - 1), one.histories)
        for earlier, one in zip(range(len(several))[::-1], several, strict=True)
    ]
    marks = {name: control_mark(index) for index, name in enumerate(story.controls)}
    pools += [(marks[name], 0.8, one.histories) for name, one in story.own_controls.items()]
    rows = [row for _, _, students in pools for student in students for row in student]
    names = dict.fromkeys(name for row in rows for name, value in row.items() if value)
    run = f"{story.params['run']['method']}{f', gen0 (pale) to gen{len(several) - 1}' if len(several) > 1 else ''}"
    drawn = {
        name: mark for name, mark in marks.items() if name in story.own_controls and story.controls[name].histories
    }
    entries = legend({run: own} | {story.shown(name): mark for name, mark in drawn.items()})
    return [
        {
            "title": title,
            "plot": plots.curves(
                f"learning-{name}",
                [(mark, dark, _curves(students, name, percent)) for mark, dark, students in pools],
                label,
                f"{title} against steps",
            ),
            "legend": entries,
        }
        for name in names
        if name not in ("step", "learning_rate")
        for title, label, percent in [_LEARNED.get(name, (name.replace("_", " "), name, False))]
    ]


_LEARNED = {
    "score": ("Validation score", "score on val, %", True),
    "loss": ("Loss of training", "loss", False),
    "sure": ("Sure pixels of unlabelled images", "share, %", True),
    "agreement": ("Agreement on unlabelled images", "share, %", True),
    "student_score": ("Validation score of the student, whose average is kept", "score on val, %", True),
    "second_score": ("Validation score of the second network", "score on val, %", True),
}
"""column of history.csv: its title, what stands at the axis, whether it is drawn in percent"""


def _curves(students: Sequence[Sequence[dict]], name: str, percent: bool) -> list[tuple[list[int], list[float]]]:
    known = ([row for row in rows if row.get(name)] for rows in students)
    factor = 100 if percent else 1
    return [([int(row["step"]) for row in rows], [factor * float(row[name]) for row in rows]) for rows in known]


def pseudo(story: Story) -> list[dict]:
    """Doubt and churn, kept and dropped, classes; [] for a run without pseudo-labels."""
    several = story.labelled_by_teachers
    if not several:
        return []
    numbers = [one.number for one in several]
    parts = [one.metrics["pseudo_labels"] for one in several]
    shares = [[float(row["doubt_share"]) for row in one.masks] for one in several]
    became = {"kept": [part["kept"] for part in parts]}
    for why in sorted({why for part in parts for why in part["dropped"]}):
        became[f"dropped: {why}"] = [part["dropped"].get(why, 0) for part in parts]
    by_generation = {one.number: part["class_share"] for one, part in zip(several, parts, strict=True)}
    return [
        _figure(
            "Doubt and change",
            plots.doubt(numbers, shares, [part["changed_share"] for part in parts]),
            {
                "doubt: mean over images; pale: the middle 80 % of images": plots.DOUBT,
                "labels changed since the generation before": plots.CHURN,
            },
        ),
        _figure(
            "Kept and dropped",
            plots.kept(numbers, became),
            {what: Mark(index, None, "|") for index, what in enumerate(became)},
        ),
        *(_shares(title, parts[-1]["labelled_class_share"], by_generation, log) for title, log in _SCALES),
    ]


_SCALES = (("Share of each class", False), ("The same, logarithmic: rare classes", True))


def _shares(title: str, labelled: dict, by_generation: dict[int, dict], log: bool) -> dict:
    first, last = min(by_generation), max(by_generation)
    told = f"gen{first} to gen{last}, paler is earlier" if last > first else f"gen{first}"
    entries = {"labelled set": plots.LABELLED, f"pseudo-labels, {told}": plots.STUDENT}
    return _figure(title, plots.classes(labelled, by_generation, log), entries)


def doubt_of_labels(shares: dict[str, float]) -> list[dict]:
    """The doubt of each label; [] where no teacher named one."""
    title = "Doubt of each label"
    return [{"title": title, "plot": plots.doubt_of_labels(shares), "legend": ""}] if shares else []


def audit(audited: Sequence[Generation]) -> list[dict]:
    """How good the doubt is, and what students are told falsely; [] without hidden masks."""
    if not audited:
        return []
    numbers = [one.number for one in audited]

    def values(key: str) -> list[float | None]:
        return [one.audit["all_images"][key] for one in audited]

    series = [
        ("Inside the doubt", "doubt-audit", "share of pixels, %", {
            "precision: the best teacher is wrong there": (plots.INSIDE, values("precision")),
            "recall: errors of the best teacher that the doubt finds": (plots.FOUND, values("recall")),
        }),
        ("Outside the doubt", "error-audit", "share of pixels, %", {
            "wrong_outside: students are told falsely": (plots.OUTSIDE, values("wrong_outside")),
            "wrong_of_teacher: of the best teacher, everywhere": (plots.TEACHER, values("wrong_of_teacher")),
        }),
    ]  # fmt: skip
    return [
        _figure(
            title,
            plots.lines(name, numbers, list(of.values()), label, f"{title}: {' and '.join(of)}, against generation"),
            {what: mark for what, (mark, _) in of.items()},
        )
        for title, name, label, of in series
    ]
