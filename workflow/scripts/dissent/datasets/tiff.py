"""What a TIFF says of its pixels, and which of it cannot be read right: Pillow passes over samples and turns values."""

import io
from typing import TYPE_CHECKING, TypeGuard

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from PIL.TiffImagePlugin import TiffImageFile

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _DESCRIPTION = 256, 257, 258, 259, 262, 270
_SAMPLES, _COLOURS, _FORMAT, _DEPTH = 277, 320, 339, 32997
# what does not give back the numbers that were written, or need not; baseline and registered numbers of TIFF 6.0
_LOSSY = {6: "JPEG", 7: "JPEG", 34892: "JPEG", 33003: "JPEG 2000", 33005: "JPEG 2000", 34712: "JPEG 2000",
          50001: "WebP", 34887: "LERC", 34933: "PNG or JPEG XR", 34934: "JPEG XR", 22610: "JPEG XR", 50002: "JPEG XL",
          52546: "JPEG XL", 34676: "SGI log", 34677: "SGI log"}  # fmt: skip
_WHITE_IS_ZERO = 0


def is_tiff(image: Image.Image) -> TypeGuard["TiffImageFile"]:
    """Whether it came from a TIFF, and has tags."""
    return image.format == "TIFF"


def size_of(image: "TiffImageFile") -> tuple[int, int]:
    """(H, W) as stored: Pillow turns TIFF files by itself, and their sizes too."""
    return image.tag_v2[_HEIGHT], image.tag_v2[_WIDTH]


def bits_of(image: "TiffImageFile") -> int:
    """Bits a sample; ValueError when it is no number without sign, or not every sample of a pixel would be read."""
    tags = image.tag_v2
    bits = tags.get(_BITS, (1,))
    if max(tags.get(_FORMAT, (1,))) != 1:
        raise ValueError("holds signed or floating point numbers; save it with 8 or 16 bits without sign")
    if len(set(bits)) > 1:
        raise ValueError(f"has samples of {', '.join(map(str, bits))} bits; save it with 8 or 16 bits for all")
    if tags.get(_PHOTOMETRIC) is None:
        raise ValueError("does not say whether black or white is zero (PhotometricInterpretation); save it anew")
    samples, read = max(tags.get(_SAMPLES, 1), len(bits)), len(image.getbands())
    if samples != read:
        raise ValueError(_too_many(samples, f", of which {read} would be read"))
    if tags.get(_DEPTH, 1) > 1 or _stack(str(tags.get(_DESCRIPTION, ""))):
        raise ValueError("holds a stack of images; save each as a file of its own")
    if bits[0] > 8 and inverted(image):
        raise ValueError("has 16 bits with white as zero; save it with black as zero")
    colours = tags.get(_COLOURS, ())
    if image.mode == "P" and 0 < max(colours, default=1) < 256:
        raise ValueError("has a palette of 8-bit numbers, where a TIFF has 16 bits; save it as PNG")
    return bits[0]


def inverted(image: "TiffImageFile") -> bool:
    """Whether white is zero: viewers, and Pillow, show other values than are stored."""
    return image.tag_v2.get(_PHOTOMETRIC) == _WHITE_IS_ZERO


def lossy(image: "TiffImageFile") -> str:
    """The lossy compression inside, "" where pixels are what was written."""
    return _LOSSY.get(image.tag_v2.get(_COMPRESSION, 1), "")


def colours_16(content: bytes, size: tuple[int, int]) -> np.ndarray:
    """RGB pixels of 16 bits, (H, W, 3): Pillow would keep the upper 8 bits only, silently."""
    import tifffile  # here: no other path needs it

    try:
        pixels = tifffile.imread(io.BytesIO(content))
    except (tifffile.TiffFileError, ImportError) as error:
        raise ValueError(f"cannot be decoded ({error}); save it without compression") from None
    if pixels.shape == (3, *size):
        pixels = np.moveaxis(pixels, 0, 2)
    if pixels.shape != (*size, 3) or pixels.dtype != np.uint16:
        raise ValueError(f"is a TIFF of shape {pixels.shape} and type {pixels.dtype}; save it as 16-bit RGB")
    return pixels


def unreadable(content: bytes) -> str:
    """Why Pillow cannot read a TIFF, as far as its tags tell; "" where they do not."""
    import tifffile

    try:
        with tifffile.TiffFile(io.BytesIO(content)) as file:
            page = file.pages.first
            samples, compression = page.samplesperpixel, int(page.compression)
            what = f"{page.bitspersample} bits, {page.dtype}"
    except Exception:  # whatever a damaged file makes of it
        return ""
    if samples > 1:
        return _too_many(samples, "")
    if compression in _LOSSY:
        return f"is a TIFF with {_LOSSY[compression]} inside, which is not read; save it as PNG"
    return f"is a TIFF of a kind that is not read ({what}); save it as PNG"


def _too_many(samples: int, read: str) -> str:
    return f"has {samples} samples a pixel{read}; save it as grey (1) or RGB (3), and each label as a file of its own"


def _stack(description: str) -> bool:
    """ImageJ writes large stacks behind one header."""
    images = next((line for line in description.splitlines() if line.startswith("images=")), "images=1")
    return description.startswith("ImageJ=") and images != "images=1"
