"""A data set: where its raw files lie, how masks are encoded, how images are cut to size, and its splits."""

import re
from typing import Annotated, Literal

from pydantic import Field, model_validator

from dissent.config.base import Model, Text
from dissent.config.ends import Ends
from dissent.config.geometry import Geometry, Whole
from dissent.config.mask_encoding import Below, BelowOrAll, Encoding, Index, check_encoding
from dissent.config.source import Fetch, Obtain
from dissent.config.split import Split
from dissent.config.task import TaskSettings

Side = Annotated[int, Field(ge=8, le=4096)]


class Part(Model):
    """A folder of images with its folder of masks."""

    name: Annotated[str, Field(pattern="^[A-Za-z0-9_-]+$")]
    """its name, in the column `part` by which a split can choose"""
    images: BelowOrAll = "images"
    """folder of the images below `raw`, folders in it included; `.`: all of `raw`"""
    masks: Below | None = "masks"
    """folder of their masks (`mask_encoding: {name: folders}`: the folder that holds one folder a label); none: no masks"""


class Table(Model):
    """A CSV file with a row for each image: its columns can choose, group and split."""

    path: Below = "splits.csv"
    """path below `raw`"""
    key: Text = "stem"
    """column that holds the images' names without extension"""


class Group(Model):
    """What train, val and test must not share: all frames of a sequence, all images of a patient."""

    column: Text | None = None
    """column of the table"""
    pattern: Text | None = None
    """regular expression for the image's path below the folder of images, without extension, as in pat00/f1; the first bracket in it, or else the whole match, is the group. One that names no / never reaches over one, and is searched in the name alone where the path does not fit"""

    @model_validator(mode="after")
    def _check(self) -> "Group":
        if (self.column is None) == (self.pattern is None):
            raise ValueError("give `column` or `pattern`")
        if self.pattern is not None:
            try:
                re.compile(self.pattern)
            except re.error as error:
                raise ValueError(f"`pattern` is no regular expression ({error})") from None
        return self


