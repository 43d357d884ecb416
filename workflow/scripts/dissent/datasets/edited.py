"""Which files of a job a person has edited since: they are newer, hold something else, and can still be looked at. No torch."""

import io
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from PIL import Image

from dissent.core import png
from dissent.datasets.contents import contents


def dated(status: os.stat_result) -> int:
    """When a file was written, or came here by a move or a copy that keeps dates."""
    return max(status.st_mtime_ns, status.st_ctime_ns)


def edited(folder: Path, changed: Sequence[Path], known: Mapping[str, Collection[str]]) -> tuple[list[Path], bool]:
    """Of files that may have `changed`, those that a person edited, and whether all hold what a job wrote.

    `known`: {path below `folder`: SHA-256 that the file may have}. A damaged file is nobody's work.
    """
    found = contents(folder, changed) if changed else {}
    others = [folder / name for name, sha in found.items() if sha not in known[name]]
    return [path for path in others if _is_image(path)], not others


def _is_image(path: Path) -> bool:
    """Whether somebody may have drawn a file: of a damaged one checksums are wrong, or it cannot be decoded."""
    try:
        content = path.read_bytes()
        with Image.open(io.BytesIO(content)) as image:
            image.load()
    except (OSError, SyntaxError, ValueError):
        return False
    return not png.fault(content)
