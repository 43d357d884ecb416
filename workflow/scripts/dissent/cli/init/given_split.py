"""A split that a person's table gives: a row for each image, and a column that says train, val or test."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dissent.cli.init import flags
from dissent.cli.init.holdout import HELD_BACK, LEAST, SEED, Held, Labelled, Row, counted, rows_of
from dissent.cli.init.pairing import Pairs
from dissent.config.base import nearest
from dissent.config.dataset import Source
from dissent.config.split import Split
from dissent.core.files import UserError
from dissent.core.seeds import count_of
from dissent.core.words import some
from dissent.datasets.decode import Header
from dissent.datasets.naming import Names
from dissent.datasets.split import divide
from dissent.datasets.tables import Line, table_of

_CALLED = {
    "train": ("train", "training", "trn"),
    "val": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing", "tst"),
    "labelled": ("labelled", "labeled"),
    "unlabelled": ("unlabelled", "unlabeled"),
}
"""words for subsets, in any case"""
_COLUMNS = ("subset", "split", "set", "partition", "fold")
"""names by which a column is found that nobody names"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`--table` and what belongs to it."""
    group = parser.add_argument_group("a split that a table gives, in place of one that is drawn")
    group.add_argument("--table", metavar="FILE", help="a CSV below the folder, with a row for each image")
    group.add_argument("--column", metavar="C", help="its column that says train, val or test")
    for subset, what in (("val", "validation"), ("test", "the test")):
        text = f"values of the column that mean {what}, where they are not called so: --{subset} 4"
        group.add_argument(f"--{subset}", type=flags.names, metavar="A,B,...", help=text)


@dataclass(frozen=True)
class Given:
    """A table, and which values of its column mean which subset."""

    path: str
    key: str
    column: str
    subsets: dict[str, list[str]]
    rows: Mapping[str, str]
    """{path of an image below raw: its value}"""

    @property
    def table(self) -> dict[str, str]:
        """The data set's `table`."""
        return {"path": self.path, "key": self.key}

    def split(self, labelled: Labelled, masked: int) -> dict[str, Any]:
        """The split; `masked`: images to learn from that have a mask, of which some validate where no value says so."""
        named = self.subsets
        held: dict[str, Any] = {subset: named[subset] for subset in ("val", "test") if subset in named}
        if "labelled" in named:
            wanted = {name: named.get(name, []) for name in ("labelled", "unlabelled")}
            return {"seed": SEED, "column": self.column, **wanted, **held}
        drawn = {} if "val" in named else {"val": count_of(HELD_BACK, masked)}
        train = {} if named["train"] == ["train"] else {"train": named["train"]}
        return {"seed": SEED, "column": self.column, **train, **held, **drawn, "labelled": labelled}


def given(args: argparse.Namespace, pairs: Pairs) -> Given | None:
    """What `--table` and `--column` say; None where they were not given. UserError asks what is open."""
    if args.table is None:
        if lost := [f"--{name}" for name in ("column", "val", "test") if getattr(args, name)]:
            raise UserError(f"`{lost[0]}` goes with `--table FILE`, a CSV with a row for each image")
        return None
    below = _below(args.folder, args.table)
    lines = table_of(args.folder / below, [])
    if not lines:
        raise UserError(f"{args.folder / below} has no rows")
    column = _column(args.folder / below, list(lines[0].cells), args.column)
    key, found = _key(args.folder / below, lines, pairs, column)
    values = {source: line.cells[column] for source, line in found.items()}
    return Given(below, key, column, _subsets(args, below, column, values), values)


def _below(folder: Path, text: str) -> str:
    """The table's path below the raw folder; one from here is taken, too, as the shell completes it."""
    for path in (folder / text, Path(text)):
        if path.is_file() and path.resolve().is_relative_to(folder.resolve()):
            return path.resolve().relative_to(folder.resolve()).as_posix()
    why = "does not lie in" if Path(text).is_file() else "is no file below"
    raise UserError(f"`--table {text}` {why} {folder}: put it there, so that it stays with its images")


def _column(path: Path, there: Sequence[str], wanted: str | None) -> str:
    if wanted in there:
        return str(wanted)
    usual = [name for name in there if name.casefold() in _COLUMNS]
    if wanted is None and len(usual) == 1:
        return usual[0]
    said = f"has no column `{wanted}`{nearest(wanted, list(there))}" if wanted else "may give the split in any column"
    raise UserError(f"{path} {said}; say which with `--column C` (there are: {', '.join(there)})")


