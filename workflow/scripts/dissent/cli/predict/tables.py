"""The tables that `dissent predict` writes beside masks: predictions.csv and made_with.json. No torch."""

from pathlib import Path

from dissent.core.columns import PREDICTED
from dissent.core.files import write_json, write_table
from dissent.core.task import Task


def write_tables(out: Path, task: Task, rows: list[dict], beside: dict, about: dict, everyone: bool) -> None:
    """Write both; `beside`: the SHA-256 of each picture beside the masks, `about`: what made them."""
    counts = [*(["doubt_share"] if everyone else []), *(f"pixels_{name}" for name in task.histogram_names)]
    table = [dict.fromkeys(counts, "") | row | {"image": plain(row["image"])} for row in rows]
    for row in table:
        row["mask"] = row["mask"] and plain(row["mask"])
    written = write_table(out / "predictions.csv", table, (*PREDICTED, *counts), keeper=False)
    tables = {"tables": {"predictions.csv": written}, "files": dict(sorted(beside.items()))}
    write_json(out / "made_with.json", about | tables)


def plain(name: str) -> str:
    """A path that no spreadsheet takes for a formula, and no table refuses."""
    name = f"./{name}" if name[:1] in "=+-@" else name
    return name.encode("utf-8", "backslashreplace").decode()
