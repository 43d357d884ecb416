"""A teacher from outside: masks that another tool made, checked and brought to the size of the prepared images. No torch."""

import logging
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import TypeAdapter

from dissent.config.external_teacher import OTHERS, ExternalTeacher
from dissent.config.geometry import Geometry
from dissent.config.task import TaskSettings
from dissent.core.columns import PREDICTIONS
from dissent.core.files import UNKNOWN, read_table, sha256, write_json, write_mask, write_table
from dissent.core.words import some
from dissent.datasets.decode import read_header, turned, turned_size
from dissent.datasets.geometry import cut, resize_mask, windows
from dissent.datasets.mask_readers import Turn, as_stored, label_folders, read_ids, read_label
from dissent.datasets.problems import Problems

if TYPE_CHECKING:
    from dissent.core import arguments

log = logging.getLogger(__name__)


def sources_of(teacher: ExternalTeacher, task: TaskSettings, name: str) -> list[Path]:
    """The files that hold what a teacher says of the image `name`: one, or one for each folder of labels."""
    folders = label_folders(teacher.mask_encoding, task)
    return [Path(teacher.masks, folder, f"{name}{teacher.suffix}.png") for folder in folders]


def lacking(teacher: ExternalTeacher, task: TaskSettings, names: Iterable[str], problems: Problems) -> None:
    """What is not there of images that a teacher must label goes to `problems`, as one line."""
    names = list(names)
    lost = [path for name in names for path in sources_of(teacher, task, name) if not path.is_file()]
    if lost:
        there = [path.name for path in sorted(lost[0].parent.glob("*")) if path.is_file()]
        problems.add(
            lost[0].parent,
            f"has no {some([path.name for path in lost])}; a teacher labels every unlabelled image, called as in data/NAME/images, "
            f"and `suffix` is what stands before .png. There are {some(there) if there else 'no files'}",
        )


def sizes(
    teacher: ExternalTeacher, task: TaskSettings, rows: Iterable[dict], wanted: "arguments.Sizes", problems: Problems
) -> None:
    """Masks whose size is neither that of the prepared image nor that of the raw one go to `problems`. `rows`: of files.csv."""
    turn = _turn(wanted)
    for row in rows:
        raw = (int(row.get("raw_height") or 0), int(row.get("raw_width") or 0))
        fits = [tuple(wanted["size"]), *([raw] if all(raw) else [])]
        for path in sources_of(teacher, task, row["id"]):
            try:
                header = read_header(path)
            except ValueError as error:
                problems.add(path, str(error))
                continue
            size = turned_size(header.size, turn(header))
            if size not in fits:
                shown = " or ".join(f"{high} x {wide}" for high, wide in dict.fromkeys(fits))
                whose = "the prepared and the raw image" if all(raw) else f"the prepared image {row['image']}"
                problems.add(
                    path,
                    f"has {size[0]} x {size[1]} pixels (height x width), and {whose} {shown}: give masks of that size",
                )


def read_teacher(params: "arguments.Outside", subsets: dict[str, str], files: str, out: str, table: str) -> None:
    """Write out/{id}.png, ids or bits at the size of the prepared images, and the table of their digests.

    Every image of `unlabelled` has a mask, and of `val` either all have one, by which the teacher is scored, or none is read.
    One UserError names every file that lacks, has another size or values of no label. The JSON beside the table has the
    digests of the files that were read (`sources`), for `dissent verify`, and `params`. `files`: files.csv.
    """
    teacher, task = ExternalTeacher.model_validate(params["teacher"]), TaskSettings.model_validate(params["task"])
    names = {subset: [row["id"] for row in read_table(path)] for subset, path in subsets.items()}
    problems = Problems()
    lacking(teacher, task, names["unlabelled"], problems)
    problems.stop(teacher.masks)
    scored = all(path.is_file() for name in names["val"] for path in sources_of(teacher, task, name))
    wanted = {*names["unlabelled"], *(names["val"] if scored else [])}
    rows = [row for row in read_table(files) if row["id"] in wanted]
    sizes(teacher, task, rows, params, problems)
    problems.stop(teacher.masks)

    def one(row: dict) -> tuple[dict, str]:
        path = Path(out) / f"{row['id']}.png"
        try:
            write_mask(path, _label(row["id"], teacher, task, params), params["palette"])
        except ValueError as error:
            return {}, f"{sources_of(teacher, task, row['id'])[0]}: {error}"
        return {"id": row["id"], "teacher": teacher.name, "prediction": path.as_posix(), "sha256": sha256(path)}, ""

    with ThreadPoolExecutor(params["threads"]) as workers:
        done = list(workers.map(one, rows))
    problems += [why for _, why in done if why]
    problems.stop(teacher.masks)
    about = write_table(table, [row for row, _ in done], PREDICTIONS, keeper=False)
    read = [path for row in rows for path in sources_of(teacher, task, row["id"])]
    sources = {path.relative_to(teacher.masks).as_posix(): sha256(path) for path in read}
    kept = {
        "teacher": teacher.name,
        "scored": scored and bool(names["val"]),
        "folder": teacher.masks,
        "sources": sources,
        "read_with": dict(params),
    }
    write_json(Path(table).with_suffix(".json"), kept | {"tables": {Path(table).name: about}})
    log.info("%s: %d masks from %s%s", teacher.name, len(rows), teacher.masks, ", validation images too" * scored)


def _turn(params: "arguments.Sizes") -> Turn:
    """How masks are turned: by their own tag, unless the data set takes all files as they are stored."""
    return as_stored if params["exif"] == "none" else attrgetter("orientation")


def _label(name: str, teacher: ExternalTeacher, task: TaskSettings, params: "arguments.Outside") -> np.ndarray:
    """What a teacher says of an image, at the size of the data set; ValueError says what is wrong with it."""
    paths, turn = sources_of(teacher, task, name), _turn(params)
    if teacher.ids is None:
        ids = read_label(list(paths), teacher.mask_encoding, task, turn).ids
    else:
        named = teacher.bytes_of(task)
        table = {value: byte for value, byte in named.items() if isinstance(value, int)}
        try:
            stored = read_ids(paths[0], table, named.get(OTHERS)).ids
        except ValueError as error:
            said = f"{error}".partition(";")[0]
            raise ValueError(f"{said}; name it in `ids`, or say what all others mean: `LABEL: others`") from None
        ids = None if stored is None else turned(stored, turn(read_header(paths[0])))
    assert ids is not None  # its files are there
    if (ids == UNKNOWN).any():
        raise ValueError(
            f"has {int((ids == UNKNOWN).sum())} pixels of which it does not say what they are; a teacher says it of each: "
            "give them a label, e.g. with `ids`"
        )
    high, wide = params["size"]
    if ids.shape != (high, wide):
        geometry = TypeAdapter(Geometry).validate_python(params["geometry"])
        [window] = windows(ids.shape[0], ids.shape[1], geometry, (high, wide), params["published"], name)
        ids = resize_mask(cut(ids, window), (high, wide), params["published"])
    return ids
