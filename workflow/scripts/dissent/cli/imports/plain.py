"""Plain PNG masks in a folder that is called like a label: such a mask may hold that label alone, as raw masks of a folder a label do."""

from collections.abc import Mapping
from pathlib import Path

from dissent.config.dataset import Dataset
from dissent.core.words import nfc
from dissent.datasets.decode import read_header
from dissent.datasets.formats import Marks
from dissent.datasets.formats.numbers import is_grey, numbers_told
from dissent.datasets.items import Item
from dissent.datasets.mask_readers import label_folders


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
        if called and is_grey(read_header(path)):
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
