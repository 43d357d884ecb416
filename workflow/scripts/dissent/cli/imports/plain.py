"""What numbers plain PNG masks have, where dissent wrote them; and masks in a folder that is called like a label, which may hold it alone."""

import argparse
import hashlib
from collections.abc import Mapping
from pathlib import Path

from dissent.config.dataset import Dataset
from dissent.config.task import TaskSettings
from dissent.core.files import UserError, sha256
from dissent.core.words import nfc
from dissent.datasets.decode import read_header, turned_back
from dissent.datasets.formats import Marks, compose
from dissent.datasets.items import Item
from dissent.datasets.mask_readers import label_folders
from dissent.datasets.numbers import has_our_palette, numbers_told
from dissent.datasets.own_masks import task_of
from dissent.datasets.place import within
from dissent.datasets.predicted import Predicted, encoded


def numbered(args: argparse.Namespace, made: Predicted | None, where: Path, dataset: Dataset) -> TaskSettings | None:
    """The task whose numbers masks have that dissent wrote: masks of ours, or predictions; None where nothing says so."""
    if made is not None:
        made.check_masks(where)
    task = made.task(dataset.task) if made else task_of(where)
    if task is None and within(where.resolve(), Path("results").resolve()):
        raise UserError(
            f"{where} lies in results/, where masks are what networks say: move those that you corrected into a folder of their own, "
            "and import that"
        )
    if task is not None and args.numbers == "raw":
        raise UserError(
            f"`--numbers raw`: masks in {where} were written by dissent, which says what their numbers mean; leave it out, or move "
            "masks of yours into a folder of their own"
        )
    return task


def unchanged(made: Predicted, marks: Mapping[str, Marks], task: TaskSettings) -> list[str]:
    """Images whose masks are as `dissent predict` wrote them, though a tool may have saved one anew; `task`: theirs."""
    known = made.digests()

    def same(about: Marks) -> bool:
        shas = known.get(about.sources[0].name, set())
        return bool(shas) and (sha256(about.sources[0]) in shas or _written_again(about, task) in shas)

    return sorted(image for image, about in marks.items() if same(about))


def _written_again(about: Marks, task: TaskSettings) -> str:
    """The SHA-256 that the pixels of a mask would have as `dissent predict` writes them; "" where it cannot be drawn."""
    assert about.size is not None
    try:
        tag = read_header(about.sources[0]).orientation
        ids = compose(about.layers(*about.size), about.size, task).ids
    except ValueError:  # told when it is taken
        return ""
    return hashlib.sha256(encoded(turned_back(ids, tag), task.palette, tag)).hexdigest()


def in_folders_of_labels(
    marks: dict[str, Marks], where: Path, dataset: Dataset, items: Mapping[str, Item]
) -> list[str]:
    """Take such masks out of `marks`, and tell them; one whose image lies in a folder of that name stays."""
    names = _names(dataset)
    refused = []
    for image, about in list(marks.items()):
        path = about.sources[0]
        own = {_folded(part) for part in Path(items[image].source).parent.parts}
        above = [where.resolve().name, *path.relative_to(where).parent.parts] if where in path.parents else []
        called = [part for part in above if _folded(part) in names - own]
        if called and not has_our_palette(read_header(path), dataset.task):
            del marks[image]
            refused.append(
                f"{about.where}: lies in the folder {called[0]}, which is called like a label: save one mask an image, numbered "
                f"{numbers_told(dataset.task)}, in a folder of another name; or put it beside the raw masks of that label. If it is "
                "numbered so already, say `--numbers ours`"
            )
    return refused


def _names(dataset: Dataset) -> set[str]:
    """Folders, folded, whose names say what masks in them hold; not that of a label that is the only one, and 1."""
    task = dataset.task
    labels = [name for name in task.value_names if task.overlapping or name != task.nothing]
    folders = [name for name in label_folders(dataset.mask_encoding, task) if name]
    if len(labels) == 1 and (task.overlapping or task.value_names[1] == labels[0]):
        return {_folded(name) for name in task.value_names} - {_folded(labels[0])}
    return {_folded(name) for name in (*task.value_names, *folders)}


def _folded(name: str) -> str:
    return nfc(name).casefold()
