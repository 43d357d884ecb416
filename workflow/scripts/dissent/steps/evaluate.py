"""Score a generation's students on validation and test images."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from dissent.core.columns import COUNTED, COUNTS
from dissent.core.files import (
    read_json,
    read_prepared,
    read_rows,
    read_table,
    write_json,
    write_table,
)
from dissent.core.seeds import generator
from dissent.core.task import Task
from dissent.evaluation import metrics
from dissent.evaluation.bootstrap import scores_of
from dissent.evaluation.confusion import crossed
from dissent.evaluation.counting import CELL_COUNTS, count_all
from dissent.evaluation.diagnostic_facts import subsets_of, watch
from dissent.evaluation.intervals import interval
from dissent.steps.decide import stopping
from dissent.steps.examples import write_examples
from dissent.steps.predict import load_pool
from dissent.steps.pseudo_label_facts import pseudo_labels
from dissent.steps.readme import write_readme
from dissent.training import inference
from dissent.training.data import load_images, load_masks

if TYPE_CHECKING:
    from dissent.core import arguments

_CHUNK = 256  # images in memory at a time
_SAID = 10  # classes that are told of what a true class is called
# what resized masks, grey at their borders, are for the published scores (method notes, section 1.1)
_TARGETS = {"labels_any": "foreground where grey > 0", "labels_half": "foreground where grey >= 128"}


def evaluate(
    params: "arguments.Evaluation",
    teachers: str,
    subsets: dict[str, str],
    masks: str | None,
    labelled: str,
    about: str,
    out: str,
    table: str,
    device: str,
    unlabelled: str | None = None,
    earlier: Sequence[str] = (),
    examples: str | None = None,
    readme: str | None = None,
) -> dict:
    """Write metrics.json (every score with its definition) and the per-image counts from which all of them follow.

    `subsets`: {"val": csv, "test": csv}. `about`: dataset.json, which names folders of targets of their own for some scores. `earlier`: folders of the generations before. `examples`: folder of a few masks to look at.
    `readme`: what lies in the folder, for people.
    For each subset: every student, the pool's mean and sd, the best by validation, and the ensemble of the pool (mean
    of the probabilities). From gen1 on `pseudo_labels` says what masks.csv says of them; `alarms` what to mistrust, `stopping`
    (of `generations: auto`) whether more generations are made. Returns {"images"} for the cost.
    """
    task = Task(params["task"])
    prepared = read_prepared(about)
    files = Path(about).with_name(prepared["files"]["path"])
    known: arguments.Evaluating = {**params, "metric_labels": prepared.get("metric_labels", {}), "files": str(files)}
    ranking = read_json(teachers)
    pool = load_pool(teachers, ranking["pool"], device)
    students = [f"student{row['student']}" for row in ranking["pool"]]
    result: dict = {
        "run": params["run"],
        "generation": params["generation"],
        "score": task.score,
        "ranked_by": ranking["ranked_by"],
        "best_student": ranking["pool"][0]["student"],
        "upper_bound": params["upper_bound"],
        "definitions": {name: _definition(name, known) for name in metrics.names_for(params["task"])},
        "label_names": task.labels,
    }
    per_image: list[dict] = []
    prepared_rows = {row["id"]: row for row in read_rows(known["files"])}
    shown = None  # the last subset that has images: test, where there is one
    for subset, csv in subsets.items():
        rows = read_table(csv)
        counts = _count(rows, csv, pool, [*students, "ensemble"], task, known, device) if rows else None
        drawn = [prepared_rows[row["id"]] for row in rows]
        result[subset] = _summary(counts, students, task, known, drawn) if counts else None
        shown = ((subset, csv), rows, _of(counts, task.score, known)[students[0]]) if counts else shown
        for who, one in (counts["labels"] if counts else {}).items():
            per_image += _image_rows(subset, drawn, who, one, result["label_names"])
        for who, one in (counts.get("mcce", {}) if counts else {}).items():
            per_image += _image_rows(
                subset, drawn, who, one, [metrics.CELL_ROWS + name for name in result["label_names"]]
            )
    if examples is not None:
        write_examples(known, shown, pool[0], examples, device)
    if masks is not None:
        result["pseudo_labels"] = pseudo_labels(masks, labelled, task, params["inconsistency_target"])
    result["tables"] = {Path(table).name: write_table(table, per_image, (*COUNTED, *COUNTS))}
    everyone = {"labelled": labelled} | ({"unlabelled": unlabelled} if unlabelled else {}) | subsets
    result["subsets"] = subsets_of(everyone, known["files"], params["channels"])
    result["alarms"] = watch(result, teachers, earlier, masks, result["subsets"], params["had"])
    if params["patience"]:
        result["stopping"] = stopping(params, [*(str(Path(folder) / "counts.csv") for folder in earlier), table])
    if readme is not None:
        write_readme(params, readme)
    result["tables"] = result.pop("tables")  # last: people read scores first
    write_json(out, result)
    return {"images": sum(len(read_table(csv)) for csv in subsets.values()) * len(pool)}


def _definition(name: str, params: "arguments.Evaluating") -> str:
    """The score's own sentence, and which masks it was computed against where these are not `labels`."""
    folder = params["metric_labels"].get(name)
    target = f"; against the masks in {folder}: {_TARGETS[folder]}" if folder else ""
    if params["task"]["cells"] and name in CELL_COUNTS:
        target += "; predicted positions are redrawn as discs first"
    return metrics.scorer(name, params["task"]).definition + target


