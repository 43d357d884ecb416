"""Crops of large images in training, and windows that slide over them afterwards (test vectors T6 and T14 of the methods' facts)."""

import numpy as np
import pytest
import torch
from discs import prepared
from learners import TASKS
from test_student import train

from dissent import networks
from dissent.config.base import validate
from dissent.config.crop import Crop
from dissent.config.network import Network
from dissent.config.resolve import Config
from dissent.core.files import UNKNOWN, UserError, sha256
from dissent.core.task import Task
from dissent.training import augment, inference
from dissent.training.crops import cropped
from dissent.training.windows import in_windows, places


def random(seed=0):
    return torch.Generator().manual_seed(seed)


def crop(size, **keys):
    return validate(Crop, {"size": size} | keys, "").model_dump(mode="json")


def ramps(count, height, width):
    """Images whose channels are row and column, with masks that say the same in two classes."""
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    images = torch.stack([rows, columns, rows]).float().expand(count, 3, height, width)
    return images, (rows >= height // 2).byte().expand(count, height, width).clone()


def test_a_crop_that_is_larger_than_the_image_is_unknown_there_and_nowhere_else():
    """T6: exactly what lies beyond the image is 255 in the mask, 0 in `known`, black in the image."""
    images, masks = torch.full((20, 3, 20, 30), 200.0), torch.ones(20, 20, 30, dtype=torch.uint8)
    seen, labels, known = cropped(images, masks, crop([32, 24], scale=[1, 1]), True, random())
    assert seen.shape == (20, 3, 32, 24) and labels.shape == (20, 32, 24) and known.shape == (20, 1, 32, 24)
    assert (known.sum((1, 2, 3)) == 20 * 24).all()
    assert torch.equal(labels == UNKNOWN, known[:, 0] == 0) and set(labels.unique().tolist()) == {1, UNKNOWN}
    assert torch.equal(seen, 200 * known.expand_as(seen))
    # mirrored and turned, what is known lies at any border
    assert {bool(one) for one in known[:, 0, 0, 0]} == {True, False}


def test_image_and_mask_show_the_same_place_at_the_same_scale():
    images, masks = ramps(40, 60, 80)
    seen, labels, known = cropped(images, masks, crop([24, 24]), False, random(2))
    rows = seen[:, 0]
    clear = ((rows - 29.5).abs() > 2) & (known[:, 0] == 1)
    assert torch.equal((rows > 29.5)[clear], (labels == 1)[clear]) and clear.float().mean() > 0.8
    scales = 23 / (rows[:, -1] - rows[:, 0]).mean(1)
    assert 0.45 < scales.min() < 0.7 and 1.6 < scales.max() < 2.2
    mirrored = seen[:, 1, 0, -1] < seen[:, 1, 0, 0]
    assert 8 < mirrored.sum() < 32 and (rows[:, -1] > rows[:, 0]).all()
    assert cropped(images, masks, crop([24, 24]), False, random(2))[0].equal(seen)


def test_every_place_is_drawn():
    images, _ = ramps(300, 20, 20)
    seen, _, _ = cropped(images, None, crop([10, 10], scale=[1, 1]), False, random())
    tops = seen[:, 0].amin((1, 2))
    assert tops.min() == 0 and tops.max() == 10 and len(tops.unique()) == 11


def test_views_share_their_window_and_tell_what_is_known():
    images = torch.rand(4, 3, 20, 20, generator=random()) * 255
    views = augment.views_of_images(
        images, ("weak", "strong", "strong2"), False, random(1), crop([16, 24], scale=[0.5, 1])
    )
    assert list(views) == ["weak", "strong", "strong2", "known"] and views["weak"].shape == (4, 3, 16, 24)
    assert views["known"].shape == (4, 1, 16, 24) and views["known"].unique().tolist() == [0, 1]
    assert not (views["weak"] * (1 - views["known"])).any() and not views["weak"].equal(views["strong"])
    assert "known" not in augment.views_of_images(images, ("weak", "strong"), False, random(1))


@pytest.mark.parametrize(
    ("side", "window", "last", "expected"),
    [
        (1024, 801, "beyond", [0, 534]),  # T14: UniMatch's windows end at 801 and 1024
        (2048, 801, "beyond", [0, 534, 1068, 1602]),
        (1024, 798, "shifted", [0, 226]),  # and those of its second version
        (2048, 798, "shifted", [0, 532, 1064, 1250]),
        (769, 769, "shifted", [0]),
        (500, 769, "shifted", [0]),
    ],
)
def test_windows_lie_where_the_papers_place_them(side, window, last, expected):
    assert places(side, window, 1 / 3, last) == expected


def test_windows_of_study_a_lie_where_u2pl_places_them():
    """Vector O; U2PL rounds two thirds of 769 up."""
    network = Config("config").network("cityscapes_resnet50_u2pl")
    found = [places(side, 769, network.crop.overlap, network.crop.last) for side in (1024, 2048)]
    assert found == [[0, 255], [0, 513, 1026, 1279]] and network.crop.average == "logits"


@pytest.mark.parametrize("last", ["shifted", "beyond"])
@pytest.mark.parametrize("shape", [(40, 64), (17, 90), (8, 8)])
def test_every_pixel_is_the_mean_of_the_windows_that_see_it(shape, last):
    images, sizes = torch.rand(2, 3, *shape, generator=random()), []

    def run(windows):
        sizes.append(windows.shape)
        return windows[:, :2]

    found = in_windows(run, lambda seen: seen, images, crop([16, 24], last=last))
    torch.testing.assert_close(found, images[:, :2])
    assert set(sizes) == {(2, 3, 16, 24)}, "every window has the size that the network knows"


def test_windows_are_joined_by_their_probabilities_or_by_their_logits():
    """A pixel that two windows see: (p(a) + p(b)) / 2 as UniMatch has it, p((a + b) / 2) as U2PL."""
    said = iter([4.0, -1.0] * 2)

    def logits(windows):
        return torch.full_like(windows[:, :1], next(said))

    images = torch.zeros(1, 3, 16, 24)
    means = [
        in_windows(logits, torch.sigmoid, images, crop([16, 16], overlap=0.5, average=average))[0, 0, 0]
        for average in ("probabilities", "logits")
    ]
    first, second = torch.sigmoid(torch.tensor([4.0, -1.0]))
    for mean, middle in zip(means, [(first + second) / 2, torch.sigmoid(torch.tensor(1.5))], strict=True):
        torch.testing.assert_close(mean, torch.stack([first, middle, second]).repeat_interleave(8))
    old = {key: value for key, value in crop([16, 16], overlap=0.5).items() if key != "average"}
    said = iter([4.0, -1.0])
    assert in_windows(logits, torch.sigmoid, images, old)[0, 0, 0].equal(means[0]), "of a network saved before"


def test_a_network_that_learned_from_crops_judges_whole_images_in_windows():
    """Seen at once, BatchNorm and padding would be others: a network of windows gives what its windows give."""
    spec = {"architecture": "unet1x1", "width": 0.25, "norm_momentum": 0.1}
    small = networks.build(spec | {"crop": crop([16, 16])}, 1, 3)
    images = np.random.default_rng(0).integers(0, 256, (3, 32, 48, 3), np.uint8)
    [[found]] = inference.probabilities([small], images, TASKS["binary"], "cpu", "fp32")
    with torch.no_grad():
        corner = TASKS["binary"].probabilities(small(torch.from_numpy(images[:, :10, :10]).permute(0, 3, 1, 2).float()))
        first = TASKS["binary"].probabilities(small(torch.from_numpy(images[:, :16, :16]).permute(0, 3, 1, 2).float()))
    assert found.shape == (3, 1, 32, 48)
    torch.testing.assert_close(found[:, :, :10, :10], first[:, :, :10, :10])
    assert not torch.allclose(found[:, :, :10, :10], corner)


def test_a_network_that_learned_from_crops_may_judge_whole_images_at_once():
    """As UniMatch and PS-MT do on Pascal VOC; then the images must fit the network too, and windows have no keys."""
    spec = {"architecture": "unet1x1", "width": 0.25, "norm_momentum": 0.1}
    small, plain = (networks.build(spec | {"crop": one}, 1, 3) for one in (crop([16, 16], sliding=False), None))
    plain.load_state_dict(small.state_dict())
    images = np.random.default_rng(0).integers(0, 256, (1, 32, 48, 3), np.uint8)
    [[found], [expected]] = (
        next(inference.probabilities([one], images, TASKS["binary"], "cpu", "fp32")) for one in (small, plain)
    )
    assert found.equal(expected) and Crop(size=[16, 16], sliding=False).seen == 1
    vit = {"architecture": "dpt", "encoder": "tu-vit_small_patch14_dinov2", "steps": 1}
    slides, whole = (Network(**vit, crop={"size": [56, 56], "sliding": sliding}) for sliding in (True, False))
    assert slides.misfit(64, 64) == "" and "70x70 would fit" in whole.misfit(64, 64) and whole.misfit(70, 70) == ""
    with pytest.raises(UserError, match="`average` is of windows that slide: leave it out"):
        crop([16, 16], sliding=False, average="logits")


def test_a_student_learns_from_crops_and_is_kept_with_them(root, in_tmp):
    """24x24 of images of 32x32, larger and smaller; the same bytes again; the kept network knows its windows."""
    split = prepared(root)
    sizes = {"crop": crop([24, 24])}
    train(root, split, "unimatch", "out", **sizes)
    train(root, split, "unimatch", "again", **sizes)
    train(root, split, "unimatch", "whole")
    digests = [sha256(f"{out}/model.safetensors") for out in ("out", "again", "whole")]
    assert digests[0] == digests[1] != digests[2]
    network, about = networks.load("out")
    assert network.crop == about["network"]["crop"] == sizes["crop"] and about["size"] == [32, 32]
    [[found]] = inference.probabilities(
        [network], np.zeros((1, 32, 32, 3), np.uint8), Task(about["task"]), "cpu", "fp32"
    )
    assert found.shape[2:] == (32, 32)


def test_what_must_fit_the_network_is_the_crop(root, in_tmp):
    split = prepared(root)
    with pytest.raises(UserError, match="images of 8x8"):
        train(root, split, "ldt", crop=crop([8, 8]))
    with pytest.raises(UserError, match="must rise"):
        crop([24, 24], scale=[2, 0.5])
