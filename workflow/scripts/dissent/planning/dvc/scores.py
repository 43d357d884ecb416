"""The few scores that `dvc metrics show` prints: a file a generation, so that a row of its table is a generation."""

import json
from pathlib import Path

from dissent.config.resolve import Config, Run
from dissent.core.files import read_json, write_text
from dissent.planning.dvc.settings import generations


def runs_of(config: Config, experiment: str) -> tuple[Run, ...]:
    """The run of an experiment, then its controls."""
    return config.run(experiment), *config.controls(experiment)


def scores_file(run: Run, g: int) -> str:
    """Where the scores of a generation stand; git keeps them."""
    return f"scores/{run.name}/gen{g}.json"


def write_scores(config: Config, experiment: str) -> None:
    """Write the scores of every generation of an experiment and of its controls, from their metrics.json."""
    for run in runs_of(config, experiment):
        for g in generations(run):
            found = few(read_json(Path("results", run.name, f"gen{g}", "metrics.json")))
            write_text(scores_file(run, g), json.dumps(found, indent=1) + "\n")  # a seal would be a column of the table


def few(metrics: dict) -> dict:
    """Of a metrics.json the mean over the students of the task's score, IoU and Dice, and the share in doubt."""
    names = dict.fromkeys((metrics["score"], "iou", "dice"))
    subsets = {subset: metrics[subset] for subset in ("val", "test") if metrics[subset]}
    found = {subset: {name: of["pool"][name]["mean"] for name in names} for subset, of in subsets.items()}
    pseudo = metrics.get("pseudo_labels")  # gen0 has none
    return found | ({"doubt_share": pseudo["doubt_share"]} if pseudo else {})