def _count(
    rows: list[dict], csv: str, pool: list, names: list[str], task: Task, params: "arguments.Evaluating", device: str
) -> dict:
    """{folder of targets: {who: counts (N, L, 4)}}; `labels` always, others where a score has targets of its own.

    Where the task marks cells, scores that count otherwise have an entry under their name. `confusion`: of the first student,
    where labels exclude each other.
    """
    others = CELL_COUNTS if task.cells else {}
    folders = ["labels", *sorted(set(params["metric_labels"].values()))]
    counts: dict = {key: {name: [] for name in names} for key in (*folders, *others)}
    if task.exclusive:
        counts["confusion"] = {names[0]: [np.zeros((1, task.outputs, task.outputs), np.int64)]}
    digests = {row["id"]: row for row in read_rows(params["files"])} if folders[1:] else {}
    for first in range(0, len(rows), _CHUNK):
        chunk = rows[first : first + _CHUNK]
        images = load_images(chunk, csv, params["channels"])
        targets = {"labels": load_masks(chunk, csv)}
        for folder in folders[1:]:
            named = [
                {folder: str(Path(row["label"]).parents[1] / folder / Path(row["label"]).name)}
                | {f"{folder}_sha256": digests[row["id"]][f"{folder}_sha256"]}
                for row in chunk
            ]
            targets[folder] = load_masks(named, params["files"], folder)
        done = 0
        for several in inference.probabilities(pool, images, task, device, params["precision"], params["batch_size"]):
            several = [*several, torch.stack(several).mean(0)]
            for name, one in zip(names, several, strict=True):
                masks = task.decide(one).cpu().numpy()
                for folder in folders:
                    target = targets[folder][done : done + len(masks)]
                    counts[folder][name].append(count_all(masks, target, params["task"]))
                for score, count in others.items():
                    target = targets["labels"][done : done + len(masks)]
                    counts[score][name].append(count(masks, target, params["task"]))
                if name in counts.get("confusion", {}):
                    target = targets["labels"][done : done + len(masks)]
                    counts["confusion"][name][0] += crossed(masks, target, task.outputs)
            done += len(several[0])
    return {folder: {name: np.concatenate(parts) for name, parts in of.items()} for folder, of in counts.items()}


def _summary(counts: dict, students: list[str], task: Task, params: "arguments.Evaluating", drawn: list[dict]) -> dict:
    """Scores of one subset; `drawn`: the images' rows of files.csv."""
    names = metrics.names_for(params["task"])

    def scores(who: str) -> dict:
        return {name: metrics.scorer(name, params["task"])(_of(counts, name, params)[who]) for name in names}

    each = {who: scores(who) for who in students}
    pool = {}
    for name in names:
        values = [each[who][name]["value"] for who in students if each[who][name]["value"] is not None]
        pool[name] = {
            "mean": float(np.mean(values)) if values else None,
            "sd": float(np.std(values, ddof=1)) if len(values) > 1 else None,
            "n": len(values),
        }
    best = _of(counts, task.score, params)[students[0]]
    labels = counts["labels"][students[0]]
    groups = [row["group"] for row in drawn]
    drawn_best = scores_of([best[None]], metrics.scorer(task.score, params["task"]), generator("best"), 1000, groups)
    _, low, high = interval([drawn_best], images_alone=True)
    return {
        "images": len(best),
        "drawn": _drawn(drawn),
        "with_objects": int(task.shows(labels[..., 0] + labels[..., 2]).sum()),
        "pool": pool,
        "best": each[students[0]],
        "best_interval": {
            "score": task.score,
            "level": 0.95,
            "low": low,
            "high": high,
            "over": "bootstrap of groups of images",
        },
        "ensemble": scores("ensemble"),
        "students": each,
    } | ({"confusion": _confusion(counts["confusion"][students[0]][0], task)} if task.exclusive else {})


def _of(counts: dict, score: str, params: "arguments.Evaluating") -> dict:
    """The counts from which a score follows."""
    return counts[score] if score in counts else counts[params["metric_labels"].get(score, "labels")]


def _confusion(crossed_LL: np.ndarray, task: Task) -> dict:
    """{true class: {class that the best student says: pixels}}, of each those that are said most."""
    most = np.argsort(-crossed_LL, axis=1, kind="stable")[:, :_SAID]
    return {
        name: {task.labels[other]: int(row[other]) for other in order if row[other]}
        for name, row, order in zip(task.labels, crossed_LL, most, strict=True)
    }


def _drawn(rows: list[dict]) -> dict:
    """What the bootstrap draws together: how many groups, what a row is, and what a group is, in words."""
    groups, windows = {row["group"] for row in rows}, any(row.get("window") for row in rows)
    sources = {row["source"] for row in rows}
    of = "images" if windows and len(sources) == len(groups) else "groups"
    return {"groups": len(groups), "unit": "windows" if windows else "images", "of": of}


def _image_rows(subset: str, rows: list[dict], who: str, counts: np.ndarray, labels: list[str]) -> list[dict]:
    return [
        {
            "subset": subset,
            "id": row["id"],
            "group": row["group"],
            "who": who,
            "label": label,
            **dict(zip(COUNTS, map(int, numbers), strict=True)),
        }
        for row, image in zip(rows, counts, strict=True)
        for label, numbers in zip(labels, image, strict=True)
    ]