class Source(Model):
    """Everything about a data set but its splits."""

    task: TaskSettings
    """what a mask means"""
    raw: str
    """folder of the raw files, relative to the working directory or to the repository; a data set with `fetch`: data/raw/NAME"""
    own_masks: str | None = None
    """folder of masks that `dissent init` made of annotations, or `dissent import` of corrections: one takes the place of the image's mask in `raw`; none: the raw masks alone"""
    fetch: Fetch | None = None
    """none: the raw files are there already"""
    obtain: Obtain | None = None
    """what to tell where the raw files lack and cannot be fetched"""
    parts: Annotated[list[Part], Field(min_length=1)] = [Part(name="all")]
    """folders of images and masks"""
    image_suffix: Text = ""
    """end of the images' names before the extension that their masks' do not have, e.g. _leftImg8bit; images without it are called by their whole name"""
    mask_suffix: Text = ""
    """the same for masks, e.g. _segmentation; a mask without it is an error"""
    image_prefix: Text = ""
    """beginning of the images' names that their masks' do not have, e.g. img_; images without it are called by their whole name"""
    mask_prefix: Text = ""
    """the same for masks, e.g. seg_; a mask without it is an error"""
    match_case: bool = True
    """false: an image and its mask may differ in upper and lower case, as A1.tif and a1.png"""
    names: Literal["stem", "path"] = "stem"
    """an image is called after its file, or after its path below `raw` (where files in several folders have equal names)"""
    allow_unlabelled: bool = False
    """true: an image without a mask is an unlabelled one; false: it is an error"""
    recursive: bool = True
    """false: folders inside the folders of images and masks are passed over"""
    leave_out: list[str] = []
    """files in the folders of images and masks that are not used, as folders or patterns for their paths below `raw`, e.g. ['*_color.png', 'masks/old']; they are told by number"""
    on_size_mismatch: Literal["refuse", "resize"] = "refuse"
    """a mask that has not its image's size: an error, or it is resized to that (nearest pixel) and told in the log"""
    table: Table | None = None
    """a CSV file about the images"""
    keep: dict[Text, Annotated[list[str | int], Field(min_length=1)]] = {}
    """column of the table: values; only images that have one of them are used"""
    group: Group | None = None
    """what stays in one subset of a split; none: each image by itself (all tiles of an image always do)"""
    channels: Literal[1, 3] = 3
    """1: grey, 3: colour; other images are converted"""
    bit_depth: Literal[8, 16] = 8
    """bits a sample of the images"""
    percentiles: Annotated[list[Annotated[float, Field(ge=0, le=100)]], Field(min_length=2, max_length=2)] = [0.1, 99.9]
    """`bit_depth: 16`: percentiles of all pixels of the data set that become 0 and 255"""
    exif: Literal["auto", "both", "image", "none"] = "auto"
    """turned photographs: both: image and mask are turned by the image's tag; image: the mask was drawn on the turned image; none: tags are ignored; auto: by the sizes of all pairs, an error when these do not tell"""
    mask_encoding: Encoding = Index()
    """how masks are encoded"""
    size: Annotated[list[Side], Field(min_length=2, max_length=2)]
    """height and width of the prepared images, in pixels"""
    geometry: Geometry = Whole()
    """how an image comes to that size"""
    rotation_invariant: bool = False
    """true: up has no meaning (microscopy, skin): views and noise copies turn images by quarters too (by halves where they are not square), strong views by up to 25 degrees more"""
    protocol: Literal["published"] | None = None
    """published: sizes are reached as the papers' code does (bilinear without antialias, binary masks too)"""

    @model_validator(mode="after")
    def _check_source(self) -> "Source":
        encoding = self.mask_encoding
        check_encoding(encoding, self.task)
        together = any(part.masks == part.images for part in self.parts)
        if together and not (self.mask_suffix or self.mask_prefix) and encoding.name != "folders":
            raise ValueError(
                "images and masks lie in one folder: say how masks' names end with `mask_suffix`, or begin with `mask_prefix`"
            )
        if self.percentiles[0] >= self.percentiles[1]:
            raise ValueError("`percentiles` must rise")
        if len({part.name for part in self.parts}) < len(self.parts):
            raise ValueError("`parts` has two parts of one name")
        if self.fetch and not re.fullmatch(r"data/raw/[A-Za-z0-9_][A-Za-z0-9_-]*", self.raw):
            raise ValueError(f"`raw: {self.raw}`: what is fetched lies in data/raw/NAME")
        if self.fetch and self.obtain:
            raise ValueError("`fetch` and `obtain` exclude each other: raw files are fetched, or got by a person")
        wants_table = [name for name in (*self.keep, self.group and self.group.column) if name]
        if wants_table and self.table is None:
            raise ValueError(f"the column {wants_table[0]} needs `table`")
        if self.protocol and self.own_masks is not None:
            raise ValueError(
                "`own_masks` are ids, and `protocol: published` wants the greys of raw masks: leave one out"
            )
        if self.protocol and (self.bit_depth != 8 or self.geometry.name == "centre"):
            raise ValueError("`protocol: published` is for 8-bit images and the geometries whole, tiles and crops")
        if self.protocol and self.task.score.startswith("published_"):
            raise ValueError(
                f"`task.score: {self.task.score}` has masks of its own under `protocol: published`, by which no step "
                "is chosen; say `score: iou` or `dice` (metrics.json has the published scores all the same)"
            )
        if self.grey_masks and (encoding.name != "zero_255" or encoding.ignore or encoding.threshold):
            raise ValueError(
                "`protocol: published` needs `mask_encoding: {name: zero_255}` for binary tasks, nothing more"
            )
        return self

    @property
    def image_ends(self) -> Ends:
        """What images' names begin and end with beside their masks'."""
        return Ends(self.image_prefix, self.image_suffix, self.match_case)

    @property
    def mask_ends(self) -> Ends:
        """The same for masks."""
        return Ends(self.mask_prefix, self.mask_suffix, self.match_case)

    @property
    def grey_masks(self) -> bool:
        """Whether masks are resized as greys and cut at several thresholds, as the papers' code does it (section 1.1)."""
        return self.protocol == "published" and self.task.one_foreground


class Dataset(Source):
    """A data set (a file of config/datasets)."""

    splits: Annotated[dict[Annotated[str, Field(pattern="^[A-Za-z0-9_][A-Za-z0-9_-]*$")], Split], Field(min_length=1)]
    """ways to divide the images, by name"""

    @model_validator(mode="after")
    def _check_splits(self) -> "Dataset":
        for name, split in self.splits.items():
            if split.column not in (None, "part") and self.table is None:
                raise ValueError(f"`splits.{name}.column: {split.column}` needs `table`")
            there = [part.name for part in self.parts]
            for subset, parts in split.lists or ():
                if unknown := [part for part in parts or () if isinstance(parts, list) and part not in there]:
                    raise ValueError(
                        f"`splits.{name}.lists.{subset}` names the part {unknown[0]}, and `parts` has {', '.join(there)}"
                    )
        return self
