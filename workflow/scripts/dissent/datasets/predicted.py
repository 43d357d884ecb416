"""A folder that `dissent predict` wrote: its masks are a network's, until a person corrects them. No torch."""

import struct
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dissent.config.task import TaskSettings
from dissent.core.files import UserError, encode_png, read_json, read_table
from dissent.core.words import some

TABLE, ABOUT = "predictions.csv", "made_with.json"
"""what was written of which image; and what made it, and what the numbers mean"""
MASKS = "masks"
_FOLDERS = (MASKS, "labels", "doubt", "overlays", "probabilities")
_HEADER_END = 33  # of a PNG: its signature and its first chunk


@dataclass(frozen=True)
class Predicted:
    """The folder, and what its made_with.json says."""

    folder: Path
    about: Mapping

    @classmethod
    def of(cls, where: Path) -> "Predicted | None":
        """The folder of predictions that `where` is, or in whose masks or the like it lies; None where it is none."""
        place = where.resolve()
        for one in (place, *place.parents):
            inside = place.relative_to(one).parts
            if (not inside or inside[0] in _FOLDERS) and (one / ABOUT).is_file():
                about = read_json(one / ABOUT)
                if "networks" in about and ("ids" in about or "bits" in about):
                    said = where.parents[len(inside) - 1] if 0 < len(inside) <= len(where.parents) else where
                    return cls(said if said.resolve() == one else one, about)
        return None

    def task(self, like: TaskSettings) -> TaskSettings:
        """The task whose numbers these masks have; `like`: one with the same background, where versions before told none."""
        told = self.about.get("bits") or self.about["ids"]
        names = [told[number] for number in sorted(told, key=int)]
        background = self.about.get("background", like.background if like.background in names else None)
        try:
            return TaskSettings.of_values(self.about["task"], names, self.about.get("colours"), background)
        except ValueError as error:  # of an earlier version, which did not tell the background
            raise UserError(f"{self.folder / ABOUT} names labels that are no task: {error}; predict again") from None

    def check_masks(self, where: Path) -> None:
        """UserError where `where` is another of the folders than that of the masks."""
        inside = where.resolve().relative_to(self.folder.resolve()).parts
        if inside and inside[0] != MASKS:
            raise UserError(
                f"{where} holds no masks, but what lies beside those of {self.folder}: import {self.folder}"
            )

    def digests(self) -> dict[str, set[str]]:
        """{name of a mask: SHA-256 that it had when it was written}, by predictions.csv; several where folders have one of that name."""
        known: dict[str, set[str]] = {}
        for row in read_table(self.folder / TABLE, ("mask", "sha256")):
            if row["mask"]:
                known.setdefault(Path(row["mask"]).name, set()).add(row["sha256"])
        return known


def encoded(stored_HW: np.ndarray, palette: list | None, orientation: int) -> bytes:
    """A mask as the file that `dissent predict` writes, with the orientation tag (1 to 8) of its image."""
    content = encode_png(np.ascontiguousarray(stored_HW), palette)
    if orientation == 1:
        return content
    # the one entry of a TIFF header that tells viewers how to turn; image and mask then turn alike, or neither does
    exif = b"MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, orientation, 0, 0)
    chunk = b"eXIf" + exif
    framed = struct.pack(">I", len(exif)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return content[:_HEADER_END] + framed + content[_HEADER_END:]


def among_raw(folders: Iterable[Path]) -> list[str]:
    """What is wrong with folders of raw masks into which `dissent predict` wrote."""
    found: dict[Path, Predicted] = {}
    for folder in folders:
        if folder.is_dir() and (made := Predicted.of(folder) or Predicted.of(folder.parent)):
            found.setdefault(made.folder.resolve(), made)
    return [
        f"{made.folder / ABOUT}: `dissent predict` wrote masks there{_those(made)}, and they would be learned as if a person had drawn "
        f"them. Move them, with {ABOUT} and {TABLE}, into a folder of their own elsewhere, correct them there, and `dissent "
        "import` takes those that you corrected"
        for made in found.values()
    ]


def _those(made: Predicted) -> str:
    """The masks of its table that lie there, in words; "" where it cannot be read."""
    try:
        rows = read_table(made.folder / TABLE, ("mask",))
    except UserError:
        return ""
    names = [row["mask"] for row in rows if row["mask"] and (made.folder / row["mask"]).is_file()]
    return f" ({some(names)})" if names else ""
