"""How many images each subset of a run's split has: from its tables, else as it will be divided. No torch."""

from pathlib import Path

from dissent.config.resolve import Run
from dissent.core.columns import SUBSETS
from dissent.core.files import UserError, read_rows
from dissent.datasets.problems import Problems
from dissent.datasets.raw import find_items
from dissent.datasets.split import divide
from dissent.datasets.split_files import read_fixed
from dissent.planning.paths import Plan


def subsets_of(plan: Plan, run: Run) -> dict[str, int] | None:
    """{subset: images}; None where the data are neither prepared nor such that their number is known before."""
    tables = {subset: Path(plan.subset(run, subset)) for subset in SUBSETS}
    if all(table.is_file() for table in tables.values()):
        return {subset: sum(1 for _ in read_rows(table)) for subset, table in tables.items()}
    split = run.dataset.splits[run.split]
    known: dict[str, int] | None = None
    if split.images:
        known = dict.fromkeys(SUBSETS, 0) | {str(subset): number for subset, number in split.images.items()}
        known["hidden"] = known["unlabelled"]
    if run.dataset.geometry.name not in ("whole", "centre") or split.lists is not None:
        return known  # windows are counted when they are cut
    rows = _raw(plan, run) or _fetched(run)
    if not rows:
        return known
    try:
        fixed = read_fixed(run.dataset, split, rows) if split.fixed else None
        divided = divide(rows, split, f"split `{run.split}` of {run.dataset_name}", fixed)
    except UserError:
        return None
    found = {subset: len(chosen) for subset, chosen in divided.items()}
    return found | {"hidden": sum(bool(row["label"]) for row in divided["unlabelled"])}


def _raw(plan: Plan, run: Run) -> list[dict]:
    """A row of files.csv for each raw image, as far as a split asks for it."""
    raw = Path(plan.raw(run.dataset_name))
    if not raw.is_dir():
        return []
    return [
        {
            "id": item.id,
            "group": item.group,
            "part": item.part,
            "source": item.source,
            "label": "mask" * bool(item.masks),
        }
        | {f"table_{column}": value for column, value in item.row.items()}
        for item in find_items(run.dataset, raw, Problems())
    ]


def _fetched(run: Run) -> list[dict]:
    """{subset: images} of a data set that is still to be fetched, and whose number of images is known."""
    archives = {archive.folder: archive.files for archive in run.dataset.fetch.archives} if run.dataset.fetch else {}
    return [
        {"id": name, "group": name, "part": part.name, "source": f"{name}.png", "label": "mask"}
        for part in run.dataset.parts
        for name in [f"{part.name}{number:09}" for number in range(archives.get(part.images, 0))]
    ]
