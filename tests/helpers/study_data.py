"""Studies whose runs were never trained: settings, and tables of counts with the scores that a test wants."""

import shutil
from pathlib import Path

import numpy as np
from discs import SETTINGS

from dissent.core.files import write_json, write_table, write_text
from dissent.planning.paths import Plan
from dissent.planning.tabulation import tabulation

COLUMNS = ("subset", "id", "who", "label", "tp", "fp", "fn", "tn")
BASE = "experiments: [tiny]\nmethods: [ldt_equal_steps, aldt, im_clean]\ngenerations: 1\n"


def code(*names):
    return "code"


def plan_of(root: Path, text: str = BASE, name: str = "mine") -> Plan:
    """The plan with a study below the working directory, beside the tests' own settings."""
    shutil.copytree(SETTINGS, "settings", dirs_exist_ok=True)
    write_text(f"settings/studies/{name}.yaml", text)
    return Plan({"config_dir": "settings"}, str(root))


def params_of(plan: Plan, name: str = "mine") -> dict:
    """What the scripts of a study get."""
    return tabulation(plan.config, name, code)


def reach(plan: Plan, scores: dict[str, float], spread: float = 0.0, images: int = 20, students: int = 2, name="mine"):
    """Write the tables of all runs of a study: the last generation of `method` scores `scores[method]` (percent) on test.

    Student k scores k - 1 times `spread` more, and images differ by up to 8 points in the same way for all methods, which differ
    by up to 1 point in a way of their own.
    """
    for run in plan.cells(name):
        for g in range(run.method.last + 1):
            value = scores[run.method_name] if g == run.method.last else 40
            generation(f"results/{run.name}/gen{g}", g, value, spread, images, students, run.method_name)


def generation(folder: str, g: int, score: float, spread: float, images: int, students: int, method: str) -> None:
    """metrics.json, counts.csv and cost.json of one generation."""
    hard = np.random.default_rng(0).integers(-80, 81, images)
    hard -= round(hard.mean())
    own = np.random.default_rng(sum(map(ord, method))).integers(-10, 11, images)
    own -= round(own.mean())
    rows, values = [], {}
    for student in range(1, students + 1):
        found = np.clip(np.round(10 * (score + spread * (student - 1)) + hard + own), 0, 1000).astype(int)
        values[f"student{student}"] = float(found.sum() / (1000 * images))
        for image, right in enumerate(found):
            numbers = {"tp": int(right), "fp": 0, "fn": int(1000 - right), "tn": 50}
            rows.append({"subset": "test", "id": f"i{image:02}", "who": f"student{student}", "label": "disc"} | numbers)
    write_table(f"{folder}/counts.csv", rows, COLUMNS)
    each = {who: {name: {"value": value} for name in ("iou", "published_iou")} for who, value in values.items()}
    about = {"generation": g, "score": "iou", "definitions": {"iou": "IoU = tp / (tp + fp + fn)"}, "val": None}
    reached = {"images": images, "students": each, "ensemble": {"iou": {"value": score / 100}}}
    write_json(f"{folder}/metrics.json", about | {"test": reached})
    total = {"seconds": 10.0, "cpu_seconds": 20.0, "steps": 24, "devices": ["cpu"]}
    jobs = {f"train {student}": {"steps": 12, "images": 96} for student in range(1, students + 1)}
    write_json(f"{folder}/cost.json", {"total": total, "jobs": jobs})
