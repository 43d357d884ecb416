"""The shipped HeLa on a miniature of its official layout, its splits, and its way to a score."""

import logging
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from official import divided, hela, made_up_table, prepared, shipped
from PIL import Image
from raw_data import label

from dissent.config.resolve import Config
from dissent.core.files import UserError
from dissent.core.task import Task
from dissent.datasets.geometry import published_positions
from dissent.training.losses import Loss

COUNTS = {"train_full": 4, "val": 2, "test": 1}


@pytest.fixture
def small(root):
    return shipped(root, "hela", size=[16, 16])


def pixels(path):
    return np.array(Image.open(path))


def test_crops_and_masks_as_published(small, in_tmp):
    hela(Path("raw"), COUNTS)
    about, rows = prepared(small)
    tops, lefts = published_positions(40, 16, 0.6), published_positions(56, 16, 0.6)
    assert about["images"] == len(rows) == 7 * len(tops) * len(lefts)
    assert (tops, lefts[-3:]) == ([0, 6, 13, 20, 24, 24], [37, 40, 40])  # 40 / 6.4 is 6, and the last two coincide
    number = len(tops) * 2 + 3  # x is the outer loop
    row = rows[f"train_full__brightfield__t_1_{number}"]
    assert row["window"] == f"{tops[3]} {lefts[2]} 16 16"
    window = (slice(tops[3], tops[3] + 16), slice(lefts[2], lefts[2] + 16))
    assert np.array_equal(pixels(row["image"]), pixels("raw/train_full/brightfield/t_1.png")[window])
    masks = [pixels(f"raw/train_full/{folder}/t_1.png")[window] for folder in ("alive", "dead", "mod_position")]
    assert np.array_equal(label(rows, row["id"]), sum((mask > 10) << bit for bit, mask in enumerate(masks)))
    assert {r["part"] for r in rows.values()} == {"train", "val", "test"}


def test_the_published_split_draws_crops_and_says_that_it_leaks(small, in_tmp, caplog):
    hela(Path("raw"), COUNTS)
    _, rows = prepared(small)
    with caplog.at_level(logging.WARNING):
        found = divided(small, "published")
    names = sorted((f"{i}.png" for i, row in rows.items() if row["part"] == "train"), key=str.upper)
    random.seed(42)
    random.shuffle(names)
    assert found["labelled"] == sorted(name[:-4] for name in names[: int(0.1 * len(names))])
    assert len(found["labelled"]) + len(found["unlabelled"]) == len(names)
    assert "come from the same 4 images, as `by: crop` says: this leaks labels" in caplog.text


def test_the_leak_free_split_keeps_images_whole(small, in_tmp, caplog):
    hela(Path("raw"), COUNTS | {"train_full": 10})
    _, rows = prepared(small)
    with caplog.at_level(logging.WARNING):
        found = divided(small, "leak_free")
    sources = {subset: {rows[name]["source"] for name in of} for subset, of in found.items()}
    assert len(sources["labelled"]) == 1 and len(sources["unlabelled"]) == 9
    assert not sources["labelled"] & sources["unlabelled"] and "leaks" not in caplog.text
    assert found["val"] and found["test"]


@pytest.mark.parametrize(("crops", "first", "total"), [(1000, [776, 507, 895], 49150), (237, [44, 109, 9], 2840)])
def test_fingerprints_of_the_shuffle(root, in_tmp, crops, first, total):
    """Python's generator gives the same on every machine; what it gives is written down here."""
    made_up_table({"train": [f"c{i:04}" for i in range(crops)], "val": ["v"], "test": ["t"]})
    found = divided(shipped(root, "hela"), "published")
    order = list(range(crops))
    random.Random(42).shuffle(order)
    assert order[:3] == first
    numbers = [int(name[1:]) for name in found["labelled"]]
    assert numbers == sorted(order[: int(0.1 * crops)]) and sum(numbers) == total


def test_windows_of_one_image_never_come_to_the_test_subset(small, in_tmp):
    """`by: crop` allows labelled and unlabelled windows of one image, and nothing else."""
    hela(Path("raw"), COUNTS)
    prepared(small)
    torn = small["splits"]["published"] | {"test": 10, "train": ["train", "test"]}
    with pytest.raises(UserError, match="in test and in"):
        divided(small | {"splits": {"torn": torn}}, "torn")


def test_faults_are_told_together(small, in_tmp):
    hela(Path("raw"), COUNTS)
    Path("raw/val/dead/v_1.png").unlink()
    Path("raw/test/mod_position/t_0.png").rename("raw/test/mod_position/x.png")
    Image.new("RGB", (56, 40), (255, 0, 0)).save("raw/train_full/alive/t_2.png")
    with pytest.raises(UserError) as error:
        prepared(small)
    text = str(error.value)
    assert "val/brightfield/v_1.png: has no mask in dead" in text
    assert "test/mod_position/x.png: no image belongs to this mask" in text
    assert "alive/t_2.png is coloured where 0/255 masks are grey" in text


def test_positions_weigh_three_times_in_the_loss(root):
    """dL/dp is 2 (p - 3) where the position is set and 2 p elsewhere (section 1.2)."""
    task = Config(root / "config").dataset("hela").task.model_dump(mode="json")
    logits = torch.zeros((1, 3, 1, 2), requires_grad=True)
    loss = Loss(Task(task), ["mse"])(logits, torch.tensor([[[0b111, 0]]], dtype=torch.uint8))
    assert loss.item() == pytest.approx((4 * 0.25 + 2.5**2 + 0.25) / 6)
    loss.backward()
    # through the sigmoid's slope of .25, as a mean of six
    expected = torch.tensor([[-1.0, 1.0], [-1.0, 1.0], [-5.0, 1.0]]) * 0.25 / 6
    assert torch.allclose(logits.grad[0, :, 0], expected)
