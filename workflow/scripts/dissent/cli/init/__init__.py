"""Look at a folder of images and masks, and write the settings of a first experiment on it.

Annotations of tools (COCO, Labelme, YOLO, nnU-Net, Cellpose) are seen by themselves, and converted into masks of ours; the
folder is only read. The masks are judged all together: numbers, 0 and 255, colours, a folder for each label, or a label in each channel.
Images without a mask become the unlabelled ones. Where the files allow more than one reading, nothing is written and
the question names the flags that answer it. On a known name it tells what came and went, and keeps what you wrote."""

import argparse
import re
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from dissent.cli.init import annotated, layout
from dissent.cli.init.arguments import add_arguments as add_arguments
from dissent.cli.init.deep import levels_note
from dissent.cli.init.first_experiment import SPLIT, experiment_text, extent_of
from dissent.cli.init.given_split import given, held_by
from dissent.cli.init.holdout import SIMULATED, Labelled, held_back, told_subsets
from dissent.cli.init.infer_encoding import guess
from dissent.cli.init.mask_meaning import Guess
from dissent.cli.init.name_ends import folders_of
from dissent.cli.init.network_file import Chosen, chosen
from dissent.cli.init.pairing import Pairs, find_pairs
from dissent.cli.init.quick import add_quick, next_commands, quick_files, quick_splits
from dissent.cli.init.rehearse import rehearse, told_meaning
from dissent.cli.init.survey import Survey, survey
from dissent.cli.init.told import seen, told_size
from dissent.cli.init.update import Files, check_free, put_aside, update
from dissent.cli.init.wishes import Wishes
from dissent.cli.init.write_config import checked, dataset_comment, dataset_text, first_split, source_of
from dissent.cli.machine import cores
from dissent.cli.seen import told_files
from dissent.cli.settings import config_of, settings_folder
from dissent.config.base import validate
from dissent.config.dataset import Source
from dissent.core.files import UserError, write_atomic, write_text
from dissent.core.rebuild_hint import use_settings
from dissent.datasets.annotated import QUESTIONS
from dissent.datasets.decode import Header
from dissent.datasets.ours import check_ours
from dissent.datasets.own_masks import RECORD, place_for
from dissent.datasets.place import check_place

EXAMPLES = """examples:
  dissent init photos --images images --masks masks --name leaves
  dissent init scans --masks annotations --ignore 255 --labels background,cell,debris
  dissent init suim --masks masks --tolerance 32 --kind multiclass
  dissent init slides --masks 'masks/{stem}_seg.png' --table splits.csv --column subset --quick"""
_NAME = "[A-Za-z0-9_][A-Za-z0-9_-]*"


def run(args: argparse.Namespace) -> int:
    """Returns 0 when the files are written or need no change, 1 when a known data set has something to mend."""
    name, settings = _name(args), args.config_dir or settings_folder(None)
    use_settings(settings)
    files = Files(settings, name)
    smaller = quick_files(settings, name)
    wanted = (files.dataset, files.experiment, files.table, *(smaller if args.quick or args.anew else ()))
    there = [path for path in wanted if path.exists()]
    if files.dataset.exists() and not args.anew:
        code = update(args.folder, files, _unused_flags(args))
        if args.quick:
            print(add_quick(files))
        return code
    if there and not args.anew:
        raise UserError(
            f"{' and '.join(map(str, there))} exist and stay as they are; say another --name, or --anew to put them aside"
        )
    network = chosen(args, config_of(settings), name)
    if network.text and files.network.exists():
        there.append(files.network)
        if not args.anew:
            raise UserError(f"{files.network} exists and stays as it is; say another --name, or --anew to put it aside")
    check_free(files, args.folder)
    check_place(args.folder, name, filter(None, (*folders_of(args), args.unlabelled)))
    check_ours(Path("data", name), args.folder)
    if tool := layout.layout_of(args):
        made = annotated.convert(args, tool, name)
        with ExitStack() as undo:
            undo.callback(made.undo)
            print(told_files(made.pairs.census, args.folder, made.folders))
            return _write(args, files, there, network, made.pairs, made.headers, made.meant, made.own.folder, undo)
    pairs = find_pairs(args.folder, args.images, args.masks, args.leave_out, args.unlabelled)
    folders = filter(None, (pairs.images_below, pairs.masks_below, pairs.more_below))
    print(told_files(pairs.census, args.folder, folders))
    found, meant = _meaning(args, pairs)
    return _write(args, files, there, network, pairs, found.images, meant)


