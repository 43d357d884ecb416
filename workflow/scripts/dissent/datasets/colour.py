"""Colours of pixels: palettes, transparency, and grey from RGB."""

import numpy as np
from PIL import Image

_TINT = 8 / 255  # what JPEG puts between the channels of a grey image stays below


def palette_of(image: Image.Image) -> np.ndarray:
    """The palette as (N, 3) RGB, or (N, 4) where some of it is transparent."""
    colours = np.array(image.getpalette("RGB"), np.uint8).reshape(-1, 3)
    clear = image.info.get("transparency")
    if clear is None:
        return colours
    alphas = np.full(len(colours), 255, np.uint8)
    given = np.frombuffer(clear, np.uint8) if isinstance(clear, bytes) else None
    if given is None:
        alphas[clear] = 0  # Pillow's short form of one number that is wholly transparent
    else:
        alphas[: len(given)] = given[: len(alphas)]
    return np.column_stack([colours, alphas])


def check_clear(pixels: np.ndarray, mode: str, bits: int, clear: int | tuple[int, ...]) -> None:
    """ValueError when a pixel has the colour that a PNG declares transparent."""
    if mode == "L" and bits < 8:
        clear = clear * (255 // (2**bits - 1))
    same = pixels == (bool(clear) if mode == "1" else np.array(clear))
    if (same.all(2) if same.ndim == 3 else same).any():
        raise ValueError("has transparent pixels; save it without transparency")


def opaque(pixels: np.ndarray) -> np.ndarray:
    """Pixels without their last channel, which has to be 255 everywhere."""
    if (pixels[..., -1] != 255).any():
        raise ValueError("has transparent pixels; save it without transparency")
    return pixels[..., 0] if pixels.shape[2] == 2 else pixels[..., :3]


def coloured(pixels: np.ndarray) -> bool:
    """Whether stored pixels (H, W) or (H, W, C) have colours; a few levels between channels are what JPEG makes of grey."""
    if pixels.ndim == 2 or pixels.shape[2] < 3:
        return False
    rgb = pixels[:, :, :3].astype(np.int32)
    return bool((rgb.max(2) - rgb.min(2)).max(initial=0) > _TINT * np.iinfo(pixels.dtype).max)


def grey(pixels: np.ndarray) -> np.ndarray:
    """(H, W) grey of (H, W, 3) RGB pixels, of the same type."""
    # ITU-R 601 luma in Pillow's fixed point
    weights = np.array([19595, 38470, 7471], np.uint32)
    return ((pixels.astype(np.uint32) * weights).sum(2) + 0x8000 >> 16).astype(pixels.dtype)


def with_channels(mode: str, pixels: np.ndarray, channels: int) -> np.ndarray:
    """Stored pixels of colour mode `mode` as grey (H, W) or RGB (H, W, 3) of the same depth.

    Transparency, CMYK and the like are refused: what a viewer shows for them depends on the viewer.
    """
    if mode == "1":
        pixels = pixels * np.uint8(255)
    elif mode in ("LA", "RGBA"):
        pixels = opaque(pixels)
    elif mode == "P":
        raise AssertionError("palettes are expanded when they are read as photos")
    elif mode not in ("L", "RGB", "I;16"):
        raise ValueError(f"has colour mode {mode}; save it as grey or RGB")
    if channels == 3:
        return pixels if pixels.ndim == 3 else np.repeat(pixels[:, :, None], 3, 2)
    return pixels if pixels.ndim == 2 else grey(pixels)
