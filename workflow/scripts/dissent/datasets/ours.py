"""What lies in data/{dataset} and was not written by `prepare`: it is the user's, and no job may remove it."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from dissent.core.columns import LABELLED
from dissent.core.files import UserError, digest, read_json, read_rows, sha256, write_json
from dissent.core.words import some
from dissent.datasets.convert import PUBLISHED_TARGETS
from dissent.datasets.edited import dated
from dissent.datasets.edited import edited as changed_by_hand
from dissent.datasets.listing import JUNK

FOLDERS = ("images", "labels", *sorted(PUBLISHED_TARGETS.values()))
MARKER = ".files.csv"
"""beside files.csv, and its copy: no output of a job, so it is there still when the outputs are not, or are damaged"""
_SIGNS = {
    "files.csv": (b"id,image,label,", b"image_sha256", b"label_sha256"),
    "dataset.json": (b'{\n "dataset"', b'"raw_digest"'),
}
_CHECKED = ".checked.json"  # when all newer files were found to be what was prepared

Known = dict[str, set[str]]


def check_ours(folder: str | Path, raw: str | Path) -> None:
    """UserError names the files in data/{dataset} that `prepare` did not write, and prepared ones that were changed since.

    Dates tell which files to read: those newer than the tables, and than the last time that all of them were as prepared.
    """
    folder = Path(folder)
    known, since, tables = _known(folder)
    foreign = list(_foreign_tables(folder))
    changed: dict[Path, int] = {}
    for name in FOLDERS:
        for entry in _entries(folder / name):
            if f"{name}/{entry.name}" not in known:
                foreign.append(folder / name / entry.name)
            elif status := _newer(entry, since):
                changed[folder / name / entry.name] = status.st_ctime_ns
    edited, whole = changed_by_hand(folder, list(changed), known)
    if foreign or edited:
        raise UserError("\n  ".join(_words(folder, raw, foreign, edited)))
    if changed and whole:
        with contextlib.suppress(OSError):  # it only saves time
            write_json(folder / _CHECKED, {"tables": tables, "at": max(changed.values())})


def _known(folder: Path) -> tuple[Known, int, str]:
    """{path below `folder`: its digests} of what `prepare` wrote, and since when it was so; the digest of the tables that say so."""
    table, marker = folder / "files.csv", folder / MARKER
    # what was prepared before there were markers, or came from DVC, has none; its two tables fit each other
    tables = [path for path in ([table] if _fits(folder) else [table, marker]) if path.is_file()]
    known: Known = {}
    for path in tables:
        for name, sha in _named(path):
            known.setdefault(name, set()).add(sha)
    # `snakemake --touch` gives outputs new dates, and the marker keeps its own
    dates = [path.stat().st_mtime_ns for path in {*tables, *([marker] if marker.is_file() else [])}]
    these = digest([sha256(path) for path in tables])
    try:
        memory = read_json(folder / _CHECKED)
        checked = int(memory["at"]) if memory["tables"] == these else 0
    except (UserError, KeyError, TypeError, ValueError):
        checked = 0
    return known, max(min(dates, default=0), checked), these


def _fits(folder: Path) -> bool:
    try:
        return read_json(folder / "dataset.json")["files"]["sha256"] == sha256(folder / "files.csv")
    except (UserError, OSError, KeyError, TypeError):
        return False


def _named(table: Path) -> Iterator[tuple[str, str]]:
    """What a table of prepared files names, as far as it can be read."""
    try:
        for row in read_rows(table, LABELLED, sealed=False):
            image = (row["image"] or "").rpartition("/")[2]
            yield f"images/{image}", row["image_sha256"] or ""
            for column, folder in (("label_sha256", "labels"), *((f"{one}_sha256", one) for one in FOLDERS[2:])):
                if row.get(column):
                    yield f"{folder}/{image}", row[column]
    except (UserError, ValueError, OSError):
        return


def _foreign_tables(folder: Path) -> Iterator[Path]:
    """files.csv and dataset.json that no `prepare` wrote; a damaged one of ours still has some of our words."""
    for name, words in _SIGNS.items():
        path = folder / name
        if path.is_file():
            text = path.read_bytes()
            if not (any(word in text for word in words) or words[0].startswith(text) or b"\0" in text):
                yield path


def _entries(folder: Path) -> Iterator[os.DirEntry]:
    """What lies in a folder, hidden files and those of file browsers left out, and empty folders."""
    if not folder.is_dir():
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") or entry.name in JUNK:
                continue
            if not entry.is_dir() or any(True for _ in _entries(Path(entry.path))):
                yield entry


def _newer(entry: os.DirEntry, since: int) -> os.stat_result | None:
    """The dates of a file that may have been written since: a copy that keeps its old date has a new one of change."""
    try:
        status = entry.stat()
    except OSError:  # a link to nothing
        return None
    return status if dated(status) > since else None


def _words(folder: Path, raw: str | Path, foreign: list[Path], edited: list[Path]) -> list[str]:
    lines = [f"{folder} holds files of yours, which preparing the data set anew would remove. Nothing was touched."]
    if foreign:
        lines.append(
            f"not written by dissent: {some(sorted(path.as_posix() for path in foreign))}; move them away: raw images and masks belong in {raw}"
        )
    if edited:
        lines.append(
            f"changed since they were prepared: {some(sorted(path.as_posix() for path in edited))}; correct the raw file in {raw} instead, and move these "
            "away or delete them: they are made again"
        )
    return [*lines, "Then run the same command again."]
