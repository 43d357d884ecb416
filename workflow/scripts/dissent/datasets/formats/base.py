"""What all formats of annotations share: what is marked in an image, as planes of labels, and how planes become a mask."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dissent.config.mask_encoding import Encoding
from dissent.config.task import TaskSettings, is_background, is_vague
from dissent.core.files import UNKNOWN
from dissent.datasets.decode import Header, turned_size
from dissent.datasets.problems import Problems

_NOTHING = "background"


class Layer(NamedTuple):
    """An object, or all of a label: its name (None: nobody knows what is there), `plane` (H, W) bool, whether it is a crowd."""

    label: str | None
    plane: np.ndarray
    crowd: bool = False


@dataclass(frozen=True)
class Marks:
    """What a format says of one image."""

    image: str
    """the image as the format calls it: a path, or a name"""
    where: str
    """file and place, for messages"""
    layers: Callable[[int, int], list[Layer]]
    """height, width -> what is marked, in the order of the file; ValueError says what cannot be drawn"""
    size: tuple[int, int] | None = None
    """(H, W) of what was marked, where the format says it"""
    sources: tuple[Path, ...] = ()
    """the files that say it"""
    empty: bool = False
    """the format names the image, and marks nothing in it"""
    said: str = ""
    """the path of the image as the file has it, where `image` is what lies beside that file"""
    sent: bool = False
    """its image went out as a draft, in the folder that it was found in"""
    tagged: bool = False
    """it is a mask that was turned by an EXIF tag of its own, so it lies as its image is shown"""


@dataclass
class Annotations:
    """All that a folder says: `labels` in the order of their ids, what is marked by image, and what a person should know."""

    labels: list[str]
    marks: list[Marks]
    notes: list[str] = field(default_factory=list)
    leave_out: list[str] = field(default_factory=list)
    """patterns of files among the images that are none"""
    image_suffix: str = ""
    """what images' names end with"""


@dataclass(frozen=True)
class Ask:
    """What a reader is told: patterns of files to leave out, and the task where it is known."""

    leave_out: Sequence[str] = ()
    task: TaskSettings | None = None
    several: bool = False
    """an image may be marked in several files: all of them are told, and who asks decides"""
    encoding: Encoding | None = None
    """how the raw masks are encoded, where masks may be like these"""
    numbers: str | None = None
    """whose numbers plain masks have, `ours` or `raw`; None: nobody said"""


@dataclass(frozen=True)
class Draft:
    """A mask to be corrected: the image's file name in OUT/images, `ids` (H, W) uint8 in the bytes of prepared masks."""

    image: str
    ids: np.ndarray

    @property
    def stem(self) -> str:
        """The name without extension."""
        return Path(self.image).stem


@dataclass(frozen=True)
class Format:
    """How a tool stores annotations."""

    about: str
    """what it is, in a few words"""
    recognise: Callable[[Path], bool]
    """whether a folder or a file is of this format"""
    read: Callable[[Path, Ask, Problems], Annotations]
    """what it says; what is wrong goes to the problems"""
    write: Callable[[Path, Iterable[Draft], TaskSettings], str] | None = None
    """write drafts beside OUT/images; returns what to do with them, as a sentence"""
    drafts: str = ""
    """the file or folder of OUT in which drafts lie"""
    layout: bool = True
    """whether `dissent init` looks for it: it tells labels by itself"""
    overlap: bool = True
    """whether a draft may have labels that overlap"""
    classes: bool = True
    """whether a draft may have more than one label"""


def marks_of_mask(
    image: str, where: str, header: Header, layers: Callable[[int, int], list[Layer]], sources: tuple[Path, ...]
) -> Marks:
    """Marks that are an image file, which its own EXIF tag turns; `layers` gives them turned."""
    size = turned_size(header.size, header.orientation)
    return Marks(image, where, layers, size, sources, tagged=header.orientation != 1)


class Composed(NamedTuple):
    """A mask (H, W) uint8, how many of its pixels no layer names where the task has no background, and pixels by the two
    labels that claim them."""

    ids: np.ndarray
    open: int
    clashes: Counter[tuple[str, str]]


def compose(layers: Iterable[Layer], shape: tuple[int, int], task: TaskSettings) -> Composed:
    """Layers as one mask; where labels exclude each other the later layer wins, and the pixels are counted in `clashes`.

    A label called background that the task lacks is the background of the task, so it cuts what it lies on, and excludes all
    labels; ValueError names any other.
    """
    names = {name: number for number, name in enumerate(task.value_names)}
    start = 0 if task.overlapping else UNKNOWN if task.nothing is None else names[task.nothing]
    ids, unknown = np.full(shape, start, np.uint8), np.zeros(shape, bool)
    named = np.zeros(shape, bool)  # where labels overlap, as background alone
    clashes: Counter[tuple[str, str]] = Counter()
    for label, plane, _ in layers:
        if label is None:
            unknown |= plane
            continue
        name = _name_in(label, task)
        if not task.overlapping:
            number = names[name]
            other = named & plane & (ids != number)
            for value, pixels in zip(*np.unique(ids[other], return_counts=True), strict=True):
                clashes[task.value_names[int(value)], label] += int(pixels)
            ids[plane] = number
            named |= plane
        elif name in names:
            clashes[_NOTHING, label] += int((named & plane).sum())
            ids[plane] |= np.uint8(1 << names[name])
            named &= ~plane
        else:
            for other_name, number in names.items():
                clashes[other_name, label] += int((plane & (ids >> np.uint8(number) & 1 == 1)).sum())
            ids[plane] = 0
            named |= plane
    ids[unknown] = UNKNOWN
    lacking = int((~(named | unknown)).sum()) if start == UNKNOWN else 0
    return Composed(ids, lacking, +clashes)


def _name_in(label: str, task: TaskSettings) -> str:
    """What a label is called in the task; `background` in one whose labels overlap. ValueError where it has none such."""
    if label in task.value_names:
        return label
    if is_background(label) and not is_vague(label):
        if task.overlapping:
            return _NOTHING
        if task.nothing is not None:
            return task.nothing
    raise ValueError(f"marks {label!r}, which is no label of the task ({', '.join(task.labels)})")


def planes_of(ids: np.ndarray, task: TaskSettings) -> list[Layer]:
    """A mask as layers: each label that occurs but the background, which is what has no layer, and what nobody knows."""
    known = ids != UNKNOWN
    layers = []
    for number, name in enumerate(task.value_names):
        if name == task.nothing:
            continue
        plane = known & ((ids >> np.uint8(number) & 1 == 1) if task.overlapping else (ids == number))
        layers.append(Layer(name, plane))
    layers.append(Layer(None, ~known))
    return [layer for layer in layers if layer.plane.any()]
