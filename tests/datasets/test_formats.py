"""Every kind of TIFF and BMP that tools write: its pixels are right, or it is refused with the reason. Nothing in between."""

import struct
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image
from raw_data import ids, photo

from dissent.config.mask_encoding import Colours, Index
from dissent.config.task import TaskSettings
from dissent.datasets.decode import read_photo, read_pixels
from dissent.datasets.mask_readers import read_label

MASK, COLOUR = ids(3, 3), photo(3)
FEW = np.array([[0, 0, 0], [255, 0, 0], [0, 0, 200]], np.uint8)
THREE = TaskSettings(kind="multiclass", labels=["sky", "road", "car"])
BLURRED, SAMPLES, SIGNED = "its values are blurred", "samples a pixel", "signed or floating point"


def as_ids(path: Path) -> np.ndarray:
    return read_label([path], Index(), THREE)[0]


def as_colours(path: Path) -> np.ndarray:
    return read_label([path], Colours(name="colours", table=FEW.tolist()), THREE)[0]


# TIFF ------------------------------------------------------------------------------------------------------------------


def tiff(pixels: np.ndarray, **options):
    return lambda path: tifffile.imwrite(path, pixels, **options)


def by_pillow(pixels: np.ndarray, **options):
    return lambda path: Image.fromarray(pixels).save(path, **options)


def grey(pixels: np.ndarray, **options):
    return tiff(pixels, photometric="minisblack", **options)


def compressed_as(number: int):
    """A TIFF that says that it is compressed in another way."""

    def write(path: Path) -> None:
        tifffile.imwrite(path, MASK)
        with tifffile.TiffFile(path, mode="r+") as file:
            file.pages[0].tags["Compression"].overwrite(number)

    return write


MASKS = {  # what is written -> None: its ids are right, or the words of the refusal
    "tiles": (grey(MASK, tile=(16, 16)), None),
    "strips": (grey(MASK, rowsperstrip=5), None),
    "big endian": (grey(MASK, byteorder=">"), None),
    "BigTIFF": (grey(MASK, bigtiff=True), None),
    "predictor": (grey(MASK, compression="zlib", predictor=2), None),
    "LZW": (by_pillow(MASK, compression="tiff_lzw"), None),
    "PackBits": (by_pillow(MASK, compression="packbits"), None),
    "16 bits": (grey(MASK.astype(np.uint16)), None),
    "16 bits, big endian, tiles": (grey(MASK.astype(np.uint16), byteorder=">", tile=(16, 16)), None),
    "16 bits, predictor": (grey(MASK.astype(np.uint16), compression="zlib", predictor=2), None),
    "opaque alpha": (lambda path: Image.merge("LA", [Image.fromarray(MASK), Image.new("L", (24, 16), 255)]).save(path),
                     "colour mode LA"),
    "white is zero": (tiff(MASK, photometric="miniswhite"), "has white as zero"),
    "white is zero, 1 bit": (tiff(MASK > 0, photometric="miniswhite"), "has white as zero"),
    "white is zero, 16 bits": (tiff(MASK.astype(np.uint16), photometric="miniswhite"), "white as zero"),
    "grey + 1": (grey(np.dstack([MASK] * 2), planarconfig="contig", extrasamples=["unspecified"]), "2 " + SAMPLES),
    "grey + 1, planes": (grey(np.stack([MASK] * 2), planarconfig="separate"), "2 " + SAMPLES),
    "five": (grey(np.dstack([MASK] * 5), planarconfig="contig"), "5 " + SAMPLES),
    "RGB + 1": (tiff(np.dstack([MASK] * 4), photometric="rgb", extrasamples=["unspecified"]), "4 " + SAMPLES),
    "RGB + 2": (tiff(np.dstack([MASK] * 5), photometric="rgb", extrasamples=["unspecified"] * 2), "5 " + SAMPLES),
    "RGB + 2, planes": (tiff(np.stack([MASK] * 5), photometric="rgb", planarconfig="separate",
                             extrasamples=["unspecified"] * 2), "5 " + SAMPLES),
    "RGB + 3": (tiff(np.dstack([MASK] * 6), photometric="rgb", extrasamples=["unspecified"] * 3), "6 " + SAMPLES),
    "RGB + 5": (tiff(np.dstack([MASK] * 8), photometric="rgb", extrasamples=["unspecified"] * 5), "8 " + SAMPLES),
    "JPEG inside": (by_pillow(MASK, compression="jpeg", quality=75), "has JPEG inside: " + BLURRED),
    "JPEG inside, RGB": (by_pillow(FEW[MASK], compression="jpeg"), "has JPEG inside: " + BLURRED),
    "JPEG 2000 inside": (compressed_as(34712), "JPEG 2000 inside"),
    "WebP inside": (compressed_as(50001), "WebP inside"),
    "a compression that nobody knows": (compressed_as(60123), "not read"),
    "pages": (grey(np.stack([MASK] * 3)), "3 pages"),
    "ImageJ's stack": (tiff(np.stack([MASK] * 3), imagej=True), "3 pages"),
    "volume": (grey(np.stack([MASK] * 16), volumetric=True, tile=(16, 16, 16)), "stack of images"),
    "signed, 8 bits": (grey(MASK.astype(np.int8)), SIGNED),
    "signed, 16 bits": (grey(MASK.astype(np.int16)), SIGNED),
    "signed, 32 bits": (grey(MASK.astype(np.int32)), SIGNED),
    "float": (grey(MASK.astype(np.float32)), SIGNED),
    "double": (grey(MASK.astype(np.float64)), "not read (64 bits, float64)"),
    "32 bits": (grey(MASK.astype(np.uint32)), "32 bits"),
    "CMYK": (tiff(np.dstack([COLOUR, MASK]), photometric="separated"), "colour mode CMYK"),
    "Lab": (tiff(COLOUR, photometric="cielab"), "colour mode LAB"),
}  # fmt: skip