def _write(
    args: argparse.Namespace,
    files: Files,
    there: list[Path],
    network: Chosen,
    pairs: Pairs,
    headers: Sequence[Header],
    meant: Guess,
    own: Path | None = None,
    undo: ExitStack | None = None,
) -> int:
    """Rehearse the settings, and write them; `own`: the folder of converted masks, which `undo` takes away where that fails."""
    name, table = files.name, given(args, pairs)
    further = {
        "table": table and table.table,
        "own_masks": own and own.as_posix(),
        "exif": args.exif,
        "on_size_mismatch": args.on_size_mismatch,
    }
    values = source_of(pairs, headers, meant, args.size, args.geometry, args.group, further)
    labelled = _labelled(args, pairs)
    source = validate(Source, values, files.dataset)
    network.check(source)
    found = rehearse(source, cores())
    print(told_meaning(meant, found.counts))
    if table:
        split, held = held_by(table, pairs, headers, source, labelled)
        where = f"as {table.column} of {table.path} says"
    else:
        split, held = first_split(labelled, files.table), held_back(pairs, headers, source, labelled)
        where = f"named in {files.table}, so they stay when you add images and masks"
    values["splits"] = {SPLIT: split} | (quick_splits(split, held.counts) if args.quick else {})
    dataset = checked(values, files.dataset)
    drawn, note = held.table(args.folder), levels_note(list(pairs.images.values()), dataset, cores())
    if undo is not None:
        undo.pop_all()  # from here on files of settings name the masks
    if own is None and (place_for(name) / RECORD).exists():
        print(f"\n{annotated.told_aside(place_for(name), put_aside(place_for(name)), name)}", end="")
    for path in there:
        print(f"\nkept    {path} as {put_aside(path)}", end="")
    written = [files.dataset, files.experiment]
    if not table:
        write_atomic(files.table, drawn)
        written.append(files.table)
    write_text(files.dataset, dataset_text(values, dataset_comment(name, labelled, given=table is not None)))
    if network.text:
        write_text(files.network, network.text)
        written.append(files.network)
    extent = extent_of(dataset.task, held.counts, args.generations, args.students)
    write_text(files.experiment, experiment_text(name, dataset.task, network.name, extent))
    config_of(files.settings).run(name)
    if note:
        print(f"\nnote    {note}")
    print(f"\n{told_size(dataset, headers, found.across)}")
    if dataset.channels == 1 and network.network.weights != "none":
        print(f"note    images are grey: the encoder of {network.name} sees each as three equal channels")
    print(told_subsets(held, where, labelled, simulated=not pairs.alone))
    last = next_commands(files, dataset, held.counts, args.quick)
    print("\nwritten " + "\n        ".join(map(str, [*written, *last.files])))
    print(f"Look at the names of labels in the first (`task`), then:\n{last.text}")
    return 0


def _meaning(args: argparse.Namespace, pairs: Pairs) -> tuple[Survey, Guess]:
    """What all masks hold and mean; UserError where it is open."""
    folders = sorted(pairs.masks) if "" not in pairs.masks else []
    if folders and args.missing is None:
        _check_missing(pairs)
    ignore = None if args.ignore is None else [value for value in args.ignore if value is not None]
    wishes = Wishes(args.kind, args.labels, ignore, args.threshold, args.tolerance, args.missing, args.palette)
    found = survey(pairs, cores(), wishes)
    print(seen(pairs, found, args.group is not None))
    return found, guess(found, wishes, folders)


def _labelled(args: argparse.Namespace, pairs: Pairs) -> Labelled:
    """How many masks are learned from: all, or a share where every image has one."""
    if pairs.alone and args.labelled not in (None, "all"):
        raise UserError(
            f"`--labelled {args.labelled}` hides masks, which is for folders where every image has one; here "
            f"{len(pairs.alone)} images have none: leave it out, and every mask is learned from"
        )
    return args.labelled or ("all" if pairs.alone else SIMULATED)


def _unused_flags(args: argparse.Namespace) -> list[str]:
    """Flags that were given, and that settings which are there already answer."""
    masks = ("kind", "labels", "ignore", "threshold", "tolerance", "palette", "missing")
    names = (
        *masks,
        "layout",
        *QUESTIONS,
        "size",
        "exif",
        "on_size_mismatch",
        "group",
        "leave_out",
        "labelled",
        "unlabelled",
        "table",
        "column",
        "val",
        "test",
        "network",
        "weights",
        "steps",
        "students",
        "generations",
    )
    return [f"--{name.replace('_', '-')}" for name in names if getattr(args, name)] + [
        f"--{name}"
        for name, usual in (("geometry", "whole"), ("images", "images"), ("masks", "masks"))
        if getattr(args, name) != usual
    ]


def _name(args: argparse.Namespace) -> str:
    name = args.name or re.sub(r"[^A-Za-z0-9_-]+", "_", args.folder.resolve().name).lstrip("-")
    if not re.fullmatch(_NAME, name):
        raise UserError(f"`--name {name}`: use letters, digits, _ and -, as in my_cells")
    return name


def _check_missing(pairs: Pairs) -> None:
    some_mask = pairs.images.keys() - set(pairs.alone)
    lacking = {f"{label}/": sum(key not in masks for key in some_mask) for label, masks in pairs.masks.items()}
    if any(lacking.values()):
        told = ", ".join(f"{count} in {label}" for label, count in lacking.items() if count)
        raise UserError(
            f"masks of some images lack in some folders ({told}); say `--missing empty` if the label is nowhere in them"
        )
