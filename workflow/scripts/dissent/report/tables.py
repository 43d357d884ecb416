"""The page's tables, as rows of text. Shares and scores are fractions on disk and percent here."""

from collections.abc import Iterable, Mapping

from dissent.core.files import read_json
from dissent.report.run_results import UPPER_BOUND, Generation, Story
from dissent.report.verdict import Verdict

AUDITED = ("wrong_of_teacher", "doubt", "precision", "recall", "wrong_outside")


def percent(value: float | None) -> str:
    """One decimal; a dash where there is nothing."""
    return "-" if value is None else f"{100 * value:.1f}"


def score_rows(story: Story, subset: str) -> list[dict]:
    """The pool, the best student and the ensemble of each generation and control in one subset; students that both have, once."""
    own = [(story.params["run"]["method"], one, _same(story.twins(one))) for one in story.generations]
    rows = []
    for name, one, same in [*own, *((name, one, "") for name, one in story.own_controls.items())]:
        part, score = one.metrics[subset], story.score
        bounds = part["best_interval"]
        sd = part["pool"][score]["sd"]
        rows.append(
            {
                "name": name,
                "note": UPPER_BOUND if name in story.upper_bounds else same,
                "generation": f"gen{one.number}",
                "mean": percent(part["pool"][score]["mean"]) + ("" if sd is None else f" ± {percent(sd)}"),
                "best": percent(part["best"][score]["value"]),
                "interval": f"{percent(bounds['low'])} to {percent(bounds['high'])}",
                "ensemble": percent(part["ensemble"][score]["value"]),
            }
        )
    return rows


def _same(twins: list[str]) -> str:
    return f"the same students as {' and '.join(twins)}" if twins else ""


def verdict_rows(story: Story, verdict: Verdict) -> list[dict]:
    """What the last generation was compared with, and whether that took as many steps."""
    rows = []
    for one in verdict.against:
        other = story.generations[0] if one.name == "gen0" else story.controls[one.name]
        note = "" if one.judged else "its own start" if one.name == "gen0" else UPPER_BOUND
        value, low, high = ("-" if part is None else f"{100 * part:+.1f}" for part in one.found)
        rows.append(
            {
                "name": one.name,
                "note": note,
                "difference": value,
                "interval": "-" if one.found[1] is None else f"{low} to {high}",
                "steps": other.steps_told,
                "ours": story.last.steps_told,
                "students": len(other.steps),
            }
        )
    return rows


def pseudo_rows(story: Story) -> list[dict]:
    """Doubt, churn and what was kept, for each generation that learned from pseudo-labels."""
    rows = []
    for one in story.labelled_by_teachers:
        pseudo = one.metrics["pseudo_labels"]
        rows.append(
            {
                "generation": f"gen{one.number}",
                "images": f"{pseudo['images']:,}",
                "kept": f"{pseudo['kept']:,}",
                "dropped": "; ".join(f"{count:,}: {why}" for why, count in pseudo["dropped"].items()) or "0",
                "doubt": percent(pseudo["doubt_share"]),
                "changed": percent(pseudo["changed_share"]),
            }
        )
    return rows


def audit_rows(audited: Iterable[Generation]) -> list[dict]:
    """Errors against hidden masks, of the generations that have some."""
    return [
        {
            "generation": f"gen{one.number}",
            "images": f"{one.audit['hidden_masks']:,}",
            "numbers": [percent(one.audit["all_images"][key]) for key in AUDITED],
        }
        for one in audited
    ]


def teacher_rows(audited: Iterable[Generation]) -> list[dict]:
    """How often each teacher is wrong, those from outside too, and their score on validation images where they have one."""
    rows = []
    for one in audited:
        ranking = read_json(one.folder.with_name(f"gen{one.number - 1}") / "teachers.json")
        scores = {f"teacher {rank}": row["score"] for rank, row in enumerate(ranking["pool"], 1)}
        scores |= {row["teacher"]: row["score"] for row in ranking.get("external", [])}
        rows += [
            {
                "generation": f"gen{one.number}",
                "name": name,
                "score": percent(scores.get(name)),
                "wrong": percent(wrong),
            }
            for name, wrong in one.audit["wrong_of"].items()
        ]
    return rows


def class_rows(story: Story, faults: Mapping[str, tuple[float | None, float | None]]) -> list[dict]:
    """Each label: score of the best student in the first and last generation, its `faults`, share of labels, doubt and error."""
    first, last = story.generations[0].metrics, story.last.metrics
    pictured = story.pictured
    pseudo = pictured.metrics.get("pseudo_labels", {"class_share": {}, "labelled_class_share": {}})
    audit: dict = pictured.audit if pictured.number else {"hidden_masks": 0}
    compared = (first, last) if story.last.number else (last,)
    audited = audit["all_images"]["classes"] if audit["hidden_masks"] else {}
    names = list(dict.fromkeys([*pseudo["class_share"], *last["label_names"]]))
    index = {name: i for i, name in enumerate(last["label_names"])}

    def score(row: dict, subset: str, name: str) -> str:
        return percent(row[subset]["best"][story.score]["per_label"][index[name]]) if name in index else "-"

    return [
        {
            "name": name,
            "scores": [score(row, subset, name) for subset in story.subsets for row in compared],
            "faults": [percent(share) for share in faults.get(name, (None, None))],
            "labelled": percent(pseudo["labelled_class_share"].get(name)),
            "pseudo": percent(pseudo["class_share"].get(name)),
            "doubt": percent(audited.get(name, {}).get("doubt")),
            "wrong_outside": percent(audited.get(name, {}).get("wrong_outside")),
        }
        for name in names
    ]


def cost_rows(story: Story) -> list[dict]:
    """What each generation cost, of the run and its controls, with its jobs, and the sum of each run."""
    runs = {story.params["run"]["method"]: story.generations}
    runs |= {name: story.control_generations(name) for name in story.controls}
    rows = []
    for name, generations in runs.items():
        for one in generations:
            jobs = [_cost(job, cost) for job, cost in one.cost["jobs"].items()]
            rows.append(_cost(f"{story.shown(name)}, gen{one.number}", one.cost["total"]) | {"jobs": jobs})
        if len(generations) > 1:
            rows.append(
                _cost(f"{story.shown(name)}, all", _sum([one.cost["total"] for one in generations])) | {"jobs": []}
            )
    return rows


def _cost(name: str, cost: dict) -> dict:
    return {
        "name": name,
        "seconds": f"{cost['seconds']:,.0f}",
        "cpu_seconds": f"{cost['cpu_seconds']:,.0f}",
        "steps": f"{cost.get('steps', 0):,}",
        "images": f"{cost.get('images', 0):,}",
        "memory": f"{cost['peak_memory_mb']:,.0f}",
        "device": ", ".join(cost["devices"]) if "devices" in cost else cost["device"],
        "taken_from": cost.get("taken_from", ""),
    }


def _sum(totals: list[dict]) -> dict:
    added = {key: sum(total[key] for total in totals) for key in ("seconds", "cpu_seconds", "steps", "images")}
    devices = sorted({device for total in totals for device in total["devices"]})
    return added | {"peak_memory_mb": max(total["peak_memory_mb"] for total in totals), "devices": devices}
