"""Image files to arrays, strictly: a file is read whole and right, or refused with the reason (ValueError)."""

import io
import os
import stat
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeVar

import numpy as np
from PIL import Image

from dissent.core import png
from dissent.datasets import bmp, tiff
from dissent.datasets.colour import check_clear, coloured, palette_of, with_channels

FORMATS = ("PNG", "JPEG", "TIFF", "BMP")
EXTENSIONS = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")
MAX_PIXELS = 178_000_000  # below Pillow's own limit, so that the message is ours

# what decoders raise on damaged files; a file is refused by name whatever it was
_FAULTS = (
    OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError,
    struct.error, zlib.error, Image.DecompressionBombError,
)  # fmt: skip
_TAG_ORIENTATION = 274
T = TypeVar("T")


@dataclass(frozen=True)
class Header:
    """What a file says of itself; `size` is (H, W) as stored, before it is turned by its EXIF tag (1 to 8)."""

    format: str
    mode: str
    bits: int
    size: tuple[int, int]
    orientation: int
    lossy: str = ""
    """the compression that blurs values, such as JPEG, also inside a TIFF"""
    inverted: bool = False
    """white is zero: what is shown, and read, is not what is stored"""
    palette: bytes = b""
    """mode P, once pixels are read: RGB, three bytes a number; it may be too short for the largest"""
    alphas: bytes = b""
    """mode P: one byte a number where some are transparent"""


def read_header(path: Path) -> Header:
    """The header of an image file; ValueError when it is no image that can be read right."""

    def read() -> Header:
        _check_plain(path)
        with open(path, "rb") as stream:
            return _header(_open(stream), stream)

    return _guarded(read)


def read_pixels(path: Path, smallest: tuple[int, int] | None = None) -> tuple[Header, np.ndarray]:
    """Header and pixels as stored: (H, W) or (H, W, C), uint8 or uint16; palettes stay indices, 1 bit gives 0 and 1.

    `smallest`: a JPEG may come at a half, quarter or eighth of its size if that is still at least this (H, W).
    """

    def read() -> tuple[Header, np.ndarray]:
        header, pixels = _pixels(_bytes(path), smallest)
        if header.inverted:
            raise ValueError(
                "has white as zero, so viewers show other numbers than it holds; save it with black as zero"
            )
        return header, pixels

    return _guarded(read)


