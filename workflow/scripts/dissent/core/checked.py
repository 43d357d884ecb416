"""Whether a file that is read is the one that was written, and says nothing that only Python or a spreadsheet understands."""

import json
import logging
import math
import re
from pathlib import Path
from typing import Any

from dissent.core import seal
from dissent.core.errors import UserError
from dissent.core.rebuild_hint import again

log = logging.getLogger(__name__)


def check_json(path: str | Path, content: bytes, sealed: bool) -> Any:
    """The value of a JSON file without its seal; UserError when it is damaged. `sealed`: whether one of ours is expected."""
    try:
        value = strict_json(content.decode("utf-8"))
    except ValueError as error:
        raise UserError(f"{path} is not readable JSON ({error}); {again(path)}") from None
    whole = seal.holds(content)
    if whole is False:
        raise UserError(
            f"{path} is not as it was written (its own SHA-256 differs): it was changed or damaged; {again(path)}"
        )
    if whole is None and sealed:
        _tell_of_unsealed(path)
    if isinstance(value, dict):
        value.pop(seal.FIELD, None)
    return value


def strict_json(text: str) -> Any:
    """The value of a JSON text; ValueError for what Python alone takes (NaN, infinities) and for what is nested too deep."""
    try:
        return json.loads(text, parse_constant=_no_number, parse_float=_finite)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number of JSON")


def _finite(text: str) -> float:
    if math.isfinite(value := float(text)):
        return value
    raise ValueError(f"{text} is too large a number")


_told: set[str] = set()


def _tell_of_unsealed(path: str | Path) -> None:
    """Once a job: that a file cannot be checked. `dissent verify` lists all such files."""
    if not _told:
        log.warning("%s carries no digest: it is of an earlier version, and is read as it stands", path)
    _told.add(str(path))


def check_table(path: str | Path) -> None:
    """UserError when a table is not the one that was written; it names the file, what is wrong and what makes it again."""
    try:
        wanted = seal.kept(Path(path))
        fault = seal.table_fault(Path(path), wanted) if wanted else None
    except FileNotFoundError:
        return  # whoever reads it says so
    except seal.Broken as error:
        raise UserError(f"{path} {error}; {again(path)}") from None
    if fault:
        raise UserError(f"{path} {fault}: lines were lost, or it was changed or damaged; {again(path)}")
    if wanted is None and Path(path).exists():
        _tell_of_unsealed(path)


_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def quoted(cell: object) -> object:
    """A cell that no spreadsheet takes for a formula: such a text gets a quote before it."""
    return f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell


def unquoted(cell: str) -> str:
    """What `quoted` was given."""
    return cell[1:] if cell[:1] == "'" and _FORMULA.match(cell) else cell
