"""Pseudo-labels that `dissent export` wrote: they say what networks say, until a person corrects them in a tool."""

from pathlib import Path

from dissent.core.files import UserError
from dissent.datasets.formats.files import peeked

_LABELS = ("coco.json", "nnunet")
_ABOUT = "export.json"


def check_exported(where: Path) -> None:
    """UserError where annotations are those files as they lie there, or below them: nothing tells which of them were corrected."""
    place = where.resolve()
    for one in (place, *place.parents):
        about = peeked(one / _ABOUT) if (one / _ABOUT).is_file() else None
        if not isinstance(about, dict) or "from" not in about or not isinstance(about.get("files"), dict):
            continue  # a tool's file of that name
        inside = place.relative_to(one).parts[:1]
        if any(name in about["files"] and inside in ((), (name,)) for name in _LABELS):
            raise UserError(
                f"{where} holds pseudo-labels of {about['from']}, by {one / _ABOUT}: correct them in a tool, and import what it exports, "
                "from a folder of its own; if all of them are right, say --take-unchanged"
            )
