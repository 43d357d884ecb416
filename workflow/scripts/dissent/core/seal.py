"""What a file of ours was when it was written, and whether it still is. The standard library alone.

A JSON file seals itself: its last key holds the SHA-256 of all that stands before. Pages carry theirs in a last comment.
A CSV stays plain; its digest and its rows stand under `tables` in a JSON of the step that wrote it: a name of its own
beside it (pairs.csv: pairs.json), or the one that the step writes anyway (counts.csv: metrics.json).
"""

import csv
import hashlib
import json
import re
from pathlib import Path
from typing import NamedTuple

from dissent.core.columns import SUBSETS

FIELD = "seal"
_OPEN, _SHUT = f',\n "{FIELD}": "', '"\n}\n'
_SEALED = re.compile(rf',?\n "{FIELD}": "([0-9a-f]{{64}})"\n}}\n\Z'.encode())
_TAIL = len(_OPEN) + 64 + len(_SHUT)
_PAGE = re.compile(rb"<!-- made from ([\[{].*?[\]}]), sha256 ([0-9a-f]{64}) -->\n\Z")
_CALLED = re.compile(rb'<meta name="page" content="([a-z.]+)">')
_OF_A_RUN = {"report.html", "browse.html"}
_NEAR = 4  # bytes by which the end of a file may differ from a seal, and still was one
# table -> the JSON that keeps its digest, where that is not called like the table
_KEEPERS = {
    "history.csv": ("metrics.json",),
    "counts.csv": ("metrics.json",),
    "files.csv": ("dataset.json",),
    "predictions.csv": ("predictions.json", "made_with.json"),
    **{f"{subset}.csv": ("split.json",) for subset in SUBSETS},
}


class Broken(ValueError):
    """A sealed file that is not what was written; the text goes on after the file's name: `is not as it was written`."""


class Kept(NamedTuple):
    """What a table was when it was written."""

    rows: int
    sha256: str
    keeper: Path


def seal_json(text: str) -> str:
    """The text of a JSON object (as `write_json` forms it) with its seal as the last key."""
    body = text.removesuffix("}\n").removesuffix("\n")
    opening = _OPEN.removeprefix("," if body == "{" else "")
    return f"{body}{opening}{_digest(body.encode())}{_SHUT}"


def holds(content: bytes) -> bool | None:
    """Whether a JSON file is what was written: True, False, or None when it carries no seal (of another version, or not ours)."""
    if match := _SEALED.search(content, max(0, len(content) - _TAIL)):
        return _digest(content[: match.start()]) == match[1].decode()
    return False if _was_sealed(content) else None


def _was_sealed(content: bytes) -> bool:
    if f'"{FIELD}"'.encode() in content[-_TAIL - 8 :]:
        return True
    pattern = (_OPEN + "\0" * 64 + _SHUT).encode()
    tail = content[-_TAIL:]
    wrong = sum(
        found not in b"0123456789abcdef" if wanted == 0 else found != wanted
        for found, wanted in zip(tail, pattern, strict=False)
    )
    return len(tail) == _TAIL and wrong <= _NEAR


def seal_page(page: str, made_from: dict[str, str]) -> str:
    """A page with its last comment: the files that it was made from with their SHA-256, and the digest of all before the digest."""
    names = json.dumps(made_from).replace("-", "\\u002d")  # no `--` may stand in a comment
    body = f"{page.rstrip()}\n<!-- made from {names}, sha256 "
    return f"{body}{_digest(body.encode())} -->\n"


def page_holds(content: bytes) -> bool | None:
    """Whether a page is what was written: True, False, or None as in `holds`."""
    if match := _PAGE.search(content):
        return _digest(content[: match.start(2)]) == match[2].decode()
    return False if b"sha256 " in content[-100:] or b"<!-- made from " in content else None


def page_fault(name: str, content: bytes) -> str | None:
    """Why the page called `name` is not the one that was written; None when it is. A page of a run says what it is called."""
    if page_holds(content) is False:
        return "is not as it was written (its own SHA-256 differs)"
    said = _CALLED.search(content)
    if said and {name, called := said[1].decode()} == _OF_A_RUN and name != called:
        return f"is another page, {called}"
    return None


def made_from(content: bytes) -> dict[str, str]:
    """The files that a page was made from, with their SHA-256 ("" in pages of earlier versions); none of one that does not say."""
    match = _PAGE.search(content)
    try:
        found = json.loads(match[1]) if match else {}
    except ValueError:  # of a damaged page
        return {}
    return found if isinstance(found, dict) else dict.fromkeys(found, "")


def keepers(table: Path) -> list[Path]:
    """The JSON files in which the digest of a table may stand; the first is that of the workflow."""
    return [table.with_name(name) for name in _KEEPERS.get(table.name, (f"{table.stem}.json",))]


def has_own_keeper(table: Path) -> bool:
    """Whether `write_table` writes the keeper, as no other JSON of the step is one."""
    return table.name not in _KEEPERS or table.name == "predictions.csv"


def kept(table: Path) -> Kept | None:
    """What a table was, by the JSON that keeps its digest; None where none does. Broken names that JSON when it is damaged."""
    for keeper in keepers(table):
        try:
            content = keeper.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            continue
        if (whole := holds(content)) is False:
            raise Broken(f"cannot be checked: {keeper}, which keeps its digest, is not as it was written")
        if whole is None:
            continue
        value = json.loads(content)
        if found := value.get("tables", {}).get(table.name):
            return Kept(found["rows"], found["sha256"], keeper)
    return None


def table_fault(table: Path, wanted: Kept) -> str | None:
    """Why a table is not the one that was written; None when it is."""
    with open(table, "rb") as stream:
        if hashlib.file_digest(stream, "sha256").hexdigest() == wanted.sha256:
            return None
    rows = _count(table)
    if rows is not None and rows != wanted.rows:
        return f"has {rows} rows where {wanted.rows} were written ({wanted.keeper})"
    return f"is not the table that was written (its SHA-256 is not that in {wanted.keeper})"


def _count(table: Path) -> int | None:
    try:
        with open(table, newline="", encoding="utf-8") as stream:
            return max(0, sum(1 for _ in csv.reader(stream)) - 1)
    except (UnicodeDecodeError, csv.Error):
        return None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
