"""Where the annotations are read again that `init` converted: which of them are gone, and which files count as converted."""

import argparse
from collections.abc import Iterable, Mapping
from pathlib import Path

from dissent.cli.imports.take import Taken
from dissent.datasets.formats import Marks
from dissent.datasets.own_masks import OwnMasks, key_of


def without_annotations(args: argparse.Namespace, images: Iterable[str], own: OwnMasks, taken: Taken) -> None:
    """Tell masks whose annotations are gone; where a person says so now, take them away."""
    there = {*taken.new, *taken.changed, *taken.equal, *taken.untouched, *taken.corrected, *taken.kept}
    masks = own.record["masks"]
    gone = [image for image in sorted(images) if image not in there and masks.get(key_of(image), {}).get("raw")]
    if args.unannotated != "unlabelled":
        taken.stale += gone
        return
    taken.removed += gone
    if not args.dry_run:
        for image in gone:
            own.drop(key_of(image))
        own.save()


def note_sources(
    converted: dict, leave_out: list[str], now: Mapping[str, str], raw: Path, marks: Mapping[str, Marks], taken: Taken
) -> bool:
    """Record the files of annotations as they were taken; one of which something was not taken stays as it was. Whether that is new."""
    before = converted["sources"]
    files = {path for image in (*taken.kept, *taken.stale) if image in marks for path in marks[image].sources}
    left = {path.relative_to(raw).as_posix() for path in files} | (before.keys() - now.keys() if taken.stale else set())
    sources = {name: sha for name, sha in now.items() if name not in left}
    sources |= {name: before[name] for name in left & before.keys()}
    said = {"sources": dict(sorted(sources.items())), "leave_out": leave_out}
    changed = any(converted[key] != value for key, value in said.items())
    converted |= said
    return changed
