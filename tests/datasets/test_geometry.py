"""Windows and sizes; the published resizing is OpenCV's, whose values (OpenCV 4 and 5) stand here."""

import hashlib

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dissent.config.geometry import Centre, Tiles, Whole
from dissent.datasets.decode import turned, turned_size
from dissent.datasets.geometry import (
    even_positions,
    opencv_bilinear,
    published_positions,
    resize_mask,
    resize_photo,
    windows,
)


def pattern(height: int, width: int, channels: int = 0) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    grey = ((y * 37 + x * 91 + (y * x) * 13) % 251).astype(np.uint8)
    return np.stack([grey, grey[::-1], grey[:, ::-1]], 2) if channels else grey


@pytest.mark.parametrize(
    ("given_size", "expected"),
    [
        ((5, 7), [[48, 183, 131, 109], [118, 72, 57, 73], [125, 158, 181, 58]]),  # smaller: four neighbours, no average
        ((3, 2), [[0, 9, 45, 82, 91], [23, 33, 73, 112, 122], [51, 62, 105, 149, 160], [74, 85, 132, 179, 191]][:3]),
        ((6, 8), [[67, 137, 144, 88], [154, 150, 84, 80], [116, 164, 149, 72]]),  # exact half: OpenCV averages
    ],
)
def test_bilinear_is_opencvs(given_size, expected):
    if given_size == (3, 2):  # larger, with borders
        assert opencv_bilinear(pattern(3, 2), (4, 5))[:3].tolist() == expected
    else:
        assert opencv_bilinear(pattern(*given_size), (3, 4)).tolist() == expected


@pytest.mark.parametrize(
    ("size", "digest"),
    [
        ((767, 1022, 3), "52d4fffc27c7307d602bad19bba25bdf91fd74594ad8cf12bb1f136b679bdc8f"),
        ((450, 600, 0), "5ab3a389a9c63b86b77e3e72b8c16e4ea1aae1e5df01af03a894fa8c98db7b44"),
        ((100, 80, 3), "d3413b9ec468dfd9f2fc2dd5daa7bb56eb7e344c3b762cb7bf17465466c24cfc"),
    ],
)
def test_bilinear_is_opencvs_bit_for_bit_at_the_published_size(size, digest):
    assert hashlib.sha256(opencv_bilinear(pattern(*size), (256, 256)).tobytes()).hexdigest() == digest


def test_a_published_mask_has_three_readings():
    mask = np.zeros((37, 53), np.uint8)
    y, x = np.mgrid[:37, :53]
    mask[(y - 18) ** 2 + (x - 25) ** 2 <= 144] = 255
    grey = opencv_bilinear(mask, (12, 16))
    assert sorted(set(grey.ravel().tolist())) == [0, 53, 160, 255]
    assert ((grey == 255).sum(), (grey > 0).sum(), (grey >= 128).sum()) == (42, 48, 44)


def test_published_nearest_is_opencvs():
    values = np.arange(99, dtype=np.uint8).reshape(9, 11)
    assert resize_mask(values, (5, 4), published=True).tolist() == [
        [0, 2, 5, 8],
        [11, 13, 16, 19],
        [33, 35, 38, 41],
        [55, 57, 60, 63],
        [77, 79, 82, 85],
    ]
    # 9 * 442 / 39 is 102, but OpenCV's two roundings give 101
    wide = np.zeros((1, 442), np.uint8)
    wide[0, 101] = 1
    assert resize_mask(wide, (1, 39), published=True)[0, 9] == 1


def test_nearest_takes_the_pixel_in_the_middle_and_keeps_ids():
    values = np.arange(9, dtype=np.uint8)[None].repeat(9, 0) * np.uint8(28)
    assert resize_mask(values, (3, 3), published=False)[0].tolist() == [28, 112, 196]
    assert set(np.unique(resize_mask(values, (5, 7), published=False))) <= set(np.unique(values))


def test_photos_are_averaged_where_they_shrink_unless_published():
    stripes = np.tile(np.array([0, 255], np.uint8), (60, 30))
    assert np.ptp(resize_photo(stripes, (12, 12), published=False)) < 90
    assert np.ptp(resize_photo(stripes, (12, 12), published=True)) == 255


@given(st.integers(1, 3000), st.integers(1, 600), st.floats(0, 0.9, allow_subnormal=False))
def test_even_tiles_cover_all_and_overlap_enough(length, window, overlap):
    assume(window <= length)
    places = even_positions(length, window, overlap)
    assert places[0] == 0 and places[-1] == length - window and len(set(places)) == len(places)
    steps = np.diff(places)
    assert (steps <= np.ceil(window * (1 - overlap))).all()


def test_published_tiles_are_section_1_2():
    # W=1000, window 256, overlap .6: pitch 102.4, ten places a hundred apart, the last two pushed back
    assert published_positions(1000, 256, 0.6) == [0, 100, 200, 300, 400, 500, 600, 700, 744, 744]
    assert published_positions(256, 256, 0.6) == [0, 0]  # round(2.5) is 2
    boxes = windows(512, 1000, Tiles(name="tiles", overlap=0.6), (256, 256), published=True)
    assert boxes[:6] == [(y, 0, 256, 256) for y in (0, 102, 204, 256, 256)] + [(0, 100, 256, 256)]  # columns first


def test_windows():
    assert windows(40, 60, Whole(), (16, 16), False) == [(0, 0, 40, 60)]
    assert windows(40, 60, Centre(name="centre"), (16, 16), False) == [(0, 10, 40, 40)]
    assert windows(40, 60, Centre(name="centre"), (16, 32), False) == [(5, 0, 30, 60)]
    assert windows(40, 60, Centre(name="centre", window=[20, 30]), (16, 16), False) == [(10, 15, 20, 30)]
    assert windows(16, 40, Tiles(name="tiles"), (16, 16), False) == [(0, x, 16, 16) for x in (0, 12, 24)]
    with pytest.raises(ValueError, match="too small for a window of 16 x 16"):
        windows(15, 40, Tiles(name="tiles"), (16, 16), False)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turning_is_exifs(orientation):
    from PIL import Image, ImageOps

    pixels = pattern(5, 7, 3)
    image = Image.fromarray(pixels)
    image.getexif()[274] = orientation
    expected = np.array(ImageOps.exif_transpose(image))
    assert np.array_equal(turned(pixels, orientation), expected)
    assert turned_size((5, 7), orientation) == expected.shape[:2]