@pytest.mark.parametrize("what", MASKS)
def test_tiff_masks_have_their_ids_or_are_refused(tmp_path, what):
    write, said = MASKS[what]
    path = tmp_path / "m.tif"
    write(path)
    if said is None:
        assert np.array_equal(as_ids(path), MASK)
    else:
        with pytest.raises(ValueError) as caught:
            as_ids(path)
        assert said in str(caught.value)


PHOTOS = {
    "planes": (tiff(np.moveaxis(COLOUR, 2, 0).copy(), photometric="rgb", planarconfig="separate"), COLOUR),
    "planes, deflate": (
        tiff(np.moveaxis(COLOUR, 2, 0).copy(), photometric="rgb", planarconfig="separate", compression="zlib"),
        COLOUR,
    ),
    "opaque": (tiff(np.dstack([COLOUR, MASK * 0 + 255]), photometric="rgb", extrasamples=["unassalpha"]), COLOUR),
    "16 bits, planes": (
        tiff(np.moveaxis(COLOUR, 2, 0) * np.uint16(257), photometric="rgb", planarconfig="separate"),
        COLOUR * np.uint16(257),
    ),
    "white is zero": (tiff(MASK, photometric="miniswhite"), np.repeat(255 - MASK[..., None], 3, 2)),  # as it is shown
    "near infrared": (tiff(np.dstack([COLOUR, MASK]), photometric="rgb", extrasamples=["unspecified"]), SAMPLES),
    "near infrared as alpha": (tiff(np.dstack([COLOUR, MASK]), photometric="rgb"), "transparent"),
    "16 bits + 1": (tiff(np.dstack([COLOUR] * 2)[..., :4].astype(np.uint16), photometric="rgb"), "16 bits"),
    "JPEG inside": (by_pillow(np.full((16, 24, 3), 99, np.uint8), compression="jpeg"), np.full((16, 24, 3), 99)),
    "8-bit numbers in a palette": (
        tiff(MASK, photometric="palette", colormap=np.arange(768).reshape(3, 256).astype(np.uint16) % 256),
        "palette of 8-bit numbers",
    ),
}


@pytest.mark.parametrize("what", PHOTOS)
def test_tiff_images_are_what_is_shown_or_are_refused(tmp_path, what):
    write, wanted = PHOTOS[what]
    path = tmp_path / "p.tif"
    write(path)
    if isinstance(wanted, np.ndarray):
        assert np.array_equal(read_photo(path, 3)[1], wanted)
    else:
        with pytest.raises(ValueError, match=wanted):
            read_photo(path, 3)


# BMP -------------------------------------------------------------------------------------------------------------------


