"""Masks of new images on disk: palette PNG at the image's size, as stored, with the image's own orientation tag."""

import hashlib
import re
import struct
import zlib
from pathlib import Path

import numpy as np

from dissent.core.files import DOUBT_PALETTE, encode_png, write_atomic
from dissent.core.task import Task
from dissent.datasets.decode import turned_back

_HEADER_END = 33  # of a PNG: its signature and its first chunk


def write_marks(
    out: Path, name: str, mask_HW: np.ndarray, doubt_HW: np.ndarray | None, task: Task, palette: list, orientation: int
) -> dict[str, str]:
    """Write OUT/masks/NAME, OUT/doubt/NAME and, for labels that overlap, OUT/labels/LABEL/NAME; the SHA-256 of each by its path.

    `mask_HW` is upright (as a viewer shows the image) and is stored as the image is, with its `orientation` (1 to 8).
    """
    contents = {f"masks/{name}": _encoded(mask_HW, palette, orientation)}
    if doubt_HW is not None:
        contents[f"doubt/{name}"] = _encoded(doubt_HW, DOUBT_PALETTE, orientation)
    if task.bits:
        for folder, plane_HW in zip(label_folders(task.labels), task.unpack(mask_HW), strict=True):
            contents[f"labels/{folder}/{name}"] = _encoded(plane_HW * np.uint8(255), None, orientation)
    for path, content in contents.items():
        write_atomic(out / path, content)
    return {path: hashlib.sha256(content).hexdigest() for path, content in contents.items()}


def files_of(name: str, task: Task, doubt: bool) -> list[str]:
    """The files that `write_marks` writes for one image, below OUT."""
    folders = [f"labels/{folder}" for folder in label_folders(task.labels)] if task.bits else []
    return [f"{folder}/{name}" for folder in ["masks", *(["doubt"] if doubt else []), *folders]]


def label_folders(labels: list[str]) -> list[str]:
    """A folder name for each label: its own where a file system takes it."""
    names = [re.sub(r"[^\w .-]", "_", label).strip(" .") or "label" for label in labels]
    folded = [name.casefold() for name in names]
    apart = [f"{name}_{i}" if folded.count(name.casefold()) > 1 else name for i, name in enumerate(names)]
    alike = len({name.casefold() for name in apart}) < len(apart)
    return [f"{i}_{name}" for i, name in enumerate(names)] if alike else apart


def _encoded(mask_HW: np.ndarray, palette: list | None, orientation: int) -> bytes:
    stored = np.ascontiguousarray(turned_back(mask_HW, orientation))
    content = encode_png(stored, palette)
    if orientation == 1:
        return content
    # the one entry of a TIFF header that tells viewers how to turn; image and mask then turn alike, or neither does
    exif = b"MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, orientation, 0, 0)
    chunk = b"eXIf" + exif
    framed = struct.pack(">I", len(exif)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return content[:_HEADER_END] + framed + content[_HEADER_END:]
