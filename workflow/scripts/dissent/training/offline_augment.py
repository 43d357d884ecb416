"""Noise copies: static, disturbed copies of a pair (section 4, AUG).

They follow from `(seed, generation, image, copy)`.
"""

import numpy as np
import torch

from dissent.training.blur import GAUSSIANS, smooth


def brightness(image: np.ndarray, alpha: float, beta: float) -> np.ndarray:
    """|alpha * x + beta|, rounded and cut to 0..255: the absolute value is the published code's (T8)."""
    return np.clip(np.rint(np.abs(image.astype(np.float32) * alpha + beta)), 0, 255).astype(np.uint8)


def blur(image_HWC: np.ndarray, level: int) -> np.ndarray:
    """Gaussian blur of `3, 5, 7` pixels for levels `1, 2, 3`, with mirrored borders. Level 0 changes nothing.

    Bytes times these weights are exact in float32, so every machine gives OpenCV's bytes.
    """
    if level == 0:
        return image_HWC
    values_HWC = torch.from_numpy(image_HWC.astype(np.float32))
    blurred_CHW = smooth(values_HWC.permute(2, 0, 1)[None], GAUSSIANS[level])[0]
    return (blurred_CHW + 0.5).floor().byte().permute(1, 2, 0).numpy()  # OpenCV's fixed point rounds halves up


def photometric(image_HWC: np.ndarray, strength: dict, random: np.random.Generator) -> np.ndarray:
    """AUG's disturbance: with p = .5 contrast and brightness, then blur of a random level, then integer noise in [-m, m - 1]."""
    return _grain(_blurred(_brightened(image_HWC, strength, random), strength, random), strength, random)


def photo(image_HWC: np.ndarray, strength: dict, random: np.random.Generator) -> np.ndarray:
    """PHOTO (section 4): the same disturbances in another order: blur, noise, then contrast and brightness."""
    return _brightened(_grain(_blurred(image_HWC, strength, random), strength, random), strength, random)


def part_of(strength: dict, part: float) -> dict:
    """`part` (0 to 1) of a strength: the ramps of section 4, where blur levels are rounded down."""
    scaled = {name: part * strength[name] for name in ("alpha", "beta")}
    return scaled | {"blur": int(part * strength["blur"] + 1e-9), "noise": round(part * strength["noise"])}


def _brightened(image_HWC: np.ndarray, strength: dict, random: np.random.Generator) -> np.ndarray:
    alpha = random.uniform(1 - strength["alpha"], 1 + strength["alpha"])
    beta = random.uniform(-strength["beta"], strength["beta"])
    return brightness(image_HWC, alpha, beta) if random.random() < 0.5 else image_HWC


def _blurred(image_HWC: np.ndarray, strength: dict, random: np.random.Generator) -> np.ndarray:
    return blur(image_HWC, int(random.integers(0, strength["blur"] + 1)))


def _grain(image_HWC: np.ndarray, strength: dict, random: np.random.Generator) -> np.ndarray:
    most = strength["noise"]
    if most <= 0:
        return image_HWC
    disturbance = random.integers(-most, most, image_HWC.shape, dtype=np.int16)
    return np.clip(image_HWC.astype(np.int16) + disturbance, 0, 255).astype(np.uint8)


def noise_copy(
    image_HWC: np.ndarray, mask_HW: np.ndarray, strength: dict, rotation_invariant: bool, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """AUG of an image and its mask.

    Both are flipped, and turned by quarters where up has no meaning. Then the image alone is disturbed. Quarter turns
    need square images; others are turned by half a turn or not at all.
    """
    flip_up, flip_left = random.random() < 0.5, random.random() < 0.5
    turns = int(random.integers(0, 4))
    if rotation_invariant and flip_up:
        image_HWC, mask_HW = image_HWC[::-1], mask_HW[::-1]
    if flip_left:
        image_HWC, mask_HW = image_HWC[:, ::-1], mask_HW[:, ::-1]
    if rotation_invariant:
        turns = turns if image_HWC.shape[0] == image_HWC.shape[1] else turns // 2 * 2
        image_HWC, mask_HW = np.rot90(image_HWC, turns), np.rot90(mask_HW, turns)
    return photometric(np.ascontiguousarray(image_HWC), strength, random), np.ascontiguousarray(mask_HW)
