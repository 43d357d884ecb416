"""progress.jsonl beside the masks: which images are labelled, from what bytes, into which files. So `--resume` goes on. No torch.

It also tells which files in OUT are ours: each is noted with its SHA-256 before it is written.
"""

import json
import os
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dissent.cli.predict.find_images import Photo
from dissent.core import png, seal
from dissent.core.files import UserError, sha256
from dissent.core.words import some
from dissent.datasets.predicted import ABOUT, TABLE

NAME = "progress.jsonl"


@dataclass
class Progress:
    """What was done in OUT. Lines are added as work goes on; a last line that a kill cut off is passed over."""

    out: Path
    made_by: str
    """digest of the networks and settings"""
    fresh: bool = True
    """whether nothing was recorded before"""
    done: dict[str, dict] = field(default_factory=dict)
    """image -> {"bytes", "date", "sha256", "row", "files": {path below OUT: SHA-256}}"""
    begun: dict[str, set[str]] = field(default_factory=dict)
    """{file, as seen from OUT: SHA-256 of what was, or was to be, written to it}"""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def kept(self, photos: Iterable[Photo], overwrite: bool) -> tuple[dict[str, dict], list[Photo]]:
        """{image: its entry} of what is whole and from the image as it is now, and the photos that are to be labelled.

        UserError names files that were changed since they were written, unless they may be written over.
        """
        kept, left, edited = {}, [], []
        for photo in photos:
            entry = self.done.get(photo.shown)
            states = {name: _state(self.out / name, {sha}) for name, sha in entry["files"].items()} if entry else {}
            edited += [name for name, state in states.items() if state == "edited"]
            if entry and set(states.values()) == {"whole"} and _same(photo.path, entry):
                kept[photo.shown] = entry
            else:
                left.append(photo)
        if edited and not overwrite:
            raise UserError(
                f"{self.out} holds {len(edited)} files that were changed since they were written ({some(edited)}); move them "
                "away, or add --overwrite"
            )
        return kept, left

    def strange(self, names: Iterable[str]) -> list[str]:
        """Those names in OUT at which something lies that we did not write, or that was changed since."""
        return [name for name in names if os.path.lexists(self.out / name) and not self._ours(name)]

    def _ours(self, name: str) -> bool:
        path = self.out / name
        if name == ABOUT and not self.fresh and path.is_file():
            return seal.holds(path.read_bytes()) is True
        known = self.begun.get(name, set())
        if name == TABLE and not self.fresh:
            known = known | _kept_by(path)
        return bool(known) and _state(path, known) != "edited"

    def open(self) -> None:
        """Begin the record, once it is known that nothing of the user's is in the way."""
        path = self.out / NAME
        if self.fresh:
            self.out.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            self._add({"made_by": self.made_by})
        elif not path.read_bytes().endswith(b"\n"):  # a kill cut the last line off; the next one is none of it
            with open(path, "ab") as stream:
                stream.write(b"\n")

    def begin(self, files: Mapping[str, str]) -> None:
        """Note files, with the SHA-256 of what will be in them, before they are written."""
        self._add({"begun": dict(files)}, to_disk=True)

    def end(self, photo: Photo, read: Mapping, row: Mapping, files: Mapping[str, str]) -> None:
        """Note that an image is done; `read`: what `identity` said of it before it was read."""
        self._add({"image": photo.shown, **read, "row": dict(row), "files": dict(files)})

    def _add(self, value: dict, to_disk: bool = False) -> None:
        with self._lock, open(self.out / NAME, "a", encoding="utf-8") as stream:
            stream.write(json.dumps(value) + "\n")
            if to_disk:  # what it tells of is flushed too: a power cut leaves no file that nobody noted
                stream.flush()
                os.fsync(stream.fileno())


def start(out: Path, made_by: str, resume: bool, overwrite: bool = False) -> Progress:
    """A new record in `out`, or with `resume` the one that is there; UserError where other networks or settings made it.

    A file of that name that is no record of ours is refused, unless it may be written over.
    """
    progress = Progress(out, made_by)
    path = out / NAME
    if not resume or not os.path.lexists(path):
        return progress
    content = path.read_bytes() if path.is_file() else None
    lines = _lines(content or b"")
    if not lines or "made_by" not in lines[0]:
        first = json.dumps({"made_by": made_by}).encode()
        if overwrite or (content is not None and first.startswith(content)):  # a kill cut it off at once
            return progress
        raise UserError(
            f"{path} is no record of `dissent predict`: move it away, name another folder, or add --overwrite"
        )
    if lines[0]["made_by"] != made_by:
        raise UserError(
            f"{out} was made by other networks or with other settings (--pool, --views, --tiles, --levels, ...): give the same ones, "
            "or name another folder"
        )
    for line in lines[1:]:
        files = line.get("files" if "image" in line else "begun")
        if isinstance(files, dict):  # an earlier version noted what it began without digests
            for name, sha in files.items():
                progress.begun.setdefault(name, set()).add(sha)
        if "image" in line:
            progress.done[line["image"]] = line
    progress.fresh = False
    return progress


def identity(path: Path) -> dict:
    """{"bytes", "date", "sha256"} of an image."""
    status = path.stat()
    return {"bytes": status.st_size, "date": status.st_mtime_ns, "sha256": sha256(path)}


def _same(path: Path, entry: Mapping) -> bool:
    """Whether an image is the one that was labelled; a new date alone does not make it another."""
    status = path.stat()
    if status.st_size != entry["bytes"]:
        return False
    return status.st_mtime_ns == entry["date"] or sha256(path) == entry["sha256"]


def _kept_by(table: Path) -> set[str]:
    """The SHA-256 of a table by the JSON that keeps it, where that is whole."""
    try:
        kept = seal.kept(table)
    except seal.Broken:
        return set()
    return {kept.sha256} if kept else set()


def _state(path: Path, known: set[str]) -> str:
    """`whole` (one that we know), `broken` (absent, or one of ours cut off or damaged), or `edited`."""
    if not os.path.lexists(path):
        return "broken"
    if not path.is_file():
        return "edited"
    if sha256(path) in known:
        return "whole"
    content = path.read_bytes()
    cut = content.strip(b"\0") == b"" or (len(content) < len(png.SIGNATURE) and png.SIGNATURE.startswith(content))
    return "broken" if cut or png.fault(content) else "edited"


def _lines(content: bytes) -> list[dict]:
    found = []
    for line in content.decode("utf-8", "replace").splitlines():
        try:
            value = json.loads(line)
        except ValueError:
            continue  # a kill cut it off; what it told is made again
        if isinstance(value, dict):
            found.append(value)
    return found