def bmp(path: Path, numbers: np.ndarray, palette, bits: int, down=False, used=None, old=False, compression=0) -> None:
    """A BMP with a palette, as no one library writes them all."""
    height, width = numbers.shape
    flags = (numbers[..., None] >> np.arange(bits - 1, -1, -1)) & 1
    lines = np.packbits(flags.reshape(height, -1).astype(np.uint8), axis=1)
    lines = np.pad(lines, ((0, 0), (0, -lines.shape[1] % 4)))
    colours = b"".join(bytes([b, g, r] + ([] if old else [0])) for r, g, b in palette)
    if old:
        head = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        tall = -height if down else height
        head = struct.pack("<IiiHHIIiiII", 40, width, tall, 1, bits, compression, lines.size, 0, 0, used or 0, 0)
    body = lines if down else lines[::-1]
    offset = 14 + len(head) + len(colours)
    start = struct.pack("<2sIHHI", b"BM", offset + lines.size, 0, 0, offset)
    path.write_bytes(start + head + colours + body.tobytes())


BLACK_WHITE = [(0, 0, 0), (255, 255, 255)]


@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize("bits", [1, 4, 8])
def test_bmps_of_two_colours(tmp_path, bits, down):
    path, mask = tmp_path / "m.bmp", ids(5, 2)
    bmp(path, mask, BLACK_WHITE, bits, down, used=2 if bits > 1 else None)
    assert np.array_equal(read_pixels(path)[1], mask)
    assert np.array_equal(read_photo(path, 1)[1], mask * np.uint8(255))
    bmp(path, mask, BLACK_WHITE[::-1], bits, down, used=2)  # white first: its numbers stay, and what is shown turns
    assert np.array_equal(read_pixels(path)[1], mask)
    assert np.array_equal(read_photo(path, 1)[1], (1 - mask) * np.uint8(255))


@pytest.mark.parametrize(("bits", "old"), [(4, False), (8, False), (4, True), (8, True)])
def test_bmps_with_palettes(tmp_path, bits, old):
    path = tmp_path / "m.bmp"
    padded = [*FEW.tolist(), *[(1, 1, 1)] * (2**bits - 3)]
    bmp(path, MASK, padded if old else FEW.tolist(), bits, used=3, old=old)
    assert np.array_equal(as_ids(path), MASK) and np.array_equal(as_colours(path), MASK)
    assert np.array_equal(read_photo(path, 3)[1], FEW[MASK])


def test_bmps_whose_palette_is_grey(tmp_path):
    path = tmp_path / "m.bmp"
    bmp(path, MASK, [(v, v, v) for v in range(16)], 4, used=16)
    assert np.array_equal(as_ids(path), MASK) and np.array_equal(read_photo(path, 1)[1], MASK)
    bmp(path, MASK, [(17 * v,) * 3 for v in range(16)], 4, used=16)
    assert np.array_equal(as_ids(path), MASK) and np.array_equal(read_photo(path, 1)[1], MASK * np.uint8(17))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: bmp(path, MASK, FEW.tolist(), 8, used=3, compression=1), "compressed lines"),
        (lambda path: bmp(path, MASK, FEW.tolist()[:2], 8, used=2), "has the number 2 where its palette has 2"),
        (lambda path: bmp(path, MASK, FEW.tolist(), 1, used=3), "palette of 3 colours"),
        (
            lambda path: (bmp(path, MASK, FEW.tolist(), 8, used=3), path.write_bytes(path.read_bytes()[:-5])),
            "truncated",
        ),
    ],
)
def test_bmps_that_cannot_be_read_right(tmp_path, make, said):
    make(tmp_path / "m.bmp")
    with pytest.raises(ValueError, match=said):
        as_ids(tmp_path / "m.bmp")


def test_bmps_of_32_bits(tmp_path):
    path = tmp_path / "p.bmp"
    lines = np.dstack([COLOUR[..., ::-1], MASK])[::-1].tobytes()  # the fourth byte means nothing
    head = struct.pack("<IiiHHIIiiII", 40, 24, 16, 1, 32, 0, len(lines), 0, 0, 0, 0)
    path.write_bytes(struct.pack("<2sIHHI", b"BM", 54 + len(lines), 0, 0, 54) + head + lines)
    assert np.array_equal(read_photo(path, 3)[1], COLOUR)
