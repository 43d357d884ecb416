"""`dissent predict`: windows over an image that is larger than its network, joined in strips."""

import numpy as np
import pytest
import torch
from PIL import Image
from raw_data import photo

from dissent.cli.predict import sliding_window
from dissent.config.geometry import Centre, Tiles, Whole

torch.set_num_threads(1)


def brightness(images_NHWC):
    """A stand-in for a pool of two: each pixel's probability follows from that pixel alone."""
    grey = torch.from_numpy(images_NHWC[..., 0].astype(np.float32)) / 255
    for start in range(0, len(grey), 3):
        batch = grey[start : start + 3, None]
        yield [batch, 1 - batch]


@pytest.mark.parametrize("shape", [(16, 16), (40, 56), (17, 31), (5, 40), (40, 5), (3, 3)])
def test_sliding_windows_give_back_what_every_pixel_says(shape):
    pixels = photo(1, *shape, channels=1)
    parts = list(sliding_window.strips(brightness, pixels, shape, (16, 16), Tiles(name="tiles"), False))
    first, second = (torch.cat([part[k] for part in parts], 1)[0] for k in (0, 1))
    assert first.shape == shape
    assert torch.allclose(first, torch.from_numpy(pixels / 255).float(), atol=1e-5)
    assert torch.allclose(second, 1 - first, atol=1e-5)


def test_a_window_that_is_reduced_is_enlarged_again():
    pixels = np.full((64, 96), 51, np.uint8)
    parts = list(
        sliding_window.strips(brightness, pixels, (64, 96), (16, 16), Tiles(name="tiles", window=[32, 32]), False)
    )
    assert torch.allclose(torch.cat([part[0] for part in parts], 1), torch.full((1, 64, 96), 0.2), atol=1e-6)
    assert len(parts) == 3  # windows of 32 rows, 16 apart


def test_the_centre_slides_at_the_scale_of_its_window():
    seen = []

    def run(images):
        seen.append(images.shape)
        return brightness(images)

    parts = list(sliding_window.strips(run, photo(1, 30, 100, 1), (30, 100), (16, 16), Centre(name="centre"), False))
    assert torch.cat([part[0] for part in parts], 1).shape == (1, 30, 100)
    assert seen == [(6, 16, 16, 1)]  # 30 x 30 windows, about 15 apart


def test_whole_images_are_resized_and_back_in_strips(monkeypatch):
    monkeypatch.setattr(sliding_window, "_ROWS", 7)
    pixels = photo(2, 50, 33, channels=1)
    parts = list(sliding_window.strips(brightness, pixels, (50, 33), (16, 16), Whole(), False))
    assert [part[0].shape[1] for part in parts] == [7] * 7 + [1]
    small = np.array(Image.fromarray(pixels).resize((16, 16), Image.Resampling.BILINEAR))
    wanted = torch.nn.functional.interpolate(torch.from_numpy(small / 255.0)[None, None], (50, 33), mode="bilinear")
    assert torch.allclose(torch.cat([part[0] for part in parts], 1), wanted[0].float(), atol=1e-5)
