"""What is said of new images, on disk: PNG at the image's size, as stored, with the image's own orientation tag. No torch."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dissent.core.files import DOUBT_PALETTE, encode_png, write_atomic
from dissent.core.task import Task
from dissent.datasets.decode import turned_back
from dissent.datasets.geometry import resize_mask
from dissent.datasets.predicted import encoded

_LARGEST = 2048  # pixels of a side of an overlay


@dataclass(frozen=True)
class Marks:
    """What is said of an image, upright: mask bytes (H, W), and where they are asked for doubt (H, W) and probabilities (C, H, W).

    Probabilities are uint16, 0 to 65535.
    """

    mask: np.ndarray
    doubt: np.ndarray | None = None
    probabilities: np.ndarray | None = None


@dataclass(frozen=True)
class Writer:
    """Writes the marks of images below `out`; `extras`: of `doubt`, `probabilities`, `overlays`, those that are asked for."""

    out: Path
    task: Task
    palette: list
    extras: frozenset[str]

    def files_of(self, name: str) -> list[str]:
        """The files of one image, below `out`; its mask is the first."""
        folders = label_folders(self.task.labels)
        labels = [f"labels/{folder}" for folder in folders] if self.task.bits else []
        surer = [f"probabilities/{folder}" for folder in folders] if "probabilities" in self.extras else []
        single = [folder for folder in ("doubt", "overlays") if folder in self.extras]
        return [f"{folder}/{name}" for folder in ["masks", *single, *labels, *surer]]

    def write(
        self, name: str, begin: Callable[[dict[str, str]], None], marks: Marks, turn: int, pixels: np.ndarray | None
    ) -> dict[str, str]:
        """Write the files of one image; the SHA-256 of each by its path, which `begin` is told before.

        Marks are upright (as a viewer shows the image) and are stored as the image is, with its orientation `turn` (1 to 8); overlays are upright. `pixels`:
        those of the image, where there is an overlay.
        """
        folders = label_folders(self.task.labels)
        contents = {f"masks/{name}": _encoded(marks.mask, self.palette, turn)}
        if marks.doubt is not None:
            contents[f"doubt/{name}"] = _encoded(marks.doubt, DOUBT_PALETTE, turn)
        if pixels is not None:
            contents[f"overlays/{name}"] = encode_png(overlay(pixels, marks.mask, self.task, self.palette))
        if self.task.bits:
            for folder, plane_HW in zip(folders, self.task.unpack(marks.mask), strict=True):
                contents[f"labels/{folder}/{name}"] = _encoded(plane_HW * np.uint8(255), None, turn)
        if marks.probabilities is not None:
            for folder, share_HW in zip(folders, marks.probabilities, strict=True):
                contents[f"probabilities/{folder}/{name}"] = _encoded(share_HW, None, turn)
        digests = {path: hashlib.sha256(content).hexdigest() for path, content in contents.items()}
        begin(digests)
        for path, content in contents.items():
            write_atomic(self.out / path, content)
        return digests


def overlay(pixels: np.ndarray, mask_HW: np.ndarray, task: Task, palette: list) -> np.ndarray:
    """The image (h, w, 3), at most 2,048 pixels a side, half of it the colours of the mask where there is any label but the background."""
    step = -(-max(pixels.shape[:2]) // _LARGEST)
    seen = pixels[::step, ::step]
    seen = seen if seen.ndim == 3 else np.repeat(seen[:, :, None], 3, 2)
    small = resize_mask(mask_HW, (seen.shape[0], seen.shape[1]), False)
    shown = np.ones(small.shape, bool) if task.background is None else small != task.background
    colours = np.zeros((256, 3), np.uint16)
    colours[: len(palette)] = palette
    return np.where(shown[:, :, None], (seen + colours[small]) // 2, seen).astype(np.uint8)


def label_folders(labels: list[str]) -> list[str]:
    """A folder name for each label: its own where a file system takes it."""
    names = [re.sub(r"[^\w .-]", "_", label).strip(" .") or "label" for label in labels]
    folded = [name.casefold() for name in names]
    apart = [f"{name}_{i}" if folded.count(name.casefold()) > 1 else name for i, name in enumerate(names)]
    alike = len({name.casefold() for name in apart}) < len(apart)
    return [f"{i}_{name}" for i, name in enumerate(names)] if alike else apart


def _encoded(mask_HW: np.ndarray, palette: list | None, orientation: int) -> bytes:
    return encoded(turned_back(mask_HW, orientation), palette, orientation)
