"""ST++'s choice of reliable images (vector V of the facts on online methods), and its labels from several sizes."""

from functools import partial

import numpy as np
import pytest
import torch

from dissent.config.method import Method
from dissent.config.task import TaskSettings
from dissent.core.task import Task
from dissent.pseudolabels.averaged import averaged, scaled
from dissent.pseudolabels.stable import mean_iou, most_reliable, reliability
from dissent.training import inference


def task(kind, labels):
    return Task(TaskSettings(kind=kind, labels=labels).model_dump(mode="json"))


def ids(text):
    return np.array([[int(digit) for digit in row] for row in text.split("/")], np.uint8)


THREE = task("multiclass", ["a", "b", "c"])


def test_vector_v():
    """Checkpoints' maps 0011/0012, 0011/0011, 0001/0011: classes that neither has are left out."""
    first, second, last = ids("0011/0012"), ids("0011/0011"), ids("0001/0011")
    assert mean_iou(first, last, THREE) == pytest.approx(0.433333, abs=1e-6)
    assert mean_iou(second, last, THREE) == pytest.approx(0.775)
    assert reliability([last, second, first], THREE) == pytest.approx(0.604167, abs=1e-6)
    assert most_reliable([0.9, 0.2, 0.7, 0.7, 0.5], 0.5) == [True, False, True, False, False]
    assert most_reliable([0.9, 0.2, 0.7, 0.7, 0.5], 1.0) == [True] * 5


def test_agreement_in_other_kinds_of_task():
    binary, labels = task("binary", ["x"]), task("multilabel", ["a", "b"])
    one, other = ids("1100"), ids("1000")
    assert mean_iou(one, other, binary) == pytest.approx((1 / 2 + 2 / 3) / 2)  # the background is a class
    assert mean_iou(one * 0, other * 0, binary) == 1
    assert mean_iou(ids("3100"), ids("1100"), labels) == pytest.approx((1 + 0) / 2)  # a alike, b in the first alone
    assert mean_iou(ids("0000"), ids("0000"), labels) == 1  # no label in either


class Edges(torch.nn.Module):
    """Tells columns apart, whatever the size: bright on the right."""

    def forward(self, images):
        return images[:, :1] / 64 - 2


def test_views_in_several_sizes_are_averaged_in_their_place():
    images = np.tile(np.linspace(0, 255, 64).astype(np.uint8)[None, None, :, None], (3, 32, 1, 1))
    binary = task("binary", ["x"])
    views = Method(tta={"mode": "averaged"}).at(0)["tta"]

    def seen(**changes):
        judge = partial(averaged, views=views | changes)
        [[found], [rest]] = inference.probabilities([Edges()], images, binary, "cpu", "fp32", 2, judge)
        assert found.shape == (2, 1, 32, 64) and rest.shape == (1, 1, 32, 64) and torch.equal(found[:1], rest)
        return rest

    plain = seen(scales=[1.0], mirrored=False)
    assert torch.equal(plain, (torch.as_tensor(images[:1]).permute(0, 3, 1, 2) / 64 - 2).sigmoid())
    assert torch.equal(seen(scales=[1.0]), plain)  # mirrored, and mirrored back
    every = seen()
    assert (every - plain).abs().max() < 0.02 and not torch.equal(every, plain)
    half = torch.nn.functional.interpolate(torch.as_tensor(images[:1]).permute(0, 3, 1, 2).float(), (32, 32),
        mode="bilinear", align_corners=True)  # fmt: skip
    wanted = torch.nn.functional.interpolate((half / 64 - 2).sigmoid(), (32, 64), mode="bilinear", align_corners=True)
    assert torch.allclose(seen(scales=[0.5], mirrored=False), wanted)


def test_sizes_of_views_fit_the_networks_that_the_image_fits():
    assert scaled((64, 96), 0.5) == (32, 64) and scaled((64, 96), 1) == (64, 96)
    assert scaled((48, 80), 0.75) == (32, 64) and scaled((224, 252), 0.5) == (112, 126)
    assert scaled((100, 75), 2) == (200, 150) and scaled((20, 20), 0.5) == (32, 32)
