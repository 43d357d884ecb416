"""progress.jsonl beside the masks: which images are labelled, from what bytes, into which files. So `--resume` goes on. No torch."""

import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dissent.cli.predict.find_images import Photo
from dissent.core.files import UserError, read_image, sha256
from dissent.core.words import some

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
    begun: set[str] = field(default_factory=set)
    """files that were begun, as seen from OUT: they are ours"""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def kept(self, photos: Iterable[Photo], overwrite: bool) -> tuple[dict[str, dict], list[Photo]]:
        """{image: its entry} of what is whole and from the image as it is now, and the photos that are to be labelled.

        UserError names files that were changed since they were written, unless they may be written over.
        """
        kept, left, edited = {}, [], []
        for photo in photos:
            entry = self.done.get(photo.shown)
            states = {name: _state(self.out / name, sha) for name, sha in entry["files"].items()} if entry else {}
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

    def open(self) -> None:
        """Begin the record, once it is known that nothing of the user's is in the way."""
        if self.fresh:
            self.out.mkdir(parents=True, exist_ok=True)
            (self.out / NAME).unlink(missing_ok=True)
            self._add({"made_by": self.made_by})

    def begin(self, files: list[str]) -> None:
        """Note the files of an image before they are written."""
        self._add({"begun": files})

    def end(self, photo: Photo, read: Mapping, row: Mapping, files: Mapping[str, str]) -> None:
        """Note that an image is done; `read`: what `identity` said of it before it was read."""
        self._add({"image": photo.shown, **read, "row": dict(row), "files": dict(files)})

    def _add(self, value: dict) -> None:
        with self._lock, open(self.out / NAME, "a", encoding="utf-8") as stream:
            stream.write(json.dumps(value) + "\n")


def start(out: Path, made_by: str, resume: bool) -> Progress:
    """A new record in `out`, or with `resume` the one that is there; UserError where other networks or settings made it."""
    progress = Progress(out, made_by)
    lines = _lines(out / NAME) if resume else []
    if lines and lines[0].get("made_by") != made_by:
        raise UserError(
            f"{out} was made by other networks or with other settings (--pool, --tiles, --levels, ...): give the same ones, "
            "or name another folder"
        )
    for line in lines[1:]:
        progress.begun.update(line.get("begun", ()))
        if "image" in line:
            progress.done[line["image"]] = line
    progress.fresh = not lines
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


def _state(path: Path, sha: str) -> str:
    """`whole`, `edited` (an image, but another one), or `broken`: absent, or cut off."""
    if not path.is_file():
        return "broken"
    if sha256(path) == sha:
        return "whole"
    try:
        read_image(path, 1)
    except UserError as error:
        return "edited" if "channels" in str(error) else "broken"
    return "edited"


def _lines(path: Path) -> list[dict]:
    if not path.is_file():
        return []
    found = []
    for line in path.read_text("utf-8").splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue  # a kill cut it off; what it told is made again
    return found