def turned(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Stored pixels as they are meant to be looked at (EXIF orientation 1 to 8)."""
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels


def turned_size(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """(H, W) after `turned`."""
    return (size[1], size[0]) if orientation >= 5 else size


def turned_back(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Pixels as looked at as they are stored: `turned` undone."""
    return turned(pixels, opposite(orientation))


def opposite(orientation: int) -> int:
    """The turn that undoes another one."""
    return {6: 8, 8: 6}.get(orientation, orientation)  # the others undo themselves


class Photo(NamedTuple):
    """An image as stored: grey (H, W) or RGB (H, W, 3), uint8 or uint16; `faded`: it had colours, and was asked for in grey."""

    header: Header
    pixels: np.ndarray
    faded: bool


def read_photo(path: Path, channels: int, smallest: tuple[int, int] | None = None) -> Photo:
    """Read an image with 1 or 3 channels; `smallest`: see `read_pixels`."""
    header, stored = _guarded(lambda: _pixels(_bytes(path), smallest, expand_palette=True))
    return Photo(header, with_channels(header.mode, stored, channels), channels == 1 and coloured(stored))


def _check_plain(path: Path) -> None:
    status = os.stat(path)  # follows links; a dangling or looping one is an OSError
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("is no plain file")
    if status.st_size == 0:
        raise ValueError("is empty (0 bytes)")


def _bytes(path: Path) -> bytes:
    _check_plain(path)
    content = path.read_bytes()
    if fault := png.fault(content) or png.lacking(content):
        raise ValueError(fault)
    # Pillow takes it when its pixels are there, which padding behind them may not be
    if content.startswith(b"BM") and int.from_bytes(content[2:6], "little") > len(content):
        raise ValueError("is truncated")
    return content


def _guarded(action: Callable[[], T]) -> T:
    try:
        return action()
    except Image.UnidentifiedImageError:
        formats = f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
        raise ValueError(f"is no {formats} image, is damaged, or of a rare kind") from None
    except Image.DecompressionBombError:
        raise ValueError(f"is larger than {MAX_PIXELS // 10**6} megapixels; cut it into pieces first") from None
    except PermissionError:
        raise ValueError("may not be read (permissions)") from None
    except FileNotFoundError:
        raise ValueError("does not exist, or is a link to nothing") from None
    except _FAULTS as error:
        text = getattr(error, "strerror", None) or str(error) or type(error).__name__
        plain = text.startswith(("is ", "has ", "holds ", "cannot be decoded"))
        raise ValueError(text if plain else f"cannot be decoded ({text})") from None


def _open(stream: BinaryIO) -> Image.Image:
    try:
        image = Image.open(stream, formats=FORMATS)
    except (Image.UnidentifiedImageError, KeyError):  # KeyError: a TIFF whose compression has no name in Pillow
        if _peek(stream, 0, 4)[:2] in (b"II", b"MM") and (why := tiff.unreadable(_peek(stream, 0, -1))):
            raise ValueError(why) from None
        raise
    if image.width * image.height > MAX_PIXELS:
        raise Image.DecompressionBombError
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format != "MPO":  # MPO: a photograph with its preview
        raise ValueError(f"has {frames} pages or frames; save each as a file of its own")
    return image


def _header(image: Image.Image, stream: BinaryIO) -> Header:
    orientation, mode, bits = 1, image.mode, 8
    if image.format != "PNG" or _may_be_turned(stream):
        orientation = image.getexif().get(_TAG_ORIENTATION, 1)
        orientation = orientation if orientation in range(1, 9) else 1
    size, lossy = (image.height, image.width), ""
    if tiff.is_tiff(image):
        size, bits, lossy = tiff.size_of(image), tiff.bits_of(image), tiff.lossy(image)
    elif image.format == "PNG":
        bits, colours = _peek(stream, 24, 2)
        if bits == 16 and colours != 0:
            raise ValueError("has 16 bits with colour or transparency, of which a PNG gives 8; save it as TIFF")
    elif image.format == "BMP" and (found := bmp.palette_of(_peek(stream, 0, bmp.HEAD))):
        mode, bits = found.mode, 1 if found.mode == "1" else 8
    wide = mode.startswith("I;16") or mode == "RGB"
    if bits > 16 or (bits > 8 and not wide):
        raise ValueError(f"has {bits} bits a sample in mode {mode}; save it with 8 or 16 bits, grey or RGB")
    if bits <= 8 and mode not in ("1", "L", "LA", "P", "RGB", "RGBA"):
        raise ValueError(f"has colour mode {mode}; save it as grey or RGB")
    kind = "JPEG" if image.format == "MPO" else image.format or ""
    mode = "I;16" if mode.startswith("I;16") else mode
    inverted = tiff.is_tiff(image) and tiff.inverted(image)
    return Header(kind, mode, bits, size, orientation, "JPEG" if kind == "JPEG" else lossy, inverted)


def _peek(stream: BinaryIO, at: int, count: int) -> bytes:
    place = stream.tell()
    stream.seek(at)
    content = stream.read(count)
    stream.seek(place)
    return content


def _may_be_turned(stream: BinaryIO) -> bool:
    """Whether a PNG has a chunk that can hold an orientation: Pillow decodes the whole image before it tells."""
    at = 8
    while len(head := _peek(stream, at, 8)) == 8 and head[4:] != b"IEND":
        if head[4:] in (b"eXIf", b"iTXt", b"zTXt", b"tEXt"):
            return True
        at += 12 + int.from_bytes(head[:4])
    return False


def _pixels(
    content: bytes, smallest: tuple[int, int] | None, expand_palette: bool = False
) -> tuple[Header, np.ndarray]:
    stream = io.BytesIO(content)
    image = _open(stream)
    header = _header(image, stream)
    if header.bits > 8 and header.mode == "RGB":
        return header, tiff.colours_16(content, header.size)
    if header.format == "BMP" and (found := bmp.palette_of(content[: bmp.HEAD])):
        return _coloured(header, found.numbers(content), np.array(found.colours, np.uint8), expand_palette)
    if smallest is not None and header.format == "JPEG":
        height, width = smallest
        image.draft(image.mode, (width, height))
    try:
        pixels = np.array(image)
    except OSError as error:
        inside = f"has {header.lossy} inside, and " if header.format == "TIFF" and header.lossy else ""
        raise ValueError(f"{inside}cannot be decoded ({error})") from None
    if header.format == "TIFF" and header.orientation != 1:
        pixels = turned_back(pixels, header.orientation)
    if header.mode == "P":
        if header.format == "PNG" and b"PLTE" not in content:
            raise ValueError("has no palette (chunk PLTE), which its numbers need; save it anew")
        return _coloured(header, pixels, palette_of(image), expand_palette)
    if "transparency" in image.info and header.mode != "LA" and header.mode != "RGBA":
        check_clear(pixels, header.mode, header.bits, image.info["transparency"])
    if header.mode == "1":
        pixels = pixels.astype(np.uint8)
    elif header.mode == "I;16":
        pixels = pixels.astype(np.uint16)
    return header, pixels


def _coloured(header: Header, numbers: np.ndarray, colours: np.ndarray, expand: bool) -> tuple[Header, np.ndarray]:
    """Numbers of a palette as they are, with the palette, or as colours (RGB, or RGBA where some are transparent)."""
    if header.mode != "P":
        return header, numbers
    if expand:
        if numbers.size and numbers.max() >= len(colours):
            raise ValueError(f"has the number {numbers.max()} where its palette has {len(colours)} colours")
        return replace(header, mode="RGBA" if colours.shape[1] == 4 else "RGB"), colours[numbers]
    return replace(header, palette=colours[:, :3].tobytes(), alphas=colours[:, 3:].tobytes()), numbers
