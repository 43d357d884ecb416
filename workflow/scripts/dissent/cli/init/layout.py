"""Whether a folder holds annotations of a tool, and of which; or masks."""

import argparse

from dissent.cli.questions import add_questions
from dissent.datasets.formats import LAYOUTS, cellpose, recognised


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `dissent init` on annotations of tools."""
    group = parser.add_argument_group("annotations of tools, which are converted into masks in data/raw/NAME.masks")
    group.add_argument("--layout", choices=[*LAYOUTS, "masks"], help="what lies there; default: seen by itself")
    add_questions(group)


def layout_of(args: argparse.Namespace) -> str | None:
    """The layout of annotations in a folder; None where masks lie there."""
    if args.layout is not None:
        return None if args.layout == "masks" else args.layout
    if (args.folder / args.masks).is_dir() or args.masks != "masks" or not args.folder.is_dir():
        return None
    found = recognised(args.folder, LAYOUTS, "--layout")
    if found == "cellpose":
        classes = "`--layout masks`: classes, in folders below it (`--images DIR --masks DIR`)"
        cellpose.check_objects(args.folder, "--layout", classes)
    return found
