"""Gather the plain numbers on which alarms are raised. Needs no torch."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from dissent.core.files import read_image, read_json, read_mask, read_rows, verify
from dissent.core.seeds import generator
from dissent.core.task import Task
from dissent.evaluation.diagnostics import raised

log = logging.getLogger(__name__)

_SAMPLE = 32  # images of a subset that are looked at: seconds, whatever the size of the data set


def watch(
    result: Mapping,
    teachers: str,
    earlier: Sequence[str],
    masks: str | None,
    subsets: Mapping[str, dict],
    had: Sequence[str],
) -> list:
    """The alarms of a generation, told in the log too.

    `result`: metrics.json so far. `teachers`: its ranking. `earlier`: folders of the generations before. `masks`: its
    masks.csv, from gen1 on. `subsets`: of `subsets_of`. `had`: settings that the run has, which are no remedy.
    """
    found = raised(
        {
            "pseudo": result.get("pseudo_labels"),  # gen0 has none
            "teachers": _teachers(Path(earlier[-1]) / "teachers.json") if earlier else None,
            "ranked_by": result["ranked_by"],
            "history": history(earlier, teachers, masks),
            "subsets": subsets,
            "had": had,
            "shown": {subset: result[subset] for subset in ("val", "test") if result.get(subset)},
        }
    )
    for one in found:
        log.warning("alarm %s: %s. Cause: %s. Remedy: %s", one["alarm"], one["seen"], one["cause"], one["remedy"])
    return found


def _teachers(ranking: Path) -> dict:
    """How many networks labelled, and how many of them differ."""
    asked = [row["sha256"]["model.safetensors"] for row in read_json(ranking)["pool"] if row["teacher"]]
    return {"asked": len(asked), "different": len(set(asked))}


def history(earlier: Sequence[str], teachers: str, masks: str | None) -> list[dict]:
    """Score of the pool, doubt and change of each generation, this one last: from the tables that every run has."""
    rankings = [*(f"{folder}/teachers.json" for folder in earlier), teachers]
    tables = [*(f"{folder}/masks.csv" for folder in earlier), masks]
    found = []
    for number, (ranking, table) in enumerate(zip(rankings, tables, strict=True)):
        scores = [row["score"] for row in read_json(ranking)["pool"]]
        known = [score for score in scores if score is not None]
        doubt, changed = _means(table, ("doubt_share", "changed_share")) if number and table else (None, None)
        found.append(
            {
                "generation": number,
                "score": float(np.mean(known)) if known else None,
                "sd": float(np.std(known, ddof=1)) if len(known) > 1 else None,
                "students": len(scores),
                "zero": sum(score == 0 for score in known),
                "doubt": doubt,
                "changed": changed,
            }
        )
    return found


def _means(table: str | Path, columns: Sequence[str]) -> list[float | None]:
    """Mean of each column over the rows that have a value there; row by row, as there may be millions."""
    sums, counts = dict.fromkeys(columns, 0.0), dict.fromkeys(columns, 0)
    for row in read_rows(table, columns):
        for column in columns:
            if row[column]:
                sums[column] += float(row[column])
                counts[column] += 1
    return [sums[column] / counts[column] if counts[column] else None for column in columns]


def subsets_of(tables: Mapping[str, str], files: str, channels: int) -> dict[str, dict]:
    """Brightness, colour and raw size of each subset's images, and the share that has one colour alone; subsets without images are left out.

    `tables`: {subset: its csv}. `files`: files.csv of the data set. Brightness, `tint`, their sd over images and the median size
    are those of a seeded sample. Sizes are of raw images, None where files.csv has none: windows, cut at the images' own scale.
    """
    counts = {subset: sum(1 for _ in read_rows(table)) for subset, table in tables.items()}
    chosen = {subset: drawn(table, subset, counts[subset]) for subset, table in tables.items() if counts[subset]}
    wanted = {row["id"] for rows in chosen.values() for row in rows}
    areas = {row["id"]: _area(row) for row in read_rows(files) if row["id"] in wanted}
    found = {}
    for subset, rows in chosen.items():
        images = [_image(row, tables[subset], channels) for row in rows]
        levels = [float(image.mean()) for image in images]
        known = [area for row in rows if (area := areas.get(row["id"]))]
        found[subset] = {
            "images": counts[subset],
            "brightness": round(float(np.mean(levels)), 2),
            "spread": round(float(np.std(levels)), 2),
            "colour": _colour(images),
            "flat": round(float(np.mean([flat(image) for image in images])), 4),
            "pixels": float(np.median(known)) if known else None,
        }
    return found


def drawn(table: str, subset: str, count: int | None = None) -> list[dict]:
    """A seeded sample of a table's rows, of which there are `count`; it is read row by row, as there may be millions."""
    count = sum(1 for _ in read_rows(table)) if count is None else count
    # the key of a draw is no word to rename: other images would be looked at
    chosen = set(generator("sides", subset).choice(count, min(count, _SAMPLE), replace=False).tolist())
    return [row for index, row in enumerate(read_rows(table)) if index in chosen]


def tint(pixels_HWC: np.ndarray) -> np.ndarray:
    """How much each channel is above the image's mean grey, (C,): colour without brightness."""
    means = pixels_HWC.mean((0, 1))
    return np.asarray(means - means.mean())


def _colour(images: Sequence[np.ndarray]) -> dict[str, list[float]]:
    """Mean of `tint` over images, and its sd."""
    tints = np.stack([tint(image) for image in images])
    return {"mean": np.round(tints.mean(0), 2).tolist(), "spread": np.round(tints.std(0), 2).tolist()}


def _area(row: Mapping) -> int | None:
    return int(row["raw_height"]) * int(row["raw_width"]) if row.get("raw_height") else None


def _image(row: Mapping, table: str, channels: int) -> np.ndarray:
    verify(row["image"], row["image_sha256"], table)
    return read_image(row["image"], channels)


def flat(image_HWC: np.ndarray) -> bool:
    """Whether an image has one colour alone."""
    return bool((image_HWC == image_HWC[0, 0]).all())


def empties(task: Task, rows: Sequence[Mapping], labelled: Sequence[Mapping]) -> dict:
    """Share of the images without any foreground, among pseudo-labels (rows of masks.csv) and among annotators' labels."""
    names = task.foreground_names
    where = [task.histogram_names.index(name) for name in names]
    ours = [not any(int(row[f"pixels_{name}"]) for name in names) for row in rows]
    people = [not np.take(task.pixels(read_mask(row["label"])), where).any() for row in labelled]
    return {
        "empty_share": float(np.mean(ours)) if ours else 0.0,
        "labelled_empty_share": float(np.mean(people)) if people else 0.0,
    }


def small_of_dropped(rows: Sequence[Mapping]) -> float | None:
    """Share of small images among the dropped ones: with less foreground than three quarters of the kept have.

    Only images with some foreground count. None without such images.
    """
    kept = [int(row["agreed_foreground"]) for row in rows if row["kept"] == "1"]
    dropped = [int(row["agreed_foreground"]) for row in rows if row["kept"] != "1" and int(row["agreed_foreground"])]
    return float(np.mean(np.array(dropped) < np.quantile(kept, 0.25))) if kept and dropped else None
