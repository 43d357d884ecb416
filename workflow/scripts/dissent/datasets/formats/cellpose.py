"""Cellpose and napari: NAME_masks.png (or .tif) beside NAME.png, in which each object has a number; 0 is background."""

import io
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from dissent.config.task import TaskSettings
from dissent.core.files import UNKNOWN, UserError, write_atomic
from dissent.core.words import some
from dissent.datasets.decode import EXTENSIONS, read_pixels, turned
from dissent.datasets.formats.base import Annotations, Ask, Draft, Format, Layer, marks_of_mask
from dissent.datasets.formats.files import files_of, is_image, left_out, masks_in, of_drafts, top_of
from dissent.datasets.listing import walk
from dissent.datasets.problems import Problems

_ENDS = ("_cp_masks", "_masks")
_BESIDE = ("_seg.npy", "_flows", "_outlines", "_cp_output", "_cp_outlines")
"""what Cellpose leaves beside masks"""
LABEL = "object"


def _masks(where: Path, ask: Ask) -> list[Path]:
    return [path for path in files_of(where, ask, *EXTENSIONS) if path.stem.endswith(_ENDS)]


def recognise(where: Path) -> bool:
    """Files whose names end with _masks."""
    return bool(_masks(where, Ask()))


def check_objects(where: Path, flag: str, other: str) -> None:
    """UserError asks what the numbers of masks are, where neither Cellpose's files nor its drafts tell that they are objects.

    `flag` answers it for objects, and `other` says what else is possible.
    """
    if not (_made_by_it(top_of(where)) or _drafts_of_it(where)):
        raise UserError(
            f"{where} holds masks beside images (NAME_masks beside NAME), and nothing tells what their numbers are: say it. "
            f"`{flag} cellpose`: objects, which become one label; {other}"
        )


def _made_by_it(folder: Path) -> bool:
    return any(path.stem.endswith("_cp_masks") or any(one in path.name for one in _BESIDE) for path in walk(folder)[0])


def _drafts_of_it(where: Path) -> bool:
    """Whether it is, or lies in, a folder of drafts that went out as these files, and not as plain masks."""
    return any(of_drafts(one) and not (one / "masks").is_dir() for one in (where, *where.resolve().parents[:2]))


def read(where: Path, ask: Ask, problems: Problems) -> Annotations:
    """Everything that ends with _masks; objects become one label."""
    label = ask.task.labels[0] if ask.task is not None and ask.task.one_foreground else LABEL
    found = Annotations([label], [])
    top = top_of(where)
    files = [where] if where.is_file() else walk(where)[0]
    pictures: dict[str, list[str]] = {}
    for path in files:
        if is_image(path) and not left_out(path.relative_to(top).as_posix(), ask.leave_out):
            shown = path.relative_to(top).as_posix()
            pictures.setdefault(path.with_suffix("").relative_to(top).as_posix(), []).append(shown)
    masks: dict[str, list[Path]] = {}
    for path in _masks(where, ask):
        masks.setdefault(_image_of(path, top), []).append(path)
    for one, *more in masks.values():
        for path in more if not ask.several else ():
            problems.add(
                path.relative_to(top).as_posix(),
                f"is a second mask beside {one.relative_to(top).as_posix()}; take one away, or say --leave-out",
            )
    alone = [path for paths in masks.values() if len(paths) == 1 or ask.several for path in paths]
    for path, name, header in masks_in(alone, top, ask, problems):
        key = _image_of(path, top)
        given = pictures.get(key, [])
        if len(given) > 1:
            problems.add(name, f"{some(given)} may each be its image; take all but one away, or say --leave-out")
            continue
        shown = given[0] if given else key
        found.marks.append(marks_of_mask(shown, name, header, partial(_layers, path, label), (path,)))
        found.leave_out.append(f"*{_end_of(path)}{path.suffix}")
    left = [path.name for path in files if any(f"{path.stem}{path.suffix}".find(one) > 0 for one in _BESIDE)]
    found.leave_out += [
        f"*{one}{Path(name).suffix * ('.' not in one)}" for name in left for one in _BESIDE if one in name
    ]
    found.leave_out = list(dict.fromkeys(found.leave_out))
    if left:
        found.notes.append(f"{len(left)} files of Cellpose are left out, as they are no masks: {some(left)}")
    found.notes.append(
        "each object had a number: all of them become one label, and objects that touch become one region"
    )
    return found


def _end_of(path: Path) -> str:
    return next(end for end in _ENDS if path.stem.endswith(end))


def _image_of(path: Path, top: Path) -> str:
    """What the image of a mask is called, below `top` and without extension."""
    return path.with_suffix("").relative_to(top).as_posix().removesuffix(_end_of(path))


def _layers(path: Path, label: str, height: int, width: int) -> list[Layer]:
    header, pixels = read_pixels(path)
    if pixels.ndim != 2 or header.lossy:
        raise ValueError(
            f"has colour mode {header.mode}{' and is a JPEG' * bool(header.lossy)}, where objects have numbers"
        )
    return [Layer(label, turned(pixels > 0, header.orientation))] if pixels.any() else []


def write(out: Path, drafts: Iterable[Draft], task: TaskSettings) -> str:
    """Write OUT/images/NAME_masks.png with 16 bits beside each image: each connected region has a number."""
    for draft in drafts:
        numbers = components((draft.ids != 0) & (draft.ids != UNKNOWN))
        if numbers.max(initial=0) > 65535:
            numbers = np.minimum(numbers, 1)
        stream = io.BytesIO()
        Image.fromarray(numbers.astype(np.uint16)).save(stream, "PNG")
        write_atomic(out / "images" / f"{draft.stem}_masks.png", stream.getvalue())
    return "drag an image of images/ into Cellpose or napari, and its _masks.png as masks (napari: as labels)"


def components(plane: np.ndarray) -> np.ndarray:
    """(H, W) bool -> int64: regions that touch, also at a corner, have one number from 1 on."""
    padded = np.zeros((plane.shape[0], plane.shape[1] + 2), np.int8)
    padded[:, 1:-1] = plane
    edges = np.diff(padded, axis=1)
    rows, starts = np.nonzero(edges == 1)
    _, ends = np.nonzero(edges == -1)
    parent = list(range(len(rows)))

    def root(one: int) -> int:
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    first = np.searchsorted(rows, np.arange(plane.shape[0] + 1))
    for row in range(1, plane.shape[0]):
        above, here = first[row - 1], first[row]
        while above < first[row] and here < first[row + 1]:
            if starts[above] <= ends[here] and starts[here] <= ends[above]:
                one, other = sorted((root(int(above)), root(int(here))))
                parent[other] = one
            if ends[above] < ends[here]:
                above += 1
            else:
                here += 1
    _, numbers = np.unique([root(one) for one in range(len(rows))], return_inverse=True)
    found = np.zeros(plane.shape, np.int64)
    found[plane] = np.repeat(numbers + 1, ends - starts)
    return found


FORMAT = Format(
    "Cellpose and napari: NAME_masks.png beside NAME.png",
    recognise,
    read,
    write,
    "images",
    overlap=False,
    classes=False,
)
