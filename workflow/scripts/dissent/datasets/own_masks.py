"""Masks of ours beside raw files: annotations that `dissent init` converted, and corrections that `dissent import` took. No torch.

The settings name their folder with `own_masks`. Below it, masks/PATH.png is the mask of the image PATH.jpg (or .png ...) of
the raw folder. It has the bytes of prepared masks (ids, or a bit for each label; 255: nobody knows) and lies as the image is
looked at. record.json says of each its SHA-256 and where it came from. replaced/N/ keeps what an import replaced.
"""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from dissent.config.dataset import Source
from dissent.config.mask_encoding import Index
from dissent.config.task import TaskSettings
from dissent.core.files import UNKNOWN, UserError, digest, read_json, sha256, write_json, write_mask
from dissent.core.words import nfc
from dissent.datasets.mask_readers import read_label

RECORD = "record.json"
ENCODING = Index(ignore=[UNKNOWN])
"""of masks of ours, whatever the encoding of the raw ones"""
MASKS, REPLACED = "masks", "replaced"


def place_for(name: str) -> Path:
    """The folder of a data set's own masks: in the part of data/ that no job removes."""
    return Path("data", "raw", f"{name}.masks")


def place_of(source: Source, name: str) -> Path:
    """The folder that the settings of a data set name, or the one that they are to name."""
    return place_for(name) if source.own_masks is None else Path(source.own_masks)


def key_of(source: str) -> str:
    """By what the mask of an image is called: the image's path below the raw folder, without its extension."""
    return nfc(PurePosixPath(source).with_suffix("").as_posix())


def read_own(path: Path, task: TaskSettings) -> np.ndarray:
    """(H, W) uint8 of a mask of ours; ValueError where it holds what the task has no label for."""
    ids = read_label([path], ENCODING, task).ids
    assert ids is not None
    return ids


def own_masks(source: Source) -> dict[str, Path]:
    """{key: mask} of the data set's own masks; {} where its settings name none. UserError where their folder is not whole."""
    return {} if source.own_masks is None else OwnMasks(Path(source.own_masks)).paths()


def own_digests(source: Source) -> list[str]:
    """A digest that changes when masks of ours come or change; [] where the settings name no folder of them."""
    if source.own_masks is None:
        return []
    record = OwnMasks(Path(source.own_masks)).record
    return [digest({key: about["sha256"] for key, about in record[MASKS].items()})]


class OwnMasks:
    """A folder of own masks; what is put into it is recorded by `save`."""

    def __init__(self, folder: Path, new: bool = False):
        """UserError where there is no record, unless a `new` folder may be begun."""
        self.folder = folder
        empty: dict[str, Any] = {"converted": None, "masks": {}, "drafts": {}}
        begun = new and not (folder / RECORD).exists()
        if not begun and not (folder / RECORD).is_file():
            raise UserError(
                f"{folder / RECORD} does not exist, and `own_masks: {folder}` of the settings names its folder: put the folder "
                "back from a copy, or leave the key out, and the masks of the raw folder count alone"
            )
        self.record = empty if begun else empty | read_json(folder / RECORD)
        self._replaced: Path | None = None

    def path(self, key: str) -> Path:
        """Where the mask of an image lies."""
        return self.folder / MASKS / f"{key}.png"

    def paths(self) -> dict[str, Path]:
        """{key: mask} of all that the record names."""
        return {key: self.path(key) for key in self.record[MASKS]}

    def put(self, key: str, ids_HW: np.ndarray, task: TaskSettings, about: Mapping[str, Any]) -> None:
        """Write a mask; one that it replaces is kept in a folder of this session. `about`: where it came from."""
        path = self.path(key)
        if path.exists():
            kept = self._kept() / f"{key}.png"
            kept.parent.mkdir(parents=True, exist_ok=True)
            path.replace(kept)
        write_mask(path, ids_HW, task.palette)
        self.record[MASKS][key] = {"sha256": sha256(path), **about}

    def save(self) -> None:
        """Write the record."""
        self.record[MASKS] = dict(sorted(self.record[MASKS].items()))
        write_json(self.folder / RECORD, self.record)

    def remove(self) -> None:
        """Take a folder away that was begun and cannot be finished."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _kept(self) -> Path:
        """The folder of what this session replaces, with a number that was not used before."""
        if self._replaced is None:
            numbers = [int(one.name) for one in (self.folder / REPLACED).glob("*") if one.name.isdigit()]
            self._replaced = self.folder / REPLACED / f"{max(numbers, default=0) + 1:03}"
        return self._replaced

    def faults(self, raw: Path) -> Iterator[tuple[Path, str, str]]:
        """(file, how, why) of masks, and of files that they came from, that are not what they were."""
        for key, about in self.record[MASKS].items():
            path = self.path(key)
            if not path.is_file():
                yield (
                    path,
                    "gone",
                    f"is gone, and {self.folder / RECORD} names it: put it back from a copy, or import it again",
                )
            elif sha256(path) != about["sha256"]:
                yield (
                    path,
                    "changed",
                    f"is not the mask that {self.folder / RECORD} names: put it back, or bring the change in with `dissent import`",
                )
            for name, sha in about.get("instead_of", {}).items():
                if (raw / name).is_file() and sha256(raw / name) != sha:
                    yield (
                        raw / name,
                        "edited",
                        f"was changed after {path} took its place: import it again, so that it counts, or put it back",
                    )
        for name, sha in (self.record["converted"] or {}).get("sources", {}).items():
            if not (raw / name).is_file():
                yield raw / name, "gone", "was converted into masks, and is not there any more; put it back"
            elif sha256(raw / name) != sha:
                yield (
                    raw / name,
                    "edited",
                    "was changed since it was converted into masks: `dissent import` of its folder takes the change",
                )
