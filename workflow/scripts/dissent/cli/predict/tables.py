"""The tables that `dissent predict` writes beside masks: predictions.csv and made_with.json. No torch."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from dissent.config.task import TaskSettings
from dissent.core.columns import PREDICTED
from dissent.core.files import write_json, write_table
from dissent.core.task import Task
from dissent.datasets.predicted import ABOUT, TABLE

if TYPE_CHECKING:
    from dissent.cli.predict.pool import Pool


def write_tables(
    out: Path,
    task: Task,
    rows: list[dict],
    beside: dict,
    about: dict,
    everyone: bool,
    begin: Callable[[dict[str, str]], None],
) -> None:
    """Write both; `beside`: the SHA-256 of each picture beside the masks, `about`: what made them. `begin` is told the SHA-256
    of the table before it is there; made_with.json has its own seal."""
    counts = [*(["doubt_share"] if everyone else []), *(f"pixels_{name}" for name in task.histogram_names)]
    table = [dict.fromkeys(counts, "") | row | {"image": plain(row["image"])} for row in rows]
    for row in table:
        row["mask"] = row["mask"] and plain(row["mask"])
    with TemporaryDirectory(prefix=".predictions.", dir=out) as place:
        written = write_table(new := Path(place, TABLE), table, (*PREDICTED, *counts), keeper=False)
        begin({TABLE: written["sha256"]})
        new.replace(out / TABLE)
    tables = {"tables": {TABLE: written}, "files": dict(sorted(beside.items()))}
    write_json(out / ABOUT, about | tables)


def plain(name: str) -> str:
    """A path that no spreadsheet takes for a formula, and no table refuses."""
    name = f"./{name}" if name[:1] in "=+-@" else name
    return name.encode("utf-8", "backslashreplace").decode()


def about_masks(pool: "Pool", task: Task, everyone: bool, views: int, levels: tuple | None) -> dict:
    """What made the masks, and what their numbers mean: made_with.json."""
    names = task.labels if task.bits else task.histogram_names
    return {
        "networks": [
            {"folder": folder.as_posix(), "weights_sha256": sha}
            for folder, sha in zip(pool.folders, pool.digests, strict=True)
        ],
        "masks": "mean of the networks' probabilities" if everyone else "the best network",
        "task": task.kind,
        ("bits" if task.bits else "ids"): {str(1 << i if task.bits else i): name for i, name in enumerate(names)},
        "size": pool.knows.size,
        "input": pool.knows.input.model_dump(mode="json") | {"levels": levels},
    } | ({"views": views} if views > 1 else {})


def legend(task: TaskSettings) -> dict:
    """What else of the task a reader of the masks needs: the colour of each label, and which of several is the background."""
    table = task.palette
    first = int(task.one_foreground)
    numbers = [1 << i if task.overlapping else i + first for i in range(len(task.labels))]
    return {"colours": [table[number] for number in numbers]} | (
        {"background": task.background} if task.exclusive else {}
    )
