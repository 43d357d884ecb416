"""Results that nothing was made from, such as the report: that they were written stands in the logs of their jobs. No torch."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from dissent.runtime.logs import DONE

_WRITES = {
    "report": "report.html",
    "cost": "cost.json",
    "audit": "audit.json",
    "evaluate": "metrics.json",
    "rank_students": "teachers.json",
    "assemble_pairs": "pairs.csv",
    "show_pairs": "pairs/shown.json",
    "tabulate_study": "table.html",
    "plot_labels": "labels.svg",
}


def logged(runs: Iterable[Path]) -> Iterator[tuple[Path, Path]]:
    """(file, log) of what a finished job wrote into one of these folders (results/NAME, results/studies/NAME)."""
    for run in runs:
        for log in sorted(Path("logs", run.name).rglob("*.log")):
            if (path := _written(run, log)) and _ended_well(log):
                yield path, log


def _written(run: Path, log: Path) -> Path | None:
    folder = run / log.parent.relative_to(Path("logs", run.name))
    if match := re.fullmatch(r"train\.(\d+)\.log", log.name):
        return folder / ("students" if folder != run / "evalnets" else "") / match[1] / "model.safetensors"
    return folder / _WRITES[log.stem] if log.stem in _WRITES else None


def _ended_well(log: Path) -> bool:
    lines = log.read_text("utf-8", "replace").splitlines()
    return bool(lines) and lines[-1] == DONE
