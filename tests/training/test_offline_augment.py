"""Noise copies: the published primitives, and that a copy follows from its key alone."""

import numpy as np
import pytest

from dissent.core.seeds import generator
from dissent.training.offline_augment import blur, brightness, noise_copy, photometric

STRENGTH = {"alpha": 0.5, "beta": 25, "blur": 3, "noise": 25}


def test_t8_brightness():
    values = np.array([0, 10, 200], np.uint8)
    assert brightness(values, 0.5, -25).tolist() == [25, 20, 75]
    assert brightness(values, 1.5, 10).tolist() == [10, 25, 255]


def test_t8_noise_range():
    grey = np.full((200, 200, 1), 128, np.uint8)
    strength = {"alpha": 0, "beta": 0, "blur": 0, "noise": 25}
    difference = photometric(grey, strength, generator(1)).astype(int) - 128
    assert (difference.min(), difference.max()) == (-25, 24)


@pytest.mark.parametrize(
    ("level", "row"),
    [(1, [0, 25, 50, 25, 0]), (2, [6, 25, 38, 25, 6]), (3, [3, 11, 22, 28, 22, 11, 3])],
)
def test_blur_spreads_a_line_as_opencv_does(level, row):
    line = np.zeros((15, 15, 1), np.uint8)
    line[:, 7] = 100
    half = len(row) // 2
    assert blur(line, level)[3, 7 - half : 8 + half, 0].tolist() == row
    assert blur(line, level).sum() == sum(row) * 15


def test_a_copy_follows_from_its_key():
    image = generator("image").integers(0, 256, (16, 16, 3), dtype=np.uint8)
    mask = (image[:, :, 0] > 128).astype(np.uint8)
    one = noise_copy(image, mask, STRENGTH, True, generator(1, 2, "a", 1))
    again = noise_copy(image, mask, STRENGTH, True, generator(1, 2, "a", 1))
    other = noise_copy(image, mask, STRENGTH, True, generator(1, 2, "a", 2))
    assert (one[0] == again[0]).all() and (one[1] == again[1]).all()
    assert (one[0] != other[0]).any()


def test_image_and_mask_move_together():
    image = np.zeros((12, 20, 1), np.uint8)
    image[1:4, 2:9] = 200
    mask = (image[:, :, 0] > 0).astype(np.uint8)
    strength = {"alpha": 0, "beta": 0, "blur": 0, "noise": 0}
    seen = set()
    for copy in range(40):
        moved, moved_mask = noise_copy(image, mask, strength, True, generator(copy))
        assert moved.shape == image.shape and ((moved[:, :, 0] > 0) == moved_mask).all()
        seen.add(moved_mask.tobytes())
    assert len(seen) == 4  # flips and half turns of a picture that is not square
