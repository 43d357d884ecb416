"""Students whose small files are damaged while their weights are whole: to train them anew is not the only way. No torch."""

import re
from collections.abc import Iterable
from pathlib import Path

from dissent.core.files import UserError, read_json, sha256

_WEIGHTS = "model.safetensors"


def with_whole_weights(damaged: Iterable[Path]) -> list[Path]:
    """Folders of students of which another file is damaged, and whose weights are those that teachers.json names."""
    bad = set(damaged)
    folders = sorted({path.parent for path in bad if re.fullmatch(r"\d+", path.parent.name)})
    return [folder for folder in folders if folder / _WEIGHTS not in bad and _named(folder)]


def _named(folder: Path) -> bool:
    try:
        pool = read_json(folder.parents[1] / "teachers.json")["pool"]
        found = sha256(folder / _WEIGHTS)
        return any(row["folder"] == folder.as_posix() and row["sha256"][_WEIGHTS] == found for row in pool)
    except (UserError, OSError, KeyError, TypeError, IndexError):
        return False
