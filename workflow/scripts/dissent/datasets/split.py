"""Labelled, unlabelled, validation and test images of a data set, with everything that must not cross the subsets."""

import logging
from collections.abc import Callable
from pathlib import Path

from dissent.config.dataset import Dataset
from dissent.config.split import Split
from dissent.core.columns import DISJOINT, LABELLED, PREPARED, UNLABELLED
from dissent.core.files import UserError, read_prepared, read_table, verify, write_json, write_table
from dissent.datasets import sampling
from dissent.datasets.problems import Problems
from dissent.datasets.split_files import read_fixed, read_lists
from dissent.datasets.unused import tell_unused

log = logging.getLogger(__name__)

_WHERE = {
    "unlabelled": "left of training",
    "labelled": "left for training",
    "val": "left to draw from",
    "test": "there",
}

Subsets = dict[str, list[dict]]


def split(dataset: dict, split: str, folder: str, out: str) -> None:
    """Write out/{labelled,unlabelled,val,test,hidden}.csv from folder/{dataset.json,files.csv}; `dataset`: as JSON.

    UserError names every image or group that stands in two subsets, byte-identical images in two subsets, and images
    without a mask where one is needed. Nothing is written then.
    """
    source = Dataset.model_validate(dataset)
    plan = source.splits[split]
    about, table = Path(folder) / "dataset.json", Path(folder) / "files.csv"
    verify(table, read_prepared(about)["files"]["sha256"], about)
    rows = read_table(table, PREPARED)
    if plan.lists is not None:
        subsets: Subsets = {subset: [] for subset in DISJOINT} | read_lists(source, plan, rows)
    else:
        fixed = read_fixed(source, plan, rows) if plan.fixed else None
        subsets = divide(rows, plan, f"split `{split}` of {about}", fixed)
    _check(subsets, plan, f"split `{split}` of {folder}")
    _warn_of_absent_labels(subsets, source)
    hidden = [row for row in subsets["unlabelled"] if row["label"]]
    tables = {}
    for subset, chosen in (subsets | {"hidden": hidden}).items():
        columns = UNLABELLED if subset == "unlabelled" else LABELLED
        cells = [{column: row[column] for column in columns} for row in sorted(chosen, key=lambda row: row["id"])]
        tables[f"{subset}.csv"] = write_table(Path(out) / f"{subset}.csv", cells, columns)
    write_json(Path(out) / "split.json", {"split": split, "tables": tables})
    tell_unused(rows, subsets, plan)


def divide(rows: list[dict], plan: Split, where: str, fixed: Subsets | None = None) -> Subsets:
    """Subsets by values of a column, then by draws from the training images: test, val, labelled, unlabelled in turn.

    `fixed`: rows of val and test where a table names them. Groups of images that were drawn, or named there, for val or
    test are in that subset alone: what they have beside is left out.
    """
    by_value = _by_value(rows, plan, where)
    named = {subset: getattr(plan, subset) for subset in ("test", "val", "labelled", "unlabelled")}
    subsets: Subsets = {
        subset: [row for value in values for row in by_value(value)] if isinstance(values, list) else []
        for subset, values in named.items()
    } | (fixed or {})
    if isinstance(plan.labelled, list):
        return subsets
    train = rows if plan.column is None else [row for value in plan.train for row in by_value(value)]
    held_out = [row for value in plan.held_out for row in by_value(value)]
    if fixed is not None:
        train = _without_groups_of(fixed["val"] + fixed["test"], train, all_of_them=True)
    for subset, share in named.items():
        pool = held_out if plan.held_out and subset in ("test", "val") else train
        if subset == "unlabelled" and share is None:
            subsets[subset] = pool
        elif not isinstance(share, list) and share:
            subsets[subset] = _drawn(pool, share, plan, subset, where)
            taken = {row["id"] for row in subsets[subset]}
            train, held_out = ([row for row in of if row["id"] not in taken] for of in (train, held_out))
            if plan.by == "group" and (subset in ("val", "test") or (subset == "labelled" and not plan.mixed_groups)):
                train, held_out = (_without_groups_of(subsets[subset], of) for of in (train, held_out))
    return subsets


def _without_groups_of(chosen: list[dict], rows: list[dict], all_of_them: bool = False) -> list[dict]:
    """`rows` without images of the groups that are in `chosen`: those without a mask, or all of them."""
    groups = {row["group"] for row in chosen}
    return [row for row in rows if row["group"] not in groups or (row["label"] and not all_of_them)]


