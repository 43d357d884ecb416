"""How formats find and read a person's files: those that are left out are not used, and those that cannot be read are problems."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from dissent.core.files import UserError
from dissent.datasets.decode import EXTENSIONS, Header, read_header
from dissent.datasets.formats.base import Annotations, Ask
from dissent.datasets.listing import walk
from dissent.datasets.problems import Problems

_LOOKED_AT = 20
SENT = "drafts.csv"
"""the table of a folder of drafts"""
PICTURES = ("images", "doubt")
"""folders of it that hold no masks of plain PNG"""


def of_drafts(where: Path) -> bool:
    """Whether a folder is one that drafts went out in."""
    return (where / SENT).is_file()


def top_of(where: Path) -> Path:
    """The folder below which files have their names: it, or that of a file."""
    return where.parent if where.is_file() else where


def files_of(where: Path, ask: Ask, *endings: str) -> list[Path]:
    """Files with these endings below a folder, or the file itself, without those that are left out."""
    found, top = [where] if where.is_file() else walk(where)[0], top_of(where)
    return [
        path
        for path in found
        if path.suffix.lower() in endings and not left_out(path.relative_to(top).as_posix(), ask.leave_out)
    ]


def masks_in(files: Iterable[Path], top: Path, ask: Ask, problems: Problems) -> Iterator[tuple[Path, str, Header]]:
    """Image files, which are masks: path, name below `top`, and header."""
    for path in files:
        name = path.relative_to(top).as_posix()
        if not is_image(path) or left_out(name, ask.leave_out):
            continue
        try:
            header = read_header(path)
        except ValueError as error:
            problems.add(name, str(error))
            continue
        yield path, name, header


def json_files(
    where: Path, ask: Ask, problems: Problems, found: Annotations, fits: Callable[[Any], bool], lacks: str
) -> Iterator[tuple[Path, str, Any]]:
    """JSON files that `fits` knows: path, name below `where`, and value; a note says what others lack."""
    for path in files_of(where, ask, ".json"):
        name = path.relative_to(top_of(where)).as_posix()
        try:
            value = parsed(path)
        except UserError as error:
            problems.add(name, str(error).removeprefix(f"{path} "))
            continue
        if fits(value):
            yield path, name, value
        else:
            found.notes.append(f"{name} is left out: it {lacks}")


def left_out(name: str, patterns: Sequence[str]) -> bool:
    """Whether a pattern means this path, or a folder that it lies in."""
    return any(fnmatchcase(name, one) or fnmatchcase(name, f"{one.rstrip('/')}/*") for one in patterns)


def jsons(where: Path, *patterns: str) -> list[Path]:
    """A JSON file itself, or the first ones in a folder: enough to know a format by, where there are a hundred thousand."""
    if where.is_file():
        return [where] if where.suffix.lower() == ".json" else []
    return [path for pattern in patterns for path in islice(where.glob(pattern), _LOOKED_AT)]


def read_text(path: Path) -> str:
    """A person's text file; UserError names it where it is no UTF-8."""
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(f"{path} is no UTF-8 text; save it as that") from None


@lru_cache(16)
def _json(path: Path, state: tuple[int, int]) -> Any:
    return json.loads(read_text(path))


def parsed(path: Path) -> Any:
    """A person's JSON file, read once; UserError names it where it is damaged."""
    try:
        return _json(path, (path.stat().st_size, path.stat().st_mtime_ns))
    except (ValueError, RecursionError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"{path} is no valid JSON ({error}); save it anew, or say --leave-out '{path.name}'") from None


def peeked(path: Path) -> Any:
    """`parsed`, and None where it is no JSON."""
    try:
        return parsed(path)
    except UserError:
        return None


def is_image(path: Path) -> bool:
    """Whether a file is called like an image that is read."""
    return path.suffix.lower() in EXTENSIONS


def number_of(value: Any, what: str) -> float:
    """A finite number of a person's file; ValueError says which value is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise ValueError(f"has {value!r} as {what}, which is no number")
    return float(value)


def check_corners(corners: Iterable[float], image: str, times: str) -> None:
    """ValueError where all corners of an image's annotations lie between 0 and 1: they are shares of its sides.

    `times`: what makes them right.
    """
    given = list(corners)
    if given and all(-0.01 <= one <= 1.01 for one in given):
        raise ValueError(
            f"all corners in {image} lie between 0 and 1, such as {given[0]:.4g}, so they seem to be shares of its sides: {times}"
        )


def packed(value: Any) -> str:
    """A value as the text of a JSON file for another tool, which knows no seal of ours."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n"
