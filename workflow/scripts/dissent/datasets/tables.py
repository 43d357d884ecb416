"""Tables and lists that people's tools write: read right, or refused with the file, the line and the remedy. No torch."""

import csv
import io
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dissent.core.files import UserError
from dissent.core.words import nfc, some
from dissent.datasets.naming import plain

_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
_REMEDY = "save it as UTF-8 (in Excel: `CSV UTF-8`)"


@dataclass(frozen=True)
class Line:
    """A row of a table: the line where it begins (1 is the header), and its cells by column."""

    number: int
    cells: dict[str, str]


def text_of(path: Path) -> str:
    """The text of a file in UTF-8, or in UTF-16 that says so; UserError names the line that is neither."""
    try:
        content = path.read_bytes()
    except OSError as error:
        why = "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
        raise UserError(f"{path} {why}") from None
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise UserError(f"{path} is a spreadsheet's own file or a zip, no text: {_REMEDY}")
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    if b"\0" in content and encoding != "utf-16":
        raise _zero_bytes(path, content[: content.index(b"\0")].count(b"\n"))
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise UserError(
            f"{path}, line {line}: byte {content[error.start]:#04x} is no {encoding.removesuffix('-sig').upper()}, so the "
            f"file has another encoding (often cp1252): {_REMEDY}"
        ) from None
    if "\0" in text:  # UTF-32 begins as UTF-16 does
        raise _zero_bytes(path, text[: text.index("\0")].count("\n"))
    return text


def _zero_bytes(path: Path, lines: int) -> UserError:
    return UserError(
        f"{path}, line {lines + 1}: holds zero bytes, as UTF-16 without its mark, or UTF-32, does: {_REMEDY}"
    )


def table_of(path: Path, columns: Sequence[str], may_lack: Sequence[str] = ()) -> list[Line]:
    """Rows of a CSV with commas, semicolons or tabs; blank rows and columns without a name are passed over.

    UserError names what lacks of `columns`, and every line that has more or fewer cells than the header; `may_lack`: the
    columns at its end that lines may leave out.
    """
    return _table(path, text_of(path), columns, may_lack)[0]


def with_cells(
    path: Path, cells: Mapping[int, Mapping[str, str]], columns: Sequence[str], may_lack: Sequence[str] = ()
) -> bytes:
    """The bytes of a person's table with other cells, {line: {column: cell}}; every other character stays.

    UserError where that cannot be done.
    """
    content, text = path.read_bytes(), text_of(path)
    wanted = {number: {column: nfc(cell) for column, cell in changed.items()} for number, changed in cells.items()}
    before, separator, head = _table(path, text, columns, may_lack)
    lines = list(io.StringIO(text, newline=""))
    for number, changed in wanted.items():
        for column, cell in changed.items():
            lines[number - 1] = _with_cell(lines[number - 1], separator, head.index(column), cell)
    text = "".join(lines)
    if _table(path, text, columns, may_lack)[0] != [
        replace(o, cells=o.cells | wanted.get(o.number, {})) for o in before
    ]:
        told = "; ".join(f"line {number}: {', '.join(changed.values())}" for number, changed in wanted.items())
        raise UserError(f"{path} has quotation marks or line breaks in its cells; write into it yourself: {told}")
    marks = {BOM_UTF16_LE: "utf-16-le", BOM_UTF16_BE: "utf-16-be", BOM_UTF8: "utf-8"}
    mark = next((one for one in marks if content.startswith(one)), b"")
    return mark + text.encode(marks.get(mark, "utf-8"))


def _with_cell(line: str, separator: str, place: int, cell: str) -> str:
    """A line with another cell; blanks around it stay, and quotation marks where they are needed."""
    found = list(re.finditer(rf'(?:^|{separator})("(?:[^"]|"")*"|[^{separator}\r\n]*)', line))
    if place >= len(found):
        # a line that ends before this column; of one with line breaks in a cell the caller sees it
        text = line.rstrip("\r\n")
        return text + separator * (place + 1 - len(found)) + cell + line[len(text) :]
    before, (start, end) = found[place][1], found[place].span(1)
    if before.startswith('"') or separator in cell or '"' in cell:
        cell = f'"{cell.replace(chr(34), 2 * chr(34))}"'
    return line[:start] + (before.replace(before.strip(), cell) if before.strip() else cell) + line[end:]


def _table(path: Path, text: str, columns: Sequence[str], may_lack: Sequence[str]) -> tuple[list[Line], str, list[str]]:
    """Lines, separator and header of a table's text."""
    text, columns = nfc(text), [nfc(column) for column in columns]
    first, rest = text.split("\n", 1) if "\n" in text else (text, "")
    skipped = int(first.strip().lower() in ("sep=,", "sep=;", "sep=\t"))  # Excel's own line
    text = rest if skipped else text
    try:
        heads = {separator: _head(text, separator) for separator in _SEPARATORS}
        fits = [separator for separator, head in heads.items() if not set(columns) - set(head)]
        separator = fits[0] if fits else max(heads, key=lambda one: len(heads[one]))
        head = heads[separator]
        _check_head(path, head, columns, 1 + skipped)
        least = len(head) - next((i for i, name in enumerate(reversed(head)) if name not in may_lack), len(head))
        return _lines(path, _rows(text, separator, skipped), head, least), separator, head
    except csv.Error as error:
        raise UserError(f"{path}: {error}; look for a quotation mark without its partner") from None


def _head(text: str, separator: str) -> list[str]:
    return [cell.strip() for cell in next(csv.reader(io.StringIO(text, newline=""), delimiter=separator), [])]


def _check_head(path: Path, head: list[str], columns: Sequence[str], line: int) -> None:
    missing = [column for column in columns if column not in head]
    if missing:
        folded = {name.casefold(): name for name in head}
        close = [folded[column.casefold()] for column in missing if column.casefold() in folded]
        hint = f"; is `{close[0]}` meant? upper and lower case differ" if close else ""
        there = ", ".join(filter(None, head)) or "none"
        raise UserError(f"{path}, line {line}: has no column {', '.join(missing)}; it has {there}{hint}")
    seen: dict[str, str] = {}
    for name in filter(None, head):
        other = seen.setdefault(plain(name), "")
        if other:
            what = f"two columns called {name}" if name == other else f"columns {other} and {name}, which look alike"
            raise UserError(f"{path}, line {line}: has {what}; rename one")
        seen[plain(name)] = name


def _rows(text: str, separator: str, skipped: int) -> list[tuple[int, list[str]]]:
    """Rows below the header that are not blank, with the line where each begins."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    next(reader, None)
    rows, last = [], reader.line_num
    for row in reader:
        number, last = last + 1 + skipped, reader.line_num
        cells = [cell.strip() for cell in row]
        if any(cells):
            rows.append((number, cells))
    return rows


def _lines(path: Path, rows: list[tuple[int, list[str]]], head: list[str], least: int) -> list[Line]:
    wrong = [f"line {number} has {len(row)} cells" for number, row in rows if len(row) < least or any(row[len(head) :])]
    if wrong:
        raise UserError(f"{path}: the header has {len(head)} cells, but {some(wrong)}; mend these lines")
    return [Line(number, {name: cell for name, cell in zip(head, row, strict=False) if name}) for number, row in rows]
