"""Masks of ours beside raw files: annotations that `dissent init` converted, and corrections that `dissent import` took. No torch.

The settings name their folder with `own_masks`. Below it, masks/PATH.png is the mask of the image PATH.jpg (or .png ...) of
the raw folder. It has the bytes of prepared masks (ids, or a bit for each label; 255: nobody knows) and lies as the image is
looked at. record.json says of each its SHA-256 and where it came from, the task whose ids they hold, and the drafts that went out.
replaced/N/ keeps what an import replaced.
"""

import contextlib
import glob
import shutil
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from dissent.config.dataset import Source
from dissent.config.mask_encoding import Index
from dissent.config.task import TaskSettings
from dissent.core.files import UNKNOWN, UserError, digest, read_json, sha256, write_atomic, write_json, write_mask
from dissent.core.words import nfc
from dissent.datasets.mask_readers import read_label
from dissent.runtime import hold

RECORD = "record.json"
ENCODING = Index(ignore=[UNKNOWN])
"""of masks of ours, whatever the encoding of the raw ones"""
MASKS, REPLACED = "masks", "replaced"
_TASK = {"kind", "labels", "colours", "doubt_class", "background"}
"""what of the task tells which number a label has, and its colour"""


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
    """{key: mask} of the data set's own masks; {} where its settings name none.

    UserError where their folder is not whole, or its ids mean something else now.
    """
    if source.own_masks is None:
        return {}
    own = OwnMasks(Path(source.own_masks))
    own.check(source.task)
    return own.paths()


def own_digests(source: Source) -> list[str]:
    """A digest that changes when masks of ours come or change; [] where the settings name no folder of them."""
    if source.own_masks is None:
        return []
    record = OwnMasks(Path(source.own_masks)).record
    return [digest({key: about["sha256"] for key, about in record[MASKS].items()})]


def check_recorded(folder: Path) -> None:
    """UserError where a folder that is to be ours holds something, and no record of ours."""
    if folder.exists() and not (folder / RECORD).is_file() and not (folder.is_dir() and not any(folder.iterdir())):
        raise UserError(
            f"{folder} has no {RECORD}, so it may be yours, and masks of ours would lie there: move it away, or say another name"
        )


def task_of(folder: Path) -> TaskSettings | None:
    """The task whose ids the masks have that lie in a folder of ours, or below it; None where no record says it."""
    place = folder.resolve()
    for one in (place, *list(place.parents)[:3]):
        if (one / RECORD).is_file() and (one / MASKS).is_dir():
            then = read_json(one / RECORD).get("task")
            return None if then is None else TaskSettings(**then)
    return None


def _renamed(about: Mapping[str, Any], key: str, new: str, raw: Path) -> dict[str, Any]:
    """What the record says of a mask, for the image `new`; a raw mask that is gone from either name is told no more."""
    places: dict[str, str] = {}
    for name, sha in about.get("instead_of", {}).items():
        called = PurePosixPath(name)
        moved = called.with_name(called.name.replace(PurePosixPath(key).name, PurePosixPath(new).name, 1)).as_posix()
        places |= {one: sha for one in (moved, name) if (raw / one).is_file() and sha256(raw / one) == sha}
    return {name: value for name, value in about.items() if name != "instead_of"} | (
        {"instead_of": places} if places else {}
    )


