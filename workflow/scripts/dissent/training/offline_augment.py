"""Noise copies: static, disturbed copies of a pair (section 4, AUG).

They follow from `(seed, generation, image, copy)`.
"""

import functools

import numpy as np

GAUSSIANS = {  # OpenCV's default Gaussian kernels of 3, 5 and 7 pixels
    1: (0.25, 0.5, 0.25),
    2: (0.0625, 0.25, 0.375, 0.25, 0.0625),
    3: (0.03125, 0.109375, 0.21875, 0.28125, 0.21875, 0.109375, 0.03125),
}


def brightness(image: np.ndarray, alpha: float, beta: float) -> np.ndarray:
    """|alpha * x + beta|, rounded and cut to 0..255: the absolute value is the published code's (T8)."""
    return np.clip(np.rint(np.abs(image.astype(np.float32) * alpha + beta)), 0, 255).astype(np.uint8)


def blur(image_HWC: np.ndarray, level: int) -> np.ndarray:
    """Gaussian blur of `3, 5, 7` pixels for levels `1, 2, 3`, with mirrored borders. Level 0 changes nothing."""
    if level == 0:
        return image_HWC
    kernel = GAUSSIANS[level]
    values = image_HWC.astype(np.float32)
    for axis in (0, 1):
        padding = [(level, level) if axis == i else (0, 0) for i in range(3)]
        padded = np.pad(values, padding, mode="reflect")
        size = image_HWC.shape[axis]
        parts = [w * padded.take(range(i, i + size), axis) for i, w in enumerate(kernel)]
        values = functools.reduce(np.add, parts)
    return np.floor(values + 0.5).astype(np.uint8)  # OpenCV's fixed point rounds halves up


def photometric(image_HWC: np.ndarray, strength: dict, random: np.random.Generator) -> np.ndarray:
    """AUG's disturbance: with p = .5 contrast and brightness, then blur of a random level, then integer noise in [-m, m - 1]."""
    return _grain(_blurred(_brightened(image_HWC, strength, random), strength, random), strength, random)


def photo(image_HWC: np.ndarray, strength: dict, random: np.random.Generator) -> np.ndarray:
    """PHOTO (section 4): the same disturbances in another order.

    Blur is first, then noise, then contrast and brightness.
    """
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

    Both are flipped, and turned by quarters where up has no meaning. Then the image alone is disturbed.

    Quarter turns need square images; others are turned by half a turn or not at all.
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
