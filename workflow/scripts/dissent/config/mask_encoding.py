"""How the raw masks of a data set are encoded: one way for the whole set, never guessed for each file."""

from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from dissent.config.base import Model
from dissent.config.task import Colour, TaskSettings

Byte = Annotated[int, Field(ge=0, le=255)]


def _below(path: str) -> str:
    parts = PurePosixPath(path).parts
    if not parts or parts[0] == "/" or ".." in parts or "\\" in path:
        raise ValueError("must be a path below the raw folder, with / between folders and without ..")
    return path


Below = Annotated[str, AfterValidator(_below)]
BelowOrAll = Annotated[str, AfterValidator(lambda path: path if path == "." else _below(path))]


class Index(Model):
    """The pixel of a mask is its class id (multilabel: its bits); in a mask with a palette the number, not the colour."""

    name: Literal["index"] = "index"
    ids: list[Byte | list[Byte]] | None = None
    """the values in the files for each label in order, one or several; none: 0, 1, 2 ... (binary: 1)"""
    ignore: list[Byte] = []
    """values that mean nobody knows"""
    palettes: Literal["alike", "any"] = "alike"
    """alike: masks whose palettes give a number another colour are refused, as a tool may have renumbered them; any: numbers count"""


class Zero255(Model):
    """Binary: 0 is background, 255 the label."""

    name: Literal["zero_255"]
    threshold: Annotated[int, Field(ge=1, le=255)] | None = None
    """values from here on count as 255, others as 0 (grey borders, JPEG); none: other values are refused"""
    ignore: list[Byte] = []
    """values that mean nobody knows, e.g. [128]"""


class Colours(Model):
    """An RGB colour stands for each class."""

    name: Literal["colours"]
    table: Annotated[list[Colour], Field(min_length=2)]
    """the colour of each label in order (binary: of background and label; `doubt_class`: of the labels behind the first)"""
    ignore: list[Colour] = []
    """colours that mean nobody knows"""
    tolerance: Annotated[int, Field(ge=0, le=127)] = 0
    """a pixel has a colour when no channel differs by more than this; the nearest colour counts"""
    unmapped: Annotated[float, Field(ge=0, le=1)] = 0.001
    """largest share of pixels of the data set that may fit no colour; they become unknown and are counted in the log"""


class Folders(Model):
    """One folder of 0/255 masks for each label, below the folder of masks."""

    name: Literal["folders"]
    folders: list[Below] | None = None
    """the folder of each label in order; none: the labels' names"""
    threshold: Annotated[int, Field(ge=1, le=255)] | None = None
    """values from here on count as set; none: 0 is not set, and 1 or 255 is, one of them in all files"""
    ignore: list[Byte] = []
    """values that mean nobody knows: the pixel is unknown for all labels"""
    missing: Literal["refuse", "empty"] = "refuse"
    """an image that has a mask in some folders but not in all: an error, or the label is nowhere in it"""
    overlap: Literal["refuse", "later"] = "refuse"
    """multiclass: pixels that are set for two labels: an error, or the later label of the list wins"""


class Channels(Model):
    """Multilabel: each channel of an RGB mask is one label, 0 or 255."""

    name: Literal["channels"]
    threshold: Annotated[int, Field(ge=1, le=255)] | None = None
    """values from here on count as set; none: 0 is not set, and 1 or 255 is, one of them in all files"""


Encoding = Annotated[Index | Zero255 | Colours | Folders | Channels, Field(discriminator="name")]
_KINDS = {"zero_255": ("binary",), "colours": ("binary", "multiclass"), "channels": ("multilabel",)}
"""the kinds of task that an encoding can hold; absent: all"""


def check_encoding(encoding: Encoding, task: TaskSettings) -> None:
    """ValueError when the masks of `mask_encoding` cannot hold the labels of `task`."""
    kind = task.kind
    kinds = _KINDS.get(encoding.name) or (kind,)
    if kind not in kinds:
        raise ValueError(
            f"`mask_encoding: {{name: {encoding.name}}}` is for {' and '.join(kinds)} tasks, not for {kind}"
        )
    foreground = len(task.labels)
    if encoding.name == "colours":
        wanted = 2 if kind == "binary" else foreground - bool(task.doubt_class)
        if len(encoding.table) != wanted:
            raise ValueError(f"`mask_encoding.table` has {len(encoding.table)} colours where {wanted} are needed")
        _once([tuple(colour) for colour in encoding.table + encoding.ignore], "mask_encoding.table and ignore")
    if encoding.name == "index":
        if encoding.ids is not None and kind == "multilabel":
            raise ValueError("multilabel index masks hold bits: leave `mask_encoding.ids` out")
        if encoding.ids is not None and len(encoding.ids) != foreground:
            raise ValueError(f"`mask_encoding.ids` has {len(encoding.ids)} entries for {foreground} labels")
        flat = [v for item in encoding.ids or [] for v in (item if isinstance(item, list) else [item])]
        first = 2**foreground if kind == "multilabel" else foreground + (kind == "binary")
        _once((flat or list(range(first))) + encoding.ignore, "mask_encoding.ids and ignore")
    if encoding.name == "zero_255":
        _once([0, 255, *encoding.ignore], "0, 255 and `mask_encoding.ignore`")
    if encoding.name == "folders":
        if task.doubt_class:
            raise ValueError(
                f"`doubt_class` with `mask_encoding: {{name: folders}}`: each pixel in no folder is `{task.labels[0]}`, so that id 0 is no "
                f"doubt; leave `doubt_class` out (`background: {task.labels[0]}` if the label means nothing in particular)"
            )
        _once([0, *encoding.ignore], "0 and `mask_encoding.ignore`")
        names = task.labels[1:] if kind == "multiclass" else task.labels
        if encoding.folders is not None and len(encoding.folders) != len(names):
            raise ValueError(f"`mask_encoding.folders` must name one folder for each of {', '.join(names)}")
    if encoding.name == "channels" and foreground > 3:
        raise ValueError(f"an RGB mask has 3 channels, which cannot hold {foreground} labels")


def _once(values: list, where: str) -> None:
    twice = [value for index, value in enumerate(values) if value in values[:index]]
    if twice:
        raise ValueError(f"{twice[0]} stands twice in {where}")
