"""Every kind of PNG: its pixels are right, or it is refused with the reason; no flipped bit passes."""

import struct

import numpy as np
import pytest
from PIL import Image
from raw_data import chunk, ids, raw_png
from test_formats import COLOUR, FEW, MASK, as_colours, as_ids

from dissent.core.files import UserError, read_image, read_mask
from dissent.datasets.decode import read_photo, read_pixels
from dissent.datasets.mask_readers import read_grey


def lines_of(numbers: np.ndarray, bits: int) -> bytes:
    flags = (numbers[..., None] >> np.arange(bits - 1, -1, -1)) & 1
    rows = np.packbits(flags.reshape(numbers.shape[0], -1).astype(np.uint8), axis=1)
    return b"".join(b"\0" + row.tobytes() for row in rows)


def test_every_flip_of_a_bit_is_found_or_harmless(tmp_path):
    path, mask = tmp_path / "m.png", (ids(9, 2, 64, 64) * 255).astype(np.uint8)
    Image.fromarray(mask).save(path, pnginfo=None, dpi=(72, 72))
    good = path.read_bytes()
    for bit in np.random.default_rng(1).choice(8 * len(good), 300, replace=False).tolist():
        bad = bytearray(good)
        bad[bit // 8] ^= 1 << bit % 8
        path.write_bytes(bad)
        with pytest.raises(ValueError):
            read_pixels(path)
        with pytest.raises(UserError, match="cannot be decoded"):
            read_mask(path)


def test_a_png_without_its_end_is_refused_wherever_it_is_read(tmp_path):
    path = tmp_path / "m.png"
    Image.fromarray(COLOUR).save(path)
    good = path.read_bytes()
    for kept in (len(good) - 12, len(good) - 1, len(good) // 2):
        path.write_bytes(good[:kept])
        with pytest.raises(ValueError, match="is truncated"):
            read_photo(path, 3)
        with pytest.raises(UserError, match="is truncated"):
            read_image(path, 3)
    path.write_bytes(good + bytes(5000))  # what stands behind the end is no part of the image
    assert np.array_equal(read_image(path, 3), COLOUR) and np.array_equal(read_photo(path, 3)[1], COLOUR)


def test_lines_that_lack_behind_right_checksums(tmp_path):
    raw_png(tmp_path / "m.png", (16, 24), 8, 0, 10 * (b"\0" + bytes(24)))
    with pytest.raises(ValueError):
        read_pixels(tmp_path / "m.png")


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_greys_of_few_bits_are_ids_in_masks_and_greys_in_images(tmp_path, bits):
    mask = ids(1, 2 if bits == 1 else 3)
    raw_png(tmp_path / "m.png", mask.shape, bits, 0, lines_of(mask, bits))
    assert np.array_equal(as_ids(tmp_path / "m.png"), mask)
    assert np.array_equal(read_photo(tmp_path / "m.png", 1)[1], mask * np.uint8(255 // (2**bits - 1)))


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_palettes_of_few_bits(tmp_path, bits):
    mask = ids(1, 2 if bits == 1 else 3)
    raw_png(
        tmp_path / "m.png",
        mask.shape,
        bits,
        3,
        lines_of(mask, bits),
        chunk(b"PLTE", FEW[: 2 if bits == 1 else 3].tobytes()),
    )
    assert np.array_equal(as_ids(tmp_path / "m.png"), mask) and np.array_equal(as_colours(tmp_path / "m.png"), mask)


def test_numbers_beyond_the_palette_have_no_colour(tmp_path):
    raw_png(tmp_path / "m.png", MASK.shape, 8, 3, lines_of(MASK, 8), chunk(b"PLTE", FEW[:2].tobytes()))
    assert np.array_equal(as_ids(tmp_path / "m.png"), MASK)
    for read in (as_colours, lambda path: read_photo(path, 3)):
        with pytest.raises(ValueError, match="has the number 2"):
            read(tmp_path / "m.png")
    with pytest.raises(ValueError, match="palette of colours"):
        read_grey(tmp_path / "m.png", lossy=False)


def test_a_palette_that_lacks(tmp_path):
    raw_png(tmp_path / "m.png", MASK.shape, 8, 3, lines_of(MASK, 8))
    with pytest.raises(ValueError):
        as_ids(tmp_path / "m.png")


def test_interlaced(tmp_path):
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    parts = b"".join(lines_of(MASK[y::dy, x::dx], 8) for y, x, dy, dx in passes)
    raw_png(tmp_path / "m.png", MASK.shape, 8, 0, parts, interlaced=True)
    assert np.array_equal(as_ids(tmp_path / "m.png"), MASK)


def test_gamma_changes_no_number(tmp_path):
    raw_png(tmp_path / "m.png", MASK.shape, 8, 0, lines_of(MASK, 8), chunk(b"gAMA", struct.pack(">I", 100000)))
    assert np.array_equal(as_ids(tmp_path / "m.png"), MASK)
    assert np.array_equal(read_photo(tmp_path / "m.png", 1)[1], MASK)


@pytest.mark.parametrize(
    ("bits", "kind", "clear", "seen"),
    [(8, 0, 2, True), (8, 0, 9, False), (4, 0, 2, True), (2, 0, 3, False), (1, 0, 1, True), (16, 0, 2, True)],
)
def test_transparent_greys_are_refused_where_a_pixel_has_them(tmp_path, bits, kind, clear, seen):
    mask = MASK if bits > 1 else ids(1)
    lines = lines_of(mask, bits) if bits < 16 else lines_of(mask.astype(np.uint16), 16)
    raw_png(tmp_path / "m.png", mask.shape, bits, kind, lines, chunk(b"tRNS", struct.pack(">H", clear)))
    for read in (as_ids, lambda path: read_photo(path, 1)):
        if seen:
            with pytest.raises(ValueError, match="transparent"):
                read(tmp_path / "m.png")
        else:
            read(tmp_path / "m.png")


def test_transparent_colours_are_refused_where_a_pixel_has_them(tmp_path):
    lines = b"".join(b"\0" + row.tobytes() for row in FEW[MASK])
    for colour, seen in (((255, 0, 0), True), ((255, 0, 200), False)):
        raw_png(tmp_path / "m.png", MASK.shape, 8, 2, lines, chunk(b"tRNS", struct.pack(">3H", *colour)))
        if seen:
            with pytest.raises(ValueError, match="transparent"):
                as_colours(tmp_path / "m.png")
        else:
            assert np.array_equal(as_colours(tmp_path / "m.png"), MASK)


def test_a_transparent_colour_of_a_palette_is_a_colour_in_masks(tmp_path):
    more = chunk(b"PLTE", FEW.tobytes()) + chunk(b"tRNS", b"\0")
    raw_png(tmp_path / "m.png", MASK.shape, 8, 3, lines_of(MASK, 8), more)
    assert np.array_equal(as_ids(tmp_path / "m.png"), MASK) and np.array_equal(as_colours(tmp_path / "m.png"), MASK)
    with pytest.raises(ValueError, match="transparent"):
        read_photo(tmp_path / "m.png", 3)
    more = chunk(b"PLTE", FEW[[0, 1, 0]].tobytes()) + chunk(b"tRNS", b"\0")  # black that is not there, and black
    raw_png(tmp_path / "m.png", MASK.shape, 8, 3, lines_of(MASK, 8), more)
    with pytest.raises(ValueError, match="transparent in some pixels and not in others"):
        as_colours(tmp_path / "m.png")
