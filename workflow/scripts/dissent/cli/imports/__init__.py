"""Bring annotations and corrections into a data set: tell what is new, changed or refused.

FOLDER is what `dissent drafts` wrote and a person corrected, or what a tool exported (a folder, a zip, a JSON). Masks go to a folder of ours
(data/raw/NAME.masks), which the settings name with `own_masks`; raw files are only read. A mask that is replaced is kept there. Drafts that
nobody changed are not taken for labels. Nothing is trained: `dissent check` tells what the next run will do."""

import argparse
from collections.abc import Mapping
from pathlib import Path

from dissent.cli.imports.beside import corrected, not_marks, of_images
from dissent.cli.imports.beside import unread as files_unread
from dissent.cli.imports.exported import check_exported
from dissent.cli.imports.plain import in_folders_of_labels, numbered, unchanged
from dissent.cli.imports.reread import note_sources, without_annotations
from dissent.cli.imports.take import Taken, choices_of, take
from dissent.cli.init.update import Files, means
from dissent.cli.questions import add_questions
from dissent.cli.settings import add_config_dir, config_of, settings_folder
from dissent.config.dataset import Dataset
from dissent.core.columns import SUBSETS
from dissent.core.files import UserError, read_table, write_atomic
from dissent.core.places import SHIPPED
from dissent.core.words import printable, some
from dissent.datasets.annotated import digests, marks_by_image, told_blank
from dissent.datasets.formats import FORMATS, Annotations, Ask, Marks, cellpose, recognised
from dissent.datasets.formats.files import of_drafts
from dissent.datasets.items import Item
from dissent.datasets.naming import Names
from dissent.datasets.numbers import NUMBERS
from dissent.datasets.own_masks import OwnMasks, place_of
from dissent.datasets.predicted import Predicted
from dissent.datasets.problems import Problems, by_cause
from dissent.datasets.raw import find_items, find_raw

EXAMPLES = """examples:
  dissent import to_label --into mine                 what `dissent drafts` wrote, corrected
  dissent import task_1_annotations.zip --into mine   what CVAT exported
  dissent import project-1.json --into mine --dry-run"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `dissent import`."""
    parser.add_argument("folder", type=Path, help="folder, zip or JSON with annotations")
    parser.add_argument("--into", required=True, metavar="NAME", help="the data set, a file of config/datasets")
    parser.add_argument("--format", choices=list(FORMATS), help="what lies there; default: seen by itself")
    parser.add_argument("--leave-out", nargs="+", default=[], metavar="PATTERN", help="files there that are not used")
    parser.add_argument(
        "--take-unchanged",
        action="store_true",
        help="drafts, and masks of `dissent predict`, that nobody changed are right: take them",
    )
    parser.add_argument("--dry-run", action="store_true", help="tell what would be done, and write nothing")
    add_questions(parser)
    told = "; ".join(f"{answer}: {meaning}" for answer, meaning in NUMBERS.items())
    parser.add_argument("--numbers", choices=list(NUMBERS), help=f"what numbers of plain PNG masks are: {told}")
    add_config_dir(parser)


def run(args: argparse.Namespace) -> int:
    """Returns 0, or 1 where something was refused; the rest is taken all the same."""
    settings = settings_folder(args.config_dir)
    config = config_of(settings)
    name, dataset = args.into, config.dataset(args.into)
    _check(args, dataset, settings)
    own, raw = OwnMasks(place_of(dataset, name), new=True), find_raw(dataset.raw, SHIPPED)
    own.check(dataset.task)
    then = _converted(args, own, raw)
    form = args.format or then.get("layout") or _format_of(args.folder)
    where, problems, unread = raw if then else args.folder, Problems(), Problems()
    leave_out = list(dict.fromkeys([*then.get("leave_out", []), *args.leave_out]))
    made = Predicted.of(where) if form == "png" else None
    task = numbered(args, made, where, dataset) if form == "png" else None
    beside = of_drafts(where)
    encoding = None if task else dataset.mask_encoding
    ask = Ask([*leave_out, *not_marks(where)], task or dataset.task, beside, encoding, args.numbers)
    found = of_images(where, FORMATS[form].read(where, ask, unread))
    if not found.marks:
        unread.stop(where)
        if not (then or found.notes):
            raise UserError(
                f"{where} holds nothing that is read as {FORMATS[form].about}; name the file that the tool exported, or say "
                "what lies there with another --format"
            )
    found.notes += files_unread(where, form, found, [*unread, *found.notes], leave_out)
    items = {
        one.source: one for one in find_items(dataset.model_copy(update={"allow_unlabelled": True}), raw, problems)
    }
    problems.stop(raw)
    choices = choices_of(args, own, bool(then))

    def counts(image: str, given: list[Marks]) -> list[Marks]:
        return corrected(given, form, where, items[image], dataset, own, choices)

    names = Names([(item.source, item.id) for item in items.values()], dataset.image_suffix, raw.resolve().name)
    marks, absent = marks_by_image(found, names, unread, counts if beside else None)
    refused = [
        *map(printable, unread),
        *(printable(f"{one}: {name} has no image that is called so{names.hint(one)}") for one in absent),
    ]
    if form == "png" and encoding is not None and args.numbers is None:
        refused += map(printable, in_folders_of_labels(marks, where, dataset, items))
    left = unchanged(made, marks, task) if made and task and not args.take_unchanged else []
    marks = {image: about for image, about in marks.items() if image not in left}
    taken = take(
        args, form, dataset, raw, marks, items, own, Taken(untouched=left, refused=refused), choices, bool(then)
    )
    if then and not unread:
        without_annotations(args, items, own, taken)
    wrote = bool(taken.new or taken.changed or taken.noted or taken.removed)
    told = _told(args, form, found, taken, own, _held(name, items, taken))
    if not args.dry_run:
        if then and not unread:
            wrote = note_sources(then, leave_out, digests(raw, found.marks), raw, marks, taken) or wrote
        told += _settle(own, Files(settings, name), dataset, wrote)
    print("\n".join(told))
    if wrote and not args.dry_run:
        print(Files(settings, name).check_trained)
    return 1 if taken.refused or taken.stale else 0


