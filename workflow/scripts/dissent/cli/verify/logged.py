"""Results that nothing was made from, such as the report: that they were written stands in the logs of their jobs. No torch."""

import re
from collections.abc import Iterable
from pathlib import Path

from dissent.core.words import printable
from dissent.runtime.logs import DONE

_WRITES = {
    "report": "report.html",
    "browse": "browse.html",
    "cost": "cost.json",
    "audit": "audit.json",
    "evaluate": "metrics.json",
    "rank_students": "teachers.json",
    "assemble_pairs": "pairs.csv",
    "show_pairs": "pairs/shown.json",
    "prepare": "dataset.json",
}
_OF_STUDIES = {"tabulate_study": "table.html", "plot_labels": "labels.svg"}
_LOGS = Path("logs")


def logged(paths: Iterable[Path], files: Iterable[Path]) -> dict[Path, str]:
    """{file at or below `paths`: how it is known that a job wrote it}; of a run of which no file is among `files` one stands for all."""
    paths, there = list(paths), {file.parts[:2] for file in files}
    found = {}
    for log in sorted(_LOGS.rglob("*.log")):
        path = _written(log.relative_to(_LOGS), log.stem)
        if path and any(path.is_relative_to(one) for one in paths) and _ended_well(log):
            why = f"was written, by {printable(log)}"
            if path.parts[0] == "results" and path.parts[1] != "studies" and path.parts[:2] not in there:
                path = Path(*path.parts[:2], "report.html")
                why = f"lies in a run of which nothing is left, and {_LOGS / path.parts[1]} tells that it was made"
            found[path] = why
    return found


def _written(log: Path, job: str) -> Path | None:
    """What the job of a log below `logs` wrote."""
    folder = log.parent if log.parts[0] == "data" else Path("results", log.parent)
    if job in _OF_STUDIES:
        return Path("results", "studies", log.parent, _OF_STUDIES[job])
    if match := re.fullmatch(r"train\.(\d+)", job):
        return folder / ("" if folder.name == "evalnets" else "students") / match[1] / "model.safetensors"
    if match := re.fullmatch(r"split\.([^.]+)", job):
        return folder / "splits" / match[1] / "split.json"
    return folder / _WRITES[job] if job in _WRITES else None


def _ended_well(log: Path) -> bool:
    try:
        lines = log.read_text("utf-8", "replace").splitlines()
    except OSError:
        return False
    return bool(lines) and lines[-1] == DONE
