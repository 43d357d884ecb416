"""Lists of images that a person picked, as the page browse.html saves them: an id a line."""

import csv
from pathlib import Path

from dissent.core.errors import UserError


def listed(path: Path) -> list[tuple[int, str]]:
    """The ids that a file names, each with its line: an id a line, or a table with a column `id`. UserError where there are none.

    Lines that begin with `# ` say something to people.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise UserError(f"{path} cannot be read ({why}); name a list with the id of an image a line") from None
    told = [(number, line) for number, line in enumerate(lines, 1) if line.strip() and not line.startswith("# ")]
    header = next(csv.reader([told[0][1]]), []) if told else []
    if "id" in header:
        rows = ((number, dict(zip(header, cells, strict=False))) for number, cells in _cells(told[1:]))
        found = [(number, row.get("id", "")) for number, row in rows]
    else:
        found = [(number, line.strip()) for number, line in told]
    if not found:
        raise UserError(f"{path} is empty: write the ids of images, one a line, or pick some in browse.html")
    return found


def _cells(lines: list[tuple[int, str]]) -> list[tuple[int, list[str]]]:
    return [(number, next(csv.reader([line]), [])) for number, line in lines]
