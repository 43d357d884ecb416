"""Images and masks as arrays: decoded once and verified; a batch of them, and what a student sees where there is doubt."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from dissent.core.columns import LABELLED, UNLABELLED
from dissent.core.files import UserError, read_image, read_mask, read_table, verify
from dissent.core.scratch import scratch
from dissent.core.task import taught, without_doubted
from dissent.training.order import Order


@dataclass
class Batch:
    """Images (B, C, H, W) float 0..255, target bytes (B, H, W), the names for messages, and probabilities (B, outputs, H, W) to learn."""

    images: Tensor
    target: Tensor
    names: list[str]
    soft: Tensor | None = None


def apply_doubt(
    image_HWC: np.ndarray, label_HW: np.ndarray, doubt_HW: np.ndarray, rule: dict, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The pair as a student sees it (method key `inconsistency`): published = input black, target background (section 5.1)."""
    where = doubt_HW != 0
    if rule["input"] != "keep":
        image_HWC = image_HWC.copy()
        if rule["input"] == "block":
            image_HWC[where] = 0
        elif rule["input"] == "mean":
            image_HWC[where] = np.rint(image_HWC.reshape(-1, image_HWC.shape[2]).mean(0)).astype(np.uint8)
        else:
            image_HWC[where] = random.integers(0, 256, (int(where.sum()), image_HWC.shape[2]), dtype=np.uint8)
    if rule["target"] == "ignore_label":
        return image_HWC, without_doubted(label_HW, doubt_HW)
    return image_HWC, np.where(where, np.uint8(taught(rule)), label_HW)


def load_images(rows: Sequence[dict], table: str, channels: int, threads: int = 2) -> np.ndarray:
    """Images named by `rows` as (N, H, W, channels) uint8; every file is checked against its digest first."""

    def one(row: dict) -> np.ndarray:
        verify(row["image"], row["image_sha256"], table)
        return read_image(row["image"], channels)

    return _load(rows, "image", one, threads) if rows else np.zeros((0, 1, 1, channels), np.uint8)


def load_masks(rows: Sequence[dict], table: str, key: str = "label", threads: int = 2) -> np.ndarray:
    """Masks named by column `key` as (N, H, W) uint8, checked against `{key}_sha256`."""

    def one(row: dict) -> np.ndarray:
        verify(row[key], row[f"{key}_sha256"], table)
        return read_mask(row[key])

    return _load(rows, key, one, threads) if rows else np.zeros((0, 1, 1), np.uint8)


def _load(rows: Sequence[dict], key: str, read: Callable[[dict], np.ndarray], threads: int) -> np.ndarray:
    first = read(rows[0])
    result = scratch(len(rows), *first.shape)

    def fill(index: int) -> None:
        pixels = read(rows[index])
        if pixels.shape != first.shape:
            raise UserError(f"{rows[index][key]} is {pixels.shape[:2]} where the others are {first.shape[:2]}")
        result[index] = pixels

    with ThreadPoolExecutor(threads) as workers:
        for _ in workers.map(fill, range(len(rows))):
            pass
    return result


def to_tensor(images_NHWC: np.ndarray | Tensor, device: str) -> Tensor:
    """uint8 (N, H, W, C) -> float 0..255 (N, C, H, W) on the device, channels last in memory."""
    if not isinstance(images_NHWC, Tensor):
        images_NHWC = torch.from_numpy(np.ascontiguousarray(images_NHWC))
    return images_NHWC.to(device, non_blocking=True).permute(0, 3, 1, 2).float()


def load_labelled(table: str, channels: int, why: str) -> tuple[np.ndarray, np.ndarray]:
    """Images (N, H, W, C) and labels (N, H, W) of a table of the split; UserError says `why` there must be some."""
    rows = read_table(table, LABELLED)
    if not rows:
        raise UserError(f"{table} has no images: {why}; give the split some")
    return load_images(rows, table, channels), load_masks(rows, table)


def load_unlabelled(table: str, channels: int) -> np.ndarray:
    """Unlabelled images of a split (N, H, W, C); UserError where it has none."""
    rows = read_table(table, UNLABELLED)
    if not rows:
        raise UserError(f"{table} has no images, and this training needs unlabelled ones")
    return load_images(rows, table, channels)


class Unlabelled:
    """Unlabelled images of a split as an endless stream; the table holds no path of any mask."""

    def __init__(self, table: str, channels: int, batch: int, key: tuple):
        self.images = load_unlabelled(table, channels)
        self.order = Order(len(self.images), batch, (*key, "unlabelled"))

    def batch(self, step: int) -> np.ndarray:
        """Step t's images (B, H, W, C)."""
        return self.images[self.order(step)]
