"""One image as a row of the page's data, and the short form of paths in it."""

from collections.abc import Sequence
from os.path import relpath
from pathlib import Path
from typing import TYPE_CHECKING

from dissent.core.task import Task

if TYPE_CHECKING:
    from dissent.report.browse.pieces import Piece
    from dissent.report.browse.seen import Seen


def colours_of(task: Task, palette: Sequence[Sequence[int]]) -> list[list[int]]:
    """The colour of each of the task's `histogram_names`."""
    return [list(palette[1 << label if task.bits else label]) for label in range(len(task.histogram_names))]


class Places:
    """Paths as seen from the page. `folders` are named once; a file that is called like its image is the number of its folder."""

    def __init__(self, page_folder: Path):
        self._from = page_folder
        self._numbers: dict[str, int] = {}

    @property
    def folders(self) -> list[str]:
        """By their numbers."""
        return list(self._numbers)

    def place(self, path: str, name: str) -> int | str:
        """A number, or a path where the file is not called `name`.png; "" of no path."""
        if not path:
            return ""
        near = Path(relpath(path, self._from)).as_posix()
        folder, _, file = near.rpartition("/")
        return self._numbers.setdefault(folder, len(self._numbers)) if file == f"{name}.png" else near


def row_of(image: "Seen", piece: "Piece", places: Places, task: Task, pseudo_label: str) -> list:
    """id, subset, group, image, truth, and for each generation with masks what its tables say (`_said`)."""
    return [
        image.id,
        image.subset,
        image.group,
        places.place(image.image, image.id),
        places.place(image.truth, image.id),
        {number: _said(image, number, piece, places, task, pseudo_label) for number in sorted(image.masks)},
    ]


def _said(image: "Seen", number: int, piece: "Piece", places: Places, task: Task, pseudo_label: str) -> dict:
    row = image.masks[number]
    teachers = sorted(image.predictions[number].items())
    doubt = float(row["doubt_share"])
    if pseudo_label != "agreement":
        doubt = round(sum(piece.said[number].disputes.get(image.id, {"pixels": []})["pixels"]) / int(row["pixels"]), 6)
    return {
        "doubt": doubt,
        "changed": float(row["changed_share"]) if row["changed_share"] else None,
        "kept": row["kept"] == "1",
        "why": row["why"],
        "disputed": piece.said[number].pixels[image.id],
        "pixels": [int(row[f"pixels_{name}"]) for name in task.histogram_names],
        "size": int(row["pixels"]),
        "teachers": [places.place(one["prediction"], image.id) for _, one in teachers],
        "label": places.place(row["label"], image.id),
    }