class OwnMasks:
    """A folder of own masks; what is put into it is recorded by `save`."""

    def __init__(self, folder: Path, new: bool = False):
        """UserError where there is no record, unless a `new` folder may be begun."""
        self.folder = folder
        self.record: dict[str, Any] = {"converted": None, "task": None, "masks": {}, "drafts": {}}
        begun = new and not (folder / RECORD).exists()
        if not begun and not (folder / RECORD).is_file():
            raise UserError(
                f"{folder / RECORD} does not exist, and `own_masks: {folder}` of the settings names its folder: put the folder "
                "back from a copy, or leave the key out, and the masks of the raw folder count alone"
            )
        if begun:
            check_recorded(folder)
            for before in sorted(folder.parent.glob(f"{glob.escape(folder.name)}.before*/{RECORD}")):
                self._remember(read_json(before)["drafts"])
        else:
            self.record |= read_json(folder / RECORD)
            known, self.record["drafts"] = self.record["drafts"], {}
            self._remember(known)
        self._replaced: Path | None = None
        self._mine: set[str] = set()  # keys of masks that this session put, noted or dropped

    def path(self, key: str) -> Path:
        """Where the mask of an image lies."""
        return self.folder / MASKS / f"{key}.png"

    def paths(self) -> dict[str, Path]:
        """{key: mask} of all that the record names."""
        return {key: self.path(key) for key in self.record[MASKS]}

    def check(self, task: TaskSettings) -> None:
        """UserError where the ids of these masks are those of other labels now."""
        if self.record["task"] is None:
            return
        then, now = TaskSettings(**self.record["task"]), task.value_names
        moved = [name for number, name in enumerate(then.value_names) if name in now and now.index(name) != number]
        if moved or then.overlapping != task.overlapping:
            raise UserError(
                f"masks in {self.folder} have the numbers of `kind: {then.kind}`, `labels: [{', '.join(then.labels)}]`, and the task "
                f"is `kind: {task.kind}`, `labels: [{', '.join(task.labels)}]` now: give each label the place that it had"
            )

    def sent(self, key: str, digest: str) -> None:
        """Record a draft before it goes out, whatever another command recorded since."""
        now = OwnMasks(self.folder, new=True)
        now._remember({key: [digest]})
        now.save()

    def _remember(self, drafts: Mapping[str, str | list[str]]) -> None:
        for key, given in drafts.items():
            more = [given] if isinstance(given, str) else given  # an earlier version kept one
            self.record["drafts"][key] = sorted({*self.record["drafts"].get(key, []), *more})

    def put(self, key: str, ids_HW: np.ndarray, task: TaskSettings, image: Path, about: Mapping[str, Any]) -> None:
        """Write the mask of `image`; one that it replaces is kept in a folder of this session. `about`: where it came from."""
        path = self.path(key)
        if not (self.folder / RECORD).exists():
            self.save()  # before there is a mask: a folder without a record is not ours
        self._keep(key)
        write_mask(path, ids_HW, task.palette)
        self.record["task"] = task.model_dump(mode="json", include=_TASK)
        self.note(key, image, about)

    def note(self, key: str, image: Path, about: Mapping[str, Any]) -> None:
        """Record a mask as it lies there, and the SHA-256 of its image, by which it knows it."""
        self._mine.add(key)
        self.record[MASKS][key] = {"sha256": sha256(self.path(key)), "image_sha256": sha256(image), **about}

    def drop(self, key: str) -> None:
        """Take a mask out, so that its image has none of ours; it is kept in a folder of this session."""
        self._keep(key)
        self._mine.add(key)
        del self.record[MASKS][key]
        self.path(key).unlink(missing_ok=True)

    def save(self) -> None:
        """Write the record: what another command recorded since it was read stays, and what this one did comes on top."""
        with hold(Path(f"{self.folder}.lock")):
            if (self.folder / RECORD).is_file():
                now = read_json(self.folder / RECORD)
                self._remember(now["drafts"])
                mine = {key: about for key, about in self.record[MASKS].items() if key in self._mine}
                others = {key: about for key, about in now[MASKS].items() if key not in self._mine}
                self.record[MASKS] = others | mine
            self.record[MASKS] = dict(sorted(self.record[MASKS].items()))
            write_json(self.folder / RECORD, self.record)

    def move(self, moves: Mapping[str, str], raw: Path) -> None:
        """Give masks other images: {key: new key}. All are kept in a folder of this session first; UserError where one is damaged.

        Raw masks that they took the place of are looked for under the new name, as a person renames them with their images.
        """
        contents: dict[str, bytes] = {}
        for key in moves:
            kept = [self.path(key), *sorted((self.folder / REPLACED).glob(f"*/{glob.escape(key)}.png"), reverse=True)]
            whole = [path for path in kept if path.is_file() and sha256(path) == self.record[MASKS][key]["sha256"]]
            if not whole:  # a move that was cut off left copies, so one of them is whole
                raise UserError(f"{self.path(key)} is not the mask that {self.folder / RECORD} names: import it again")
            contents[key] = whole[0].read_bytes()
        for key in {*moves, *moves.values()}:
            self._keep(key)
        about = {new: _renamed(self.record[MASKS][key], key, new, raw) for key, new in moves.items()}
        drafts = {new: self.record["drafts"].get(key, []) for key, new in moves.items()}
        for key, new in moves.items():
            write_atomic(self.path(new), contents[key])
        gone = moves.keys() - set(moves.values())
        self._mine |= {*moves, *moves.values()}
        self.record[MASKS] = {key: one for key, one in self.record[MASKS].items() if key not in gone} | about
        self._remember(drafts)
        self.save()
        for key in gone:
            self.path(key).unlink(missing_ok=True)

    def remove(self) -> None:
        """Take a folder away that was begun and cannot be finished."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _keep(self, key: str) -> None:
        """Copy a mask that is there to a folder of what this session replaces, with a number that was not used before."""
        if not self.path(key).exists():
            return
        while self._replaced is None:
            numbers = [int(one.name) for one in (self.folder / REPLACED).glob("*") if one.name.isdigit()]
            place = self.folder / REPLACED / f"{max(numbers, default=0) + 1:03}"
            with contextlib.suppress(FileExistsError):  # another command took that number
                place.mkdir(parents=True)
                self._replaced = place
        kept = self._replaced / f"{key}.png"
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(self.path(key), kept)
