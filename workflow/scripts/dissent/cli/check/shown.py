"""Whether the images of each subset of a split show what is to be learned, chosen by and judged: a part of `dissent check`."""

from collections.abc import Sequence
from pathlib import Path

from dissent.core.files import read_table
from dissent.core.task import Task

_FEW = 3  # validation images with an object


def check_shown(prepared: Path, split: Path, task: Task) -> tuple[list[str], list[str]]:
    """Faults and notes on a split of a prepared data set; `split`: its folder."""
    present = {row["id"]: row["present"] for row in read_table(prepared / "files.csv", ("id", "present"))}
    rows = {
        subset: [present[row["id"]] for row in read_table(split / f"{subset}.csv")]
        for subset in ("labelled", "val", "test")
    }
    images = {subset: len(those) for subset, those in rows.items()}
    shows = {subset: _with_objects(those, task) for subset, those in rows.items()}
    what = f"`{task.labels[0]}`" if task.one_foreground else "a label other than the background"
    faults, notes = [], []
    if images["labelled"] and not shows["labelled"]:
        faults.append(
            f"none of {images['labelled']} labelled images shows {what}: there is nothing to learn. "
            "Are the values in the masks read as they are meant (the table above)?"
        )
    if task.one_foreground and rows["labelled"] and not any("0" in one.split() for one in rows["labelled"]):
        faults.append(
            f"each pixel of all {images['labelled']} labelled images is {what}, and none is background: there is nothing to "
            "tell apart. Are the values in the masks read as they are meant (the table above)?"
        )
    if images["val"] and not shows["val"]:
        faults.append(
            f"none of {images['val']} validation images shows {what}: no step of a training and no student can be "
            "chosen by them. Put images that show it into `val` of the split"
        )
    elif 0 < shows["val"] < min(_FEW, images["val"]):
        notes.append(
            f"of {images['val']} validation images {shows['val']} shows {what}: the best step and the best students "
            "come by chance"
        )
    if images["test"] and not shows["test"]:
        notes.append(f"none of {images['test']} test images shows {what}: IoU and Dice have no score on them")
    return faults, notes


def _with_objects(present: Sequence[str], task: Task) -> int:
    """Images on which any name but the background occurs; `present` of each: numbers of names, blanks between them."""
    objects = {task.histogram_names.index(name) for name in task.foreground_names}
    return sum(bool(objects & {int(value) for value in one.split()}) for one in present)
