"""The model card: what a stranger has to know of the files beside it, from the run's own files."""

from pathlib import Path

from dissent.cli.export.source import Source
from dissent.cli.predict.pool import Pool
from dissent.core.files import read_json, read_table, write_text
from dissent.core.places import SHIPPED
from dissent.core.task import Task
from dissent.report.provenance import versions
from dissent.report.templates import environment_of

_UNTOLD = "not told in the run's files: ask who owns the data before you hand the networks on"
_NONE: dict = {"definitions": {}, "alarms": [], "pseudo_labels": None, "upper_bound": False}


def write_card(source: Source, pool: Pool, task: Task, files: dict[str, dict], out: Path, licence: str | None) -> None:
    """Write the card as Markdown. `files`: {name: what was measured of it} of what lies beside it."""
    found = source.folder / "metrics.json"
    metrics = _NONE | (read_json(found) if found.is_file() else {})
    template = environment_of(SHIPPED / "workflow" / "export", escaped=False).get_template("model_card.md.j2")
    about = Path("data", pool.knows.input.dataset, "dataset.json")
    text = template.render(
        run=source.folder.parent.name,
        generation=source.folder.name,
        knows=pool.knows,
        task=task,
        names=task.labels if task.bits else task.histogram_names,
        networks=list(zip([folder.as_posix() for folder in pool.folders], pool.digests, strict=True)),
        network=pool.architecture,
        prepared=read_json(about) if about.is_file() else {},
        subsets={subset: len(read_table(path)) for subset, path in source.tables.items()},
        metrics=metrics,
        scores=[
            (subset, metrics[subset], _scores(metrics[subset])) for subset in ("val", "test") if metrics.get(subset)
        ],
        files=files,
        versions=versions(),
        licence=licence or _UNTOLD,
    )
    write_text(out, text)


def _scores(part: dict) -> list[tuple[str, str, str, str]]:
    """Name, best student, pool's mean with its deviation, and ensemble, of each score that there is."""
    rows = []
    for name, one in part["best"].items():
        pool = part["pool"][name]
        spread = "" if pool["sd"] is None else f" (sd {_points(pool['sd'])}, {pool['n']} students)"
        rows.append(
            (name, _points(one["value"]), _points(pool["mean"]) + spread, _points(part["ensemble"][name]["value"]))
        )
    return rows


def _points(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"