def _format_of(folder: Path) -> str:
    form = recognised(folder, list(FORMATS), "--format")
    if form is None:
        raise UserError(f"{folder} is none of these formats: {', '.join(FORMATS)}; say which with --format")
    if form == "cellpose":
        cellpose.check_objects(
            folder, "--format", "`--format png`: labels, once each is called as its image (NAME.png)"
        )
    return form


def _converted(args: argparse.Namespace, own: OwnMasks, raw: Path) -> dict:
    """What `init` wrote of a conversion, where the folder is the one that it converted; {} else."""
    then = own.record["converted"] or {}
    same = args.folder.resolve() == raw.resolve() and args.format in (None, then.get("layout"))
    return then if same else {}


def _check(args: argparse.Namespace, dataset: Dataset, settings: Path) -> None:
    path = Files(settings, args.into).dataset
    if not args.folder.exists():
        raise UserError(f"{args.folder} does not exist; name a folder, a zip or a JSON with annotations")
    if not args.take_unchanged:
        check_exported(args.folder)
    if dataset.protocol is not None:
        raise UserError(
            f"{args.into} has `protocol: published`, which wants the greys of raw masks; leave it out, or correct the raw masks"
        )
    if dataset.own_masks is None and not path.is_file():
        raise UserError(
            f"the settings of {args.into} come with dissent, and are to name the folder of the masks: copy them to {path} first"
        )


def _held(name: str, items: Mapping[str, Item], taken: Taken) -> list[str]:
    """Images of validation and test among those that changed, by the splits that were prepared."""
    data = Path("data", name)
    if not (data / "files.csv").is_file():
        return []
    sources = {row["id"]: row["source"] for row in read_table(data / "files.csv", ("id", "source"))}
    tables = [path for subset in SUBSETS[2:4] for path in sorted(data.glob(f"splits/*/{subset}.csv"))]
    held = {sources.get(row["id"], "") for path in tables for row in read_table(path)}
    return sorted(held & {*taken.new, *taken.changed, *taken.removed})


def _told(
    args: argparse.Namespace, form: str, found: Annotations, taken: Taken, own: OwnMasks, held: list[str]
) -> list[str]:
    lines = [
        f"format  {FORMATS[form].about}, {len({one.image for one in found.marks})} images{'; nothing is written (--dry-run)' * args.dry_run}"
    ]
    if taken.new:
        get = "image gets" if len(taken.new) == 1 else "images get"
        lines.append(f"new     {len(taken.new)} {get} a mask: {some(taken.new)}")
    if taken.changed:
        lines.append(
            f"changed {len(taken.changed)} masks, {sum(taken.changed.values()):,} pixels: {some(list(taken.changed))}; what a mask "
            f"was before is kept ({own.folder}/replaced, or the raw file)"
        )
    lines += [f"equal   {len(taken.equal)} masks are what they were: {some(taken.equal)}"] * bool(taken.equal)
    if taken.corrected:
        lines.append(
            f"stay    {len(taken.corrected)} masks that were corrected since their annotations were converted: {some(taken.corrected)}"
        )
    if taken.untouched:
        lines.append(
            f"drafts  {len(taken.untouched)} that nobody changed are not taken: {some(taken.untouched)}; if they are right, say --take-unchanged"
        )
    if taken.noted:
        lines.append(f"noted   {len(taken.noted)} of them are recorded anew: {some(taken.noted)}")
    if taken.removed:
        lines.append(
            f"removed {len(taken.removed)} masks whose annotations are gone: {some(taken.removed)}; kept in {own.folder}/replaced"
        )
    if taken.stale:
        lines.append(
            f"gone    annotations of {len(taken.stale)} images, whose masks still count: {some(taken.stale)}; put them back, or say "
            "`--unannotated unlabelled`, and these images have no mask"
        )
    lines += [f"note    {told}" for told in told_blank(sorted(taken.blank))]
    if taken.unknown:
        lines.append(f"note    {taken.unknown:,} pixels have no label: nobody knows, and nothing is learned there")
    if held:
        lines.append(
            f"note    {len(held)} of them are for validation or test ({some(held)}): scores before and after cannot be compared"
        )
    lines += [f"note    {note}" for note in found.notes]
    lines += [f"refused {line}" for line in by_cause(taken.refused)]
    return lines


def _settle(own: OwnMasks, files: Files, dataset: Dataset, wrote: bool) -> list[str]:
    """Write the record, and name the folder in the settings; a line of what was done there."""
    if wrote:
        own.save()
    if not wrote or dataset.own_masks is not None:
        return []
    text = files.dataset.read_bytes().decode("utf-8")
    end = "\r\n" if "\r\n" in text else "\n"
    line = f"own_masks: {own.folder.as_posix()}{end}"
    wanted = dataset.model_copy(update={"own_masks": own.folder.as_posix()})
    for before in ("raw:", "splits:"):
        at = text.find(f"\n{before}") + 1
        new = text[:at] + line + text[at:]
        if at and means(new, wanted, files.dataset):
            write_atomic(files.dataset.resolve(), new.encode())
            return [f"updated {files.dataset}: `own_masks: {own.folder.as_posix()}`"]
    raise UserError(
        f"{files.dataset}: write `own_masks: {own.folder.as_posix()}` there, so that the masks count; they lie there already"
    )
