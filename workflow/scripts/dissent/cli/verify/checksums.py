"""What tables, JSON files and pages say of files: path and SHA-256, read with suspicion: they may be what is damaged. No torch."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from dissent.core import seal
from dissent.core.checked import strict_json, unquoted
from dissent.datasets.record import NAME as RAW_NAME


class Claim(NamedTuple):
    """A file is what a table says if it has this SHA-256."""

    path: Path
    sha256: str
    table: Path


class Damaged(ValueError):
    """A table that cannot be what was written."""


def claims_of(table: Path) -> list[Claim]:
    """What a table, or a JSON file, says of other files; Damaged gives the reason when it is broken itself."""
    if table.suffix == ".csv":
        return list(_of_csv(table))
    if table.suffix == ".json":
        value = json_of(table)
        reader = _JSON.get(table.name, _of_files)
        try:
            return list(reader(table, value))
        except (KeyError, TypeError, AttributeError, ValueError):
            raise Damaged("lacks what belongs in it") from None
    return []


def json_of(path: Path) -> Any:
    """The value of a JSON file; Damaged when it is not what was written."""
    content = path.read_bytes()
    try:
        value = strict_json(content.decode("utf-8"))
    except ValueError as error:
        raise Damaged(f"is no readable JSON ({error})") from None
    if seal.holds(content) is False:
        raise Damaged("is not as it was written (its own SHA-256 differs)")
    return value


def _of_dataset(table: Path, value: dict) -> Iterator[Claim]:
    for key in ("files", "raw"):
        if key in value:  # data that an older version prepared have no record of raw files
            yield _claim(table.parent / value[key]["path"], value[key]["sha256"], table)


def _of_teachers(table: Path, value: dict) -> Iterator[Claim]:
    for row in value["pool"]:
        for name, sha256 in row["sha256"].items():
            yield _claim(Path(row["folder"]) / name, sha256, table)
        if "metrics_sha256" in row:
            yield _claim(Path(row["folder"]) / "metrics.json", row["metrics_sha256"], table)

    for row in value.get("external", []):
        yield _claim(Path(row["table"]), row["sha256"], table)


def _of_model(table: Path, value: dict) -> Iterator[Claim]:
    yield _claim(table.parent / "model.safetensors", value["sha256"], table)


def _of_files(table: Path, value: dict) -> Iterator[Claim]:
    """Claims of a JSON file whose `files` are digests of what its step wrote beside it."""
    for name, sha256 in (value.get("files", {}) if isinstance(value, dict) else {}).items():
        yield _claim(table.parent / name, sha256, table)


_JSON: dict[str, Callable[[Path, dict], Iterator[Claim]]] = {
    "dataset.json": _of_dataset,
    "teachers.json": _of_teachers,
    "evalnets.json": _of_teachers,
    "model.json": _of_model,
}


def _of_csv(table: Path) -> Iterator[Claim]:
    try:
        wanted = seal.kept(table)
    except seal.Broken:
        wanted = None  # its keeper is told
    if wanted and (fault := seal.table_fault(table, wanted)):
        raise Damaged(fault)
    rows = _rows(table)
    header = rows[0]
    if table.name == RAW_NAME:  # its paths lie below the raw folder: see cli/verify/raw_files.py
        return
    for number, cells in enumerate(rows[1:], 2):
        row = dict(zip(header, map(unquoted, cells), strict=True))
        yield from _of_row(table, row, number)


def _rows(table: Path) -> list[list[str]]:
    try:
        text = table.read_bytes().decode("utf-8")
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise Damaged(f"is no readable CSV ({error})") from None
    if not rows or not text.endswith("\n"):
        raise Damaged("is cut off")
    bad = next((number for number, row in enumerate(rows, 1) if len(row) != len(rows[0])), None)
    if bad or len(set(rows[0])) < len(rows[0]):
        raise Damaged(f"has a line of another length than its first (line {bad or 1})")
    return rows


def _of_row(table: Path, row: dict, number: int) -> Iterator[Claim]:
    for column, sha256 in row.items():
        if column == "sha256" or column.endswith("_sha256"):
            path = _path(table, row, column)
            if bool(path) != bool(sha256):
                raise Damaged(f"lacks a path or a digest in line {number}")
            if path:
                yield _claim(path, sha256, table)


def _path(table: Path, row: dict, column: str) -> Path | None:
    """The file of which a column holds the digest; relative to the working directory, as in the workflow's tables."""
    if column == "sha256":
        text = row.get("prediction") or row.get("mask") or ""
        return (table.parent / text if "mask" in row else Path(text)) if text else None
    name = column.removesuffix("_sha256")
    if name in row:
        return Path(row[name]) if row[name] else None
    label = Path(row.get("label", ""))  # a folder of targets for some scores, beside that of the labels
    return label.parents[1] / name / label.name if row.get("label") and len(label.parts) > 2 else None


def _claim(path: Path, sha256: str, table: Path) -> Claim:
    if not re.fullmatch("[0-9a-f]{64}", sha256):
        raise Damaged(f"has no SHA-256 for {path}")
    return Claim(path, sha256, table)
