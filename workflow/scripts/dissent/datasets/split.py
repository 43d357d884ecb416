"""Labelled, unlabelled, validation and test images of a data set, with everything that must not cross the sides."""

import logging
from collections.abc import Callable
from pathlib import Path

from dissent.config.dataset import Dataset
from dissent.config.split import Split
from dissent.core.columns import APART, LABELLED, PREPARED, UNLABELLED
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

Sides = dict[str, list[dict]]


def split(dataset: dict, split: str, folder: str, out: str) -> None:
    """Write out/{labelled,unlabelled,val,test,hidden}.csv from folder/{dataset.json,files.csv}; `dataset`: as JSON.

    UserError names every image or group that stands on two sides, byte-identical images on two sides, and images
    without a mask where one is needed. Nothing is written then.
    """
    source, plan = Dataset.model_validate(dataset), Dataset.model_validate(dataset).splits[split]
    about, table = Path(folder) / "dataset.json", Path(folder) / "files.csv"
    verify(table, read_prepared(about)["files"]["sha256"], about)
    rows = read_table(table, PREPARED)
    if plan.lists is not None:
        sides = {side: [] for side in APART} | read_lists(source, plan, rows)
    else:
        fixed = read_fixed(source, plan, rows) if plan.fixed else None
        sides = divide(rows, plan, f"split `{split}` of {about}", fixed)
    _check(sides, plan, f"split `{split}` of {folder}")
    _warn_of_absent_labels(sides, source)
    hidden = [row for row in sides["unlabelled"] if row["label"]]
    tables = {}
    for side, chosen in (sides | {"hidden": hidden}).items():
        columns = UNLABELLED if side == "unlabelled" else LABELLED
        cells = [{column: row[column] for column in columns} for row in sorted(chosen, key=lambda row: row["id"])]
        tables[f"{side}.csv"] = write_table(Path(out) / f"{side}.csv", cells, columns)
    write_json(Path(out) / "split.json", {"split": split, "tables": tables})
    tell_unused(rows, sides, plan)


def divide(rows: list[dict], plan: Split, where: str, fixed: Sides | None = None) -> Sides:
    """Sides by values of a column, then by draws from the training images: test, val, labelled, unlabelled in turn.

    `fixed`: rows of val and test where a table names them. Groups of images that were drawn, or named there, for val or
    test are on that side alone: what they have beside is left out.
    """
    by_value = _by_value(rows, plan, where)
    named = {side: getattr(plan, side) for side in ("test", "val", "labelled", "unlabelled")}
    sides: Sides = {
        side: [row for value in values for row in by_value(value)] if isinstance(values, list) else []
        for side, values in named.items()
    } | (fixed or {})
    if isinstance(plan.labelled, list):
        return sides
    train = rows if plan.column is None else [row for value in plan.train for row in by_value(value)]
    held_out = [row for value in plan.held_out for row in by_value(value)]
    if fixed is not None:
        train = _without_groups_of(fixed["val"] + fixed["test"], train, all_of_them=True)
    for side, share in named.items():
        pool = held_out if plan.held_out and side in ("test", "val") else train
        if side == "unlabelled" and share is None:
            sides[side] = pool
        elif not isinstance(share, list) and share:
            sides[side] = _drawn(pool, share, plan, side, where)
            taken = {row["id"] for row in sides[side]}
            train, held_out = ([row for row in of if row["id"] not in taken] for of in (train, held_out))
            if plan.by == "group" and (side in ("val", "test") or (side == "labelled" and not plan.mixed_groups)):
                train, held_out = (_without_groups_of(sides[side], of) for of in (train, held_out))
    return sides


def _without_groups_of(chosen: list[dict], rows: list[dict], all_of_them: bool = False) -> list[dict]:
    """`rows` without images of the groups that are in `chosen`: those without a mask, or all of them."""
    groups = {row["group"] for row in chosen}
    return [row for row in rows if row["group"] not in groups or (row["label"] and not all_of_them)]


def _drawn(pool: list[dict], share: int | float | str, plan: Split, side: str, where: str) -> list[dict]:
    """The rows of a side; UserError where there are not as many."""
    if share == "all":
        return [row for row in pool if row["label"]]
    key = {"group": "group", "crop": "id"}[plan.by]
    try:
        if plan.draw == "nested" or side == "unlabelled":
            return sampling.nested(pool, share, plan.seed, side, key)
        if plan.draw == "shuffle":
            return sampling.as_shuffled(pool, share, plan.seed, key)
        return sampling.as_sklearn(pool, share, plan.seed, side == "labelled" and plan.draw == "sklearn_rest", key)
    except sampling.TooFew as error:
        raise UserError(f"`{side}: {share}` in {where}: {error} {_WHERE[side]} with what they need") from None


def _by_value(rows: list[dict], plan: Split, where: str) -> Callable[[str], list[dict]]:
    if plan.column is None:
        return lambda value: []
    column = "part" if plan.column == "part" else f"table_{plan.column}"
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


def _check(sides: Sides, plan: Split, where: str) -> None:
    problems = Problems(f"`{side}` is empty" for side in ("labelled", "val") if not sides[side])
    torn = _torn(sides) if plan.by == "crop" or plan.mixed_groups else set()
    if torn and plan.by == "crop":
        log.warning(
            "labelled and unlabelled windows come from the same %d images, as `by: crop` says: this leaks labels",
            len(torn),
        )
    _check_crossings(sides, torn, problems)
    for side in ("labelled", "val", "test"):
        problems += [f"image {row['id']}: is in {side} and has no mask" for row in sides[side] if not row["label"]]
    problems.stop(f"{where} cannot be used")


def _check_crossings(sides: Sides, torn: set[str], problems: Problems) -> None:
    """Images, groups and equal pixels on two sides; `torn`: groups that may be labelled and unlabelled."""
    found: dict[str, list[str]] = {"id": [], "group": [], "image_sha256": []}
    crossing: set[str] = set()
    for key, what in (("id", "image"), ("group", "group"), ("image_sha256", "the same pixels:")):
        seen: dict[str, tuple[str, str, str]] = {}
        told = set()
        for side, chosen in sides.items():
            for row in chosen:
                other, name, group = seen.setdefault(row[key], (side, row["id"], row["group"]))
                if key != "id" and row["group"] == group in torn and {side, other} == {"labelled", "unlabelled"}:
                    continue
                if other == side or (key != "image_sha256" and row[key] in told):
                    continue
                # one cause, one line: a group of one image says no more than the image, nor do the pixels of one image
                told.add(row[key])
                if key == "id":
                    crossing.add(row["id"])
                elif (key == "group" and row["group"] in crossing) or (name == row["id"] and name in crossing):
                    continue
                names = f"{name} and {row['id']}" if key == "image_sha256" else row[key]
                found[key].append(f"{what} {names}: in {other} and in {side}")
    problems += [line for lines in found.values() for line in lines]


def _torn(sides: Sides) -> set[str]:
    """Groups of which some windows are labelled and some are not."""
    labelled, unlabelled = ({row["group"] for row in sides[side]} for side in ("labelled", "unlabelled"))
    return labelled & unlabelled


def _warn_of_absent_labels(sides: Sides, source: Dataset) -> None:
    names = source.task.value_names
    for side in ("labelled", "val", "test"):
        present = {int(value) for row in sides[side] for value in row["present"].split()}
        absent = [name for value, name in enumerate(names) if value not in present]
        if absent and sides[side]:
            log.warning("no %s image shows %s", side, ", ".join(absent))