def _key(path: Path, lines: Sequence[Line], pairs: Pairs, column: str) -> tuple[str, dict[str, Line]]:
    """The column that names images, and {image: its line}; UserError where none does."""
    names = Names(((image.relative_to(pairs.raw).as_posix(), key) for key, image in pairs.images.items()))
    best: tuple[str, dict[str, Line]] = ("", {})
    for name in (one for one in lines[0].cells if one != column):
        found = {source: line for line in lines for source in names.find(line.cells[name])}
        best = max(best, (name, found), key=lambda one: len(one[1]))
    if 2 * len(best[1]) < len(pairs.images):
        first = next(iter(pairs.images.values())).relative_to(pairs.raw).as_posix()
        raise UserError(
            f"{path}: no column names most of the {len(pairs.images)} images, such as {first}; a row says which image it is "
            "about by the name of its file, or its path"
        )
    return best


def _subsets(args: argparse.Namespace, table: str, column: str, values: Mapping[str, str]) -> dict[str, list[str]]:
    """{subset: values}; UserError asks where words do not tell."""
    there = {value: list(values.values()).count(value) for value in sorted(set(values.values()) - {""})}
    if args.val or args.test:
        if unknown := [value for value in [*(args.val or []), *(args.test or [])] if value not in there]:
            raise UserError(f"{unknown[0]} is no value of `{column}` in {table} (there are: {_told(there)})")
        held = {"val": args.val or [], "test": args.test or []}
        if both := set(held["val"]) & set(held["test"]):
            raise UserError(f"`--val` and `--test` both name {min(both)}: an image is in one of them")
        rest = [value for value in there if value not in held["val"] + held["test"]]
        return {name: values for name, values in (held | {"train": rest}).items() if values}
    meant = {value: name for value in there for name, words in _CALLED.items() if value.casefold() in words}
    found = {name: [value for value in there if meant.get(value) == name] for name in _CALLED}
    named = {name: values for name, values in found.items() if values}
    strange = [value for value in there if value not in meant]
    if (
        strange
        or not ("train" in named or {"labelled", "val"} <= named.keys())
        or {"train", "labelled"} <= named.keys()
    ):
        raise UserError(
            f"`{column}` in {table} has {_told(there)}.\nSay what is meant:\n"
            "  --val A --test B  images with these values validate and test, all others are learned from"
        )
    return named


def _told(there: Mapping[str, int]) -> str:
    return some([f"{value} ({count} images)" for value, count in there.items()], 8)


def held_by(
    table: Given, pairs: Pairs, headers: Sequence[Header], source: Source, labelled: Labelled
) -> tuple[dict[str, Any], Held]:
    """The split that a table gives, and the images of its subsets; UserError where too few have masks."""
    rows = rows_of(pairs, headers, source)
    train = [row for row in rows if table.rows.get(row["id"]) in table.subsets.get("train", [])]
    split = table.split(labelled, sum(bool(row["label"]) for row in train))
    tiles: list[Row] = [
        row | {"id": f"{row['id']}//{number}", "image": row, f"table_{table.column}": table.rows.get(row["id"], "")}
        for row in rows
        for number in range(row["tiles"])
    ]
    divided = divide(tiles, Split.model_validate(split), f"{table.path}, column {table.column}")
    subsets = {
        subset: list({row["image"]["id"]: row["image"] for row in chosen}.values())
        for subset, chosen in divided.items()
    }
    bare = [row["id"] for subset in ("val", "test", "labelled") for row in subsets[subset] if not row["label"]]
    if bare and "labelled" not in table.subsets:
        raise UserError(f"{len(bare)} images that {table.path} gives to val or test have no mask: {some(bare)}")
    if not subsets["val"] or not subsets["labelled"] or sum(bool(row["label"]) for row in rows) < LEAST:
        raise UserError(
            f"{table.path} leaves {counted(subsets['labelled'])} to learn from, {counted(subsets['val'])} to validate"
        )
    used = {row["id"] for chosen in subsets.values() for row in chosen}
    return split, Held(subsets, [row for row in rows if row["id"] not in used])
