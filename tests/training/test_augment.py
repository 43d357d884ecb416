"""Views: image and mask move together, values stay in range, and a view follows from its generator alone."""

import pytest
import torch
from torchvision.transforms.v2 import functional

from dissent.training import augment
from dissent.training.blur import gaussian, smooth


def random(seed=0):
    return torch.Generator().manual_seed(seed)


def pair(count=8, channels=3, height=32, width=48):
    masks = torch.zeros(count, height, width, dtype=torch.uint8)
    masks[:, 6:20, 10:30] = 1
    masks[:, 22:28, 5:12] = 255
    images = masks[:, None].float().expand(count, channels, height, width).clone()
    images[images == 1] = 200.0
    return images, masks


def test_plain_changes_nothing():
    images, masks = pair()
    seen, moved = augment.view_of_pairs(images, masks, "none", True, random())
    assert torch.equal(seen, images) and torch.equal(moved, masks)


@pytest.mark.parametrize("free", [False, True])
@pytest.mark.parametrize("view", ["weak", "strong"])
def test_image_and_mask_move_together(view, free):
    images, masks = pair(32)
    matrices = augment.affine(view, 32, 32, 48, free, random(3))
    moved, moved_masks = augment.warp(images, masks, matrices)
    inside = (moved[:, 0] > 100) == (moved_masks == 1)
    clear = (moved[:, 0] - 100).abs() > 90  # borders are between two values after bilinear sampling
    assert inside[clear & (moved_masks != 255)].float().mean() > 0.97
    assert (moved_masks != masks).any()


def test_shapes_stay_shapes():
    """On an image that is not square a rotation must not shear: in pixels every matrix is a turn, a flip and one scale."""
    matrices = augment.affine("strong", 64, 64, 128, True, random(1))[:, :, :2]
    pixels = torch.diag(torch.tensor([64.0, 32.0]))
    moves = pixels @ matrices @ pixels.inverse()
    products = moves.transpose(1, 2) @ moves
    scales = products[:, 0, 0]
    torch.testing.assert_close(products, scales[:, None, None] * torch.eye(2).expand(64, 2, 2), atol=1e-5, rtol=0)
    assert scales.min() > 1 / 1.4**2 - 1e-4 and scales.max() < 1.4**2 + 1e-4 and scales.std() > 0.1


def test_strong_turns_and_recolours_weak_does_not():
    images, masks = pair(16)
    weak, _ = augment.view_of_pairs(images, masks, "weak", False, random())
    strong, _ = augment.view_of_pairs(images, masks, "strong", False, random())
    assert set(weak.round().unique().tolist()) >= {0.0, 200.0}
    assert (strong.amax((1, 2, 3)) - 200).abs().max() > 10


def test_free_rotation_off_keeps_up_up():
    matrices = augment.affine("weak", 200, 32, 48, False, random())
    assert (matrices[:, 1, 1] > 0).all() and (matrices[:, 0, 0] < 0).any() and (matrices[:, 0, 0] > 0).any()
    free = augment.affine("weak", 200, 32, 48, True, random())
    assert (free[:, 1, 1] < 0).any()


def test_views_of_images_share_their_geometry():
    images, _ = pair(16)
    views = augment.views_of_images(images, ("weak", "strong"), True, random(2))
    edges = [(view[:, 0] - view[:, 0].amin((1, 2), keepdim=True)) for view in views.values()]
    bright = [edge > 0.5 * edge.amax((1, 2), keepdim=True) for edge in edges]
    assert (bright[0] == bright[1]).float().mean() > 0.98
    assert not torch.equal(views["weak"], views["strong"])


def test_grey_stays_grey_under_colour_turns():
    images = torch.full((8, 3, 4, 4), 90.0)
    seen = augment.recolour(images, "strong", random())
    assert (seen.amax(1) - seen.amin(1)).max() < 1e-2


@pytest.mark.parametrize("sigma", [0.3, 0.71, 1.2])
def test_strong_views_are_blurred_bit_for_bit_as_by_torchvision(sigma):
    images = torch.rand(2, 3, 20, 33, generator=random()) * 255
    expected = functional.gaussian_blur(images, [5, 5], [sigma, sigma])
    assert torch.equal(smooth(images, gaussian(sigma)), expected)


def test_cutmix_boxes():
    boxes = augment.cutmix_boxes(200, 40, 60, 0.5, random())
    share = boxes.float().mean((1, 2))
    used = share[share > 0]
    assert 70 < len(used) < 130 and used.max() <= 0.45 and used.min() > 0.005
    assert not augment.cutmix_boxes(50, 40, 60, 0.0, random()).any()