def _drawn(pool: list[dict], share: int | float | str, plan: Split, subset: str, where: str) -> list[dict]:
    """The rows of a subset; UserError where there are not as many."""
    if isinstance(share, str):  # "all"
        return [row for row in pool if row["label"]]
    key = {"group": "group", "crop": "id"}[plan.by]
    try:
        if plan.draw == "nested" or subset == "unlabelled":
            return sampling.nested(pool, share, plan.seed, subset, key)
        if plan.draw == "shuffle":
            return sampling.as_shuffled(pool, share, plan.seed, key)
        return sampling.as_sklearn(pool, share, plan.seed, subset == "labelled" and plan.draw == "sklearn_rest", key)
    except sampling.TooFew as error:
        raise UserError(f"`{subset}: {share}` in {where}: {error} {_WHERE[subset]}{_needs(subset)}") from None


def _needs(subset: str) -> str:
    return "" if subset == "unlabelled" else ", of those that have a mask"


def _by_value(rows: list[dict], plan: Split, where: str) -> Callable[[str], list[dict]]:
    if plan.column is None:
        return lambda value: []
    column = plan.prepared_column
    if column == "part" and rows and "table_part" in rows[0]:
        raise UserError(f"`column: part` in {where} may mean the `parts` or the column of its table: rename the latter")
    if rows and column not in rows[0]:
        there = [name.removeprefix("table_") for name in rows[0] if name.startswith("table_")]
        raise UserError(
            f"`column: {plan.column}` in {where} is no column of its table (there are: part, {', '.join(there)})"
        )
    values = {row[column] for row in rows}

    def of(value: str) -> list[dict]:
        if value not in values:
            raise UserError(
                f"{value} in {where} is no value of column {plan.column} (there are: {', '.join(sorted(values))})"
            )
        return [row for row in rows if row[column] == value]

    return of


def _check(subsets: Subsets, plan: Split, where: str) -> None:
    problems = Problems(f"`{subset}` is empty" for subset in ("labelled", "val") if not subsets[subset])
    torn = _torn(subsets) if plan.by == "crop" or plan.mixed_groups else set()
    if torn and plan.by == "crop":
        log.warning(
            "labelled and unlabelled windows come from the same %d images, as `by: crop` says: this leaks labels",
            len(torn),
        )
    _check_crossings(subsets, torn, problems)
    for subset in ("labelled", "val", "test"):
        problems += [
            f"image {row['id']}: is in {subset} and has no mask" for row in subsets[subset] if not row["label"]
        ]
    problems.stop(f"{where} cannot be used")


def _check_crossings(subsets: Subsets, torn: set[str], problems: Problems) -> None:
    """Images, groups and equal pixels in two subsets; `torn`: groups that may be labelled and unlabelled."""
    found: dict[str, list[str]] = {"id": [], "group": [], "image_sha256": []}
    crossing: set[str] = set()
    for key, what in (("id", "image"), ("group", "group"), ("image_sha256", "the same pixels:")):
        seen: dict[str, tuple[str, str, str]] = {}
        told = set()
        for subset, chosen in subsets.items():
            for row in chosen:
                other, name, group = seen.setdefault(row[key], (subset, row["id"], row["group"]))
                if key != "id" and row["group"] == group in torn and {subset, other} == {"labelled", "unlabelled"}:
                    continue
                if other == subset or (key != "image_sha256" and row[key] in told):
                    continue
                # one cause, one line: a group of one image says no more than the image, nor do the pixels of one image
                told.add(row[key])
                if key == "id":
                    crossing.add(row["id"])
                elif (key == "group" and row["group"] in crossing) or (name == row["id"] and name in crossing):
                    continue
                names = f"{name} and {row['id']}" if key == "image_sha256" else row[key]
                found[key].append(f"{what} {names}: in {other} and in {subset}")
    problems += [line for lines in found.values() for line in lines]


def _torn(subsets: Subsets) -> set[str]:
    """Groups of which some windows are labelled and some are not."""
    labelled, unlabelled = ({row["group"] for row in subsets[subset]} for subset in ("labelled", "unlabelled"))
    return labelled & unlabelled


def _warn_of_absent_labels(subsets: Subsets, source: Dataset) -> None:
    names = source.task.value_names
    for subset in ("labelled", "val", "test"):
        present = {int(value) for row in subsets[subset] for value in row["present"].split()}
        absent = [name for value, name in enumerate(names) if value not in present]
        if absent and subsets[subset]:
            log.warning("no %s image shows %s", subset, ", ".join(absent))
