"""Bring annotations and corrections into a data set: tell what is new, changed or refused.

FOLDER is what `dissent drafts` wrote and a person corrected, or what a tool exported (a folder, a zip, a JSON). Masks go to a folder of ours
(data/raw/NAME.masks), which the settings name with `own_masks`; raw files are only read. A mask that is replaced is kept there. Drafts that
nobody changed are not taken for labels. Nothing is trained: `dissent check` tells what the next run will do."""

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from dissent.cli.imports.take import Taken, take
from dissent.cli.init.update import Files, means
from dissent.cli.questions import add_questions
from dissent.cli.settings import add_config_dir, config_of, settings_folder
from dissent.config.dataset import Dataset
from dissent.core.columns import SUBSETS
from dissent.core.files import UserError, read_table, write_atomic
from dissent.core.places import SHIPPED
from dissent.core.words import printable, some
from dissent.datasets.annotated import digests, marks_by_image
from dissent.datasets.formats import FORMATS, Annotations, Ask, Marks, recognised
from dissent.datasets.items import Item
from dissent.datasets.naming import Names
from dissent.datasets.own_masks import OwnMasks, place_of
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
    parser.add_argument("--take-unchanged", action="store_true", help="drafts that nobody changed are right: take them")
    parser.add_argument("--dry-run", action="store_true", help="tell what would be done, and write nothing")
    add_questions(parser)
    add_config_dir(parser)


def run(args: argparse.Namespace) -> int:
    """Returns 0, or 1 where something was refused; the rest is taken all the same."""
    settings = settings_folder(args.config_dir)
    config = config_of(settings)
    name, dataset = args.into, config.dataset(args.into)
    _check(args, dataset, settings)
    form = args.format or recognised(args.folder, list(FORMATS), "--format")
    if form is None:
        raise UserError(f"{args.folder} is none of these formats: {', '.join(FORMATS)}; say which with --format")
    problems = Problems()
    found = FORMATS[form].read(args.folder, Ask(args.leave_out, dataset.task), problems)
    problems.stop(args.folder)
    raw = find_raw(dataset.raw, SHIPPED)
    items = {
        one.source: one for one in find_items(dataset.model_copy(update={"allow_unlabelled": True}), raw, problems)
    }
    problems.stop(raw)
    own = OwnMasks(place_of(dataset, name), new=True)
    marks, absent = _marks(found, items, dataset, problems)
    refused = [*problems, *(f"{one}: {name} has no image that is called so" for one in absent)]
    taken = take(args, form, dataset, raw, marks, items, own, Taken(refused=refused))
    wrote = bool(taken.new or taken.changed) and not args.dry_run
    told = _told(args, form, found, taken, own, _held(name, items, taken))
    if not args.dry_run:
        told += _settle(own, raw, args.folder, found, Files(settings, name), dataset, wrote)
    print("\n".join(told))
    if wrote:
        print(f"`{Files(settings, name).check}` tells what will be trained anew.")
    return 1 if taken.refused else 0


def _check(args: argparse.Namespace, dataset: Dataset, settings: Path) -> None:
    path = Files(settings, args.into).dataset
    if not args.folder.exists():
        raise UserError(f"{args.folder} does not exist; name a folder, a zip or a JSON with annotations")
    if dataset.protocol is not None:
        raise UserError(
            f"{args.into} has `protocol: published`, which wants the greys of raw masks; leave it out, or correct the raw masks"
        )
    if dataset.own_masks is None and not path.is_file():
        raise UserError(
            f"the settings of {args.into} come with dissent, and are to name the folder of the masks: copy them to {path} first"
        )


def _marks(
    found: Annotations, items: Mapping[str, Item], dataset: Dataset, problems: Problems
) -> tuple[dict[str, Marks], list[str]]:
    """{path of an image: its marks}. A name is that of the data set, or of a draft, which has the id of its image."""
    names = Names([(item.source, item.id) for item in items.values()], dataset.image_suffix)
    by_path, others = marks_by_image(found, names, problems)
    lost = set(others)
    rest = Annotations([], [_bare(one) for one in found.marks if one.image in lost])
    by_name, absent = marks_by_image(rest, names, problems)
    for image in by_path.keys() & by_name.keys():
        problems.add(by_name[image].where, f"is of {image}, as {by_path[image].where} is: keep one of the two")
    return by_path | by_name, absent


def _bare(marks: Marks) -> Marks:
    return replace(marks, image=Path(marks.image).name)


def _held(name: str, items: Mapping[str, Item], taken: Taken) -> list[str]:
    """Images of validation and test among those that changed, by the splits that were prepared."""
    data = Path("data", name)
    if not (data / "files.csv").is_file():
        return []
    sources = {row["id"]: row["source"] for row in read_table(data / "files.csv", ("id", "source"))}
    tables = [path for subset in SUBSETS[2:4] for path in sorted(data.glob(f"splits/*/{subset}.csv"))]
    held = {sources.get(row["id"], "") for path in tables for row in read_table(path)}
    return sorted(held & {*taken.new, *taken.changed})


def _told(
    args: argparse.Namespace, form: str, found: Annotations, taken: Taken, own: OwnMasks, held: list[str]
) -> list[str]:
    lines = [
        f"format  {FORMATS[form].about}, {len(found.marks)} images{'; nothing is written (--dry-run)' * args.dry_run}"
    ]
    lines += [f"new     {len(taken.new)} images get a mask: {some(taken.new)}"] * bool(taken.new)
    if taken.changed:
        lines.append(
            f"changed {len(taken.changed)} masks, {sum(taken.changed.values()):,} pixels: {some(list(taken.changed))}; what a mask "
            f"was before is kept ({own.folder}/replaced, or the raw file)"
        )
    lines += [f"equal   {len(taken.equal)} masks are what they were: {some(taken.equal)}"] * bool(taken.equal)
    if taken.untouched:
        lines.append(
            f"drafts  {len(taken.untouched)} that nobody changed are not taken: {some(taken.untouched)}; if they are right, say --take-unchanged"
        )
    if taken.unknown:
        lines.append(f"note    {taken.unknown:,} pixels have no label: nobody knows, and nothing is learned there")
    if held:
        lines.append(
            f"note    {len(held)} of them are for validation or test ({some(held)}): scores before and after cannot be compared"
        )
    lines += [f"note    {note}" for note in found.notes]
    lines += [f"refused {line}" for line in by_cause([printable(line) for line in taken.refused])]
    return lines


def _settle(
    own: OwnMasks, raw: Path, folder: Path, found: Annotations, files: Files, dataset: Dataset, wrote: bool
) -> list[str]:
    """Write the record, and name the folder in the settings; a line of what was done there."""
    if own.record["converted"] and folder.resolve() == raw.resolve():
        own.record["converted"]["sources"] = digests(raw, found.marks)
        wrote = True
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
