"""Checkpoints of a training job: whole or absent, checked by hash before use, the last two kept, no code in them."""

import contextlib
import hashlib
import io
import logging
import os
import re
from collections import OrderedDict
from pathlib import Path

import torch
from torch import Tensor

from dissent.core.files import UserError, write_atomic

logger = logging.getLogger("dissent")

NAME = re.compile(r"step(\d{8,})-([0-9a-f]{16})\.pt")


class Checkpoints:
    """The checkpoints in `folder` of the job whose settings and inputs have the digest `identity`.

    One process at a time (runtime/student_states.py holds the folder). A name holds the step and the start of the SHA-256
    of the content, because `torch.load` reads a file with flipped bits without complaint.
    """

    def __init__(self, folder: str | Path, identity: str):
        self.folder, self.identity = Path(folder), identity

    def save(self, step: int, state: dict) -> Path:
        """Write `state` as of `step`, then remove all but this and the one before; returns the path.

        `state`: tensors, bool, int, float, str, None, in dicts, lists and tuples (TypeError names what else there is).
        A disk that refuses leaves the earlier checkpoints as they are and raises UserError.
        """
        _check(state, "state")
        stream = io.BytesIO()
        torch.save({"identity": self.identity, "step": int(step), "state": state}, stream)
        content = stream.getbuffer()
        path = self.folder / f"step{step:08d}-{hashlib.sha256(content).hexdigest()[:16]}.pt"
        try:
            write_atomic(path, content)
        except UserError as error:
            raise UserError(f"the checkpoint cannot be written: {error}{self._kept()}") from error
        _sync_folder(self.folder)
        self._tidy(path, step)
        return path

    def load(self) -> tuple[int, dict] | None:
        """(step, state) of the newest whole checkpoint of this identity, tensors on the CPU; None if there is none.

        Damaged ones are skipped with a warning; one of other settings or inputs is passed over with a message.
        """
        foreign = []
        for path in self._newest_first():
            payload = _read(path)
            if payload is None:
                logger.warning("%s is damaged: an earlier checkpoint is taken, or the job starts anew", path)
            elif payload["identity"] != self.identity:
                foreign.append(path)
            else:
                return payload["step"], payload["state"]
        if foreign:
            logger.info("settings or inputs have changed since %s was saved: starting anew", foreign[0])
        return None

    def _newest_first(self) -> list[Path]:
        paths = [path for path in self.folder.glob("step*.pt") if NAME.fullmatch(path.name)]
        return sorted(paths, key=lambda path: (_step(path), path.stat().st_mtime_ns), reverse=True)

    def _leftovers(self) -> list[Path]:
        """Temporary files of writers that were killed."""
        return list(self.folder.glob(".step*.tmp"))

    def _tidy(self, saved: Path, step: int) -> None:
        # one of a later step was found damaged or foreign when this job began: it must not displace a good one
        before = [path for path in self._newest_first() if _step(path) < step][:1]
        for path in [*self._newest_first(), *self._leftovers()]:
            if path != saved and path not in before:
                path.unlink(missing_ok=True)

    def _kept(self) -> str:
        """What a command that is run again goes on from."""
        kept = self._newest_first()
        return f". {kept[0].name} is kept, and the training resumes from it" if kept else ""


def _step(path: Path) -> int:
    return int(_named(path)[1])


def _named(path: Path) -> re.Match[str]:
    """The name of a checkpoint in its parts: step, digest."""
    found = NAME.fullmatch(path.name)
    assert found, f"{path} is no checkpoint"
    return found


def _read(path: Path) -> dict | None:
    """The payload of a file whose hash is the one in its name; None if it is damaged or would run code."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    if hashlib.sha256(content).hexdigest()[:16] != _named(path)[2]:
        return None
    try:
        payload = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a file that we did not write makes torch say, we go on without it
        logger.warning("%s: %s", path, str(error).splitlines()[0] if str(error) else type(error).__name__)
        return None
    whole = isinstance(payload, dict) and {"identity", "step", "state"} <= payload.keys()
    return payload if whole and payload["step"] == _step(path) else None


def _check(value: object, name: str) -> None:
    # exact types: a numpy number is a float too, is saved, and refused by every later load
    if isinstance(value, Tensor) or value is None or type(value) in (bool, int, float, str):
        return
    if isinstance(value, dict) and type(value) in (dict, OrderedDict):
        for key, inner in value.items():
            _check(key, f"key {key!r} of {name}")
            _check(inner, f"{name}[{key!r}]")
    elif isinstance(value, list | tuple) and type(value) in (list, tuple):
        for index, inner in enumerate(value):
            _check(inner, f"{name}[{index}]")
    else:
        raise TypeError(f"{name} is a {type(value).__module__}.{type(value).__name__}, which a checkpoint cannot hold")


def _sync_folder(folder: Path) -> None:
    """Make a rename outlive a power cut, where the file system can."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            os.fsync(handle)
    finally:
        os.close(handle)
