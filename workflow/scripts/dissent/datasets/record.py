"""data/{dataset}/raw.csv: the raw files that a data set was prepared from, one row a file, sorted by path.

Columns: `path` (below the raw folder, with /), `kind` (`image`, `mask` or `table`), `bytes`, `sha256`. `prepare` writes it
last, so a file that is in it is in data/{dataset}/images or labels too. It is no output of a rule: Snakemake does not
remove it before `prepare` runs again, which compares. Dates differ between copies of a project, so they stand apart, in
work/raw/{dataset}.json; they tell an edit (a new date) from damage of the disk (other bytes, the same date).
"""

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dissent.config.dataset import Source
from dissent.core.columns import RAW
from dissent.core.files import UserError, read_json, read_table, write_table, write_text
from dissent.core.words import some
from dissent.datasets.contents import read_again
from dissent.datasets.items import Item

log = logging.getLogger(__name__)

NAME = "raw.csv"
WHY = {
    "edited": "was edited since it was prepared (its content and its date are new); if nobody did, restore it",
    "changed": "is not the file that was prepared: edited or damaged (the date that it had then is not known here)",
    "rotten": "has other content than before under the same date, as damage of a disk makes it: restore it, or `touch` it "
    "if the change is meant",
    "gone": "was prepared, and is not there any more",
    "new": "is new since the data set was prepared",
}


@dataclass(frozen=True, order=True)
class Change:
    """A raw file that is not what it was: `path` below the raw folder, `kind`, and `how`, a key of WHY."""

    path: str
    kind: str
    how: str


def used_files(source: Source, raw: Path, items: Iterable[Item]) -> dict[str, str]:
    """{path below `raw`: kind} of all files that a data set is made of."""
    used = {source.table.path: "table"} if source.table else {}
    for item in items:
        used[item.source] = "image"
        # masks of ours have a record of their own (datasets/own_masks.py)
        masks = [] if item.own else [mask for mask in item.masks if mask is not None]
        used |= {mask.relative_to(raw).as_posix(): "mask" for mask in masks}
    return dict(sorted(used.items()))


def changes(folder: Path, raw: Path, used: Mapping[str, str] | None = None) -> list[Change]:
    """What differs between the raw files, read byte by byte, and the record in `folder`; [] where there is no record.

    `used`: {path: kind} of the files that are to be prepared now; without it nothing is said of new ones.
    """
    return compare(folder, raw, used)[0]


def compare(folder: Path, raw: Path, used: Mapping[str, str] | None = None) -> tuple[list[Change], dict[str, list]]:
    """`changes`, and {path: [bytes, date in nanoseconds, SHA-256]} of the files that were read."""
    before, dates = _read_before(folder), _dates(folder)
    kinds = {path: row["kind"] for path, row in before.items()} | dict(used or {})
    found, rotten = read_again(raw, list(kinds))
    result = []
    for path, kind in kinds.items():
        row, (_, date, sha) = before.get(path), found.get(path, [None] * 3)
        if path in rotten and (row is None or row["sha256"] != sha):
            result.append(Change(path, kind, "rotten"))
        elif row is None:
            result += [Change(path, kind, "new")] if before else []
        elif sha is None or (used is not None and path not in used):
            result.append(Change(path, kind, "gone"))
        elif sha != row["sha256"]:
            then = dates.get(path, [None, None])
            known = then[0] if then[1] == row["sha256"] else None
            how = "changed" if known is None else "rotten" if known == date else "edited"
            result.append(Change(path, kind, how))
    return sorted(result), found


def read_record(folder: Path) -> dict[str, dict[str, str]]:
    """Rows of folder/raw.csv by path; {} where there is none. UserError when it is damaged."""
    path = folder / NAME
    if not path.exists():
        return {}
    rows = read_table(path, RAW)
    return {row["path"]: row for row in rows}


def _read_before(folder: Path) -> dict[str, dict[str, str]]:
    """`read_record`; of a damaged one, which no job could make again as it was, a warning, and nothing is compared."""
    try:
        return read_record(folder)
    except UserError as error:
        log.warning("raw files cannot be compared with those that were prepared before: %s", error)
        return {}


def write_record(folder: Path, used: Mapping[str, str], found: Mapping[str, list], dates: bool = True) -> None:
    """Write folder/raw.csv from {path: kind} and {path: [bytes, date, SHA-256]}, and (where it is to stay) the dates."""
    rows = [
        {"path": path, "kind": used[path], "bytes": found[path][0], "sha256": found[path][2]} for path in sorted(used)
    ]
    write_table(folder / NAME, rows, RAW)
    if dates:
        write_text(_dates_of(folder), json.dumps({path: found[path][1:] for path in sorted(used)}))


def told(found: Sequence[Change]) -> list[str]:
    """One line for each kind of change: how many files, and some names."""
    lines = []
    for how, why in WHY.items():
        names = [change.path for change in found if change.how == how]
        if names:
            lines.append(f"{len(names)} raw file{'s' * (len(names) > 1)}: {some(names)}: each {why}")
    return lines


def _dates_of(folder: Path) -> Path:
    return Path("work", "raw", f"{folder.resolve().name}.json")


def _dates(folder: Path) -> dict[str, list]:
    try:
        return read_json(_dates_of(folder), sealed=False)
    except UserError:  # another machine, or a new work/: nothing can be said of dates
        return {}
