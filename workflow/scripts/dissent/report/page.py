"""report.html: one self-contained page on a run and its controls. Works offline; names of files are escaped."""

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import jinja2

from dissent.files import read_json, read_table, write_text
from dissent.report import curves, sheets
from dissent.report.verdict import verdict

SIDES = ("val", "test")


def write_report(
    params: dict,
    generations: Sequence[str],
    controls: Mapping[str, str],
    data: Mapping[str, str],
    template: str,
    out: str,
) -> None:
    """Write the page. `generations`: folders gen0..genN; `controls`: {method: folder of its last generation}.

    `params`: run (name, method, dataset, upper_bounds), task, palette, channels, command, settings. `data`: paths of the
    split's unlabelled and hidden tables.
    """
    metrics = [read_json(Path(folder) / "metrics.json") for folder in generations]
    others = {name: read_json(Path(folder) / "metrics.json") for name, folder in controls.items()}
    score = metrics[-1]["score"]
    sides = [side for side in SIDES if metrics[-1][side]]
    rows = [(params["run"]["method"], folder, row) for folder, row in zip(generations, metrics, strict=True)]
    rows += [(name, controls[name], row) for name, row in others.items()]
    last = Path(generations[-1])
    fair = {name: folder for name, folder in controls.items() if name not in params["run"]["upper_bounds"]}
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    page = environment.from_string(Path(template).read_text("utf-8")).render(
        run=params["run"],
        verdict=verdict(last, fair, metrics[-1], sides[-1], params["task"]),
        score=score,
        definition=metrics[-1]["definitions"][score],
        sides=sides,
        plots={side: curves.scores(metrics, others, side, score) for side in sides},
        scores=[_score_row(name, folder, row, sides, params) for name, folder, row in rows],
        per_label=_per_label(metrics[-1], sides, score),
        pseudo=[_pseudo_row(row) for row in metrics if "pseudo_labels" in row],
        classes=list(metrics[-1].get("pseudo_labels", {}).get("class_share", {})),
        labelled_classes={
            name: _percent(value)
            for name, value in metrics[-1].get("pseudo_labels", {}).get("labelled_class_share", {}).items()
        },
        **_audits(generations),
        sheets=_sheets(last, data, params) if len(generations) > 1 else {},
        command=params["command"],
        settings=json.dumps(params["settings"], indent=1),
    )
    write_text(out, page)


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"


def _score_row(name: str, folder: str, row: dict, sides: Sequence[str], params: dict) -> dict:
    score = row["score"]
    cost = read_json(Path(folder) / "cost.json")["total"]
    shown: dict = {
        "name": name,
        "generation": f"gen{row['generation']}",
        "upper_bound": name in params["run"]["upper_bounds"],
        "steps": cost["steps"],
        "seconds": round(cost["seconds"]),
    }
    for side in sides:
        part = row[side]
        shown[side] = {
            "mean": _percent(part["pool"][score]["mean"]),
            "sd": _percent(part["pool"][score]["sd"]),
            "best": _percent(part["best"][score]["value"]),
            "interval": f"{_percent(part['best_interval']['low'])} to {_percent(part['best_interval']['high'])}",
            "ensemble": _percent(part["ensemble"][score]["value"]),
        }
    return shown


def _per_label(row: dict, sides: Sequence[str], score: str) -> list[dict]:
    values = {side: row[side]["best"][score]["per_label"] for side in sides}
    return [
        {"name": name, **{side: _percent(values[side][index]) for side in sides}}
        for index, name in enumerate(row["label_names"])
    ]


def _pseudo_row(row: dict) -> dict:
    pseudo = row["pseudo_labels"]
    return {
        "generation": row["generation"],
        "images": pseudo["images"],
        "kept": pseudo["kept"],
        "dropped": pseudo["dropped"],
        "doubt": _percent(pseudo["doubt_share"]) + " %",
        "changed": _percent(pseudo["changed_share"]) + " %",
        "classes": {name: _percent(value) for name, value in pseudo["class_share"].items()},
    }


def _audits(generations: Sequence[str]) -> dict:
    audits = [read_json(Path(folder) / "audit.json") for folder in generations[1:]]
    audits = [audit for audit in audits if audit["hidden_masks"]]
    keys = ("wrong_of_teacher", "doubt", "precision", "recall", "wrong_outside")
    rows = [
        {
            "generation": audit["generation"],
            "images": audit["hidden_masks"],
            "numbers": [_percent(audit["all_images"][key]) + " %" for key in keys],
        }
        for audit in audits
    ]
    return {"audits": rows, "audit_definitions": audits[0]["definitions"] if audits else {}}


def _sheets(last: Path, data: Mapping[str, str], params: dict) -> dict[str, str]:
    hidden = data["hidden"] if read_table(data["hidden"]) else None
    tables = sheets.Tables(data["unlabelled"], str(last / "predictions.csv"), str(last / "masks.csv"), hidden)
    chosen = sheets.choose(read_table(tables.masks))
    return {
        f"{last.name}, {name}": base64.b64encode(
            sheets.sheet(rows, tables, params["palette"], params["channels"])
        ).decode()
        for name, rows in chosen.items()
    }
