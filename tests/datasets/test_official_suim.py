"""The shipped SUIM on a miniature of its official layout, on its sample, and its split."""

import logging
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from official import SUIM_COLOURS, divided, made_up_table, noisy, prepared, shipped, suim
from PIL import Image
from raw_data import label, photo, save

from dissent.config.geometry import Crops
from dissent.core.files import UserError
from dissent.datasets.geometry import resize_mask, resize_photo, windows

CROPS = Crops(name="crops", count=2, least=20, most=40)
SAMPLE = Path(__file__).resolve().parents[3] / "shared" / "data" / "suim_sample"


@pytest.fixture
def small(root):
    return shipped(root, "suim", size=[16, 16], geometry=CROPS.model_dump())


def test_colours_crops_and_folders(small, in_tmp):
    truth = suim(Path("raw"), {"train_val": 6, "TEST": 3})
    about, rows = prepared(small)
    assert about["images"] == 18 and about["pixels"]["doubt"] == about["nobody_knows"] == 0
    assert Counter(row["part"] for row in rows.values()) == {"train_val": 12, "test": 6}
    for name, row in rows.items():
        top, left, high, wide = map(int, row["window"].split())
        ids = truth[name.rpartition("_")[0]][top : top + high, left : left + wide]
        assert high == wide and 20 <= high < 40
        assert np.array_equal(label(rows, name), resize_mask(ids, (16, 16), True))
    row = rows["e_r_2__1"]
    top, left, high, wide = map(int, row["window"].split())
    photograph = np.array(Image.open("raw/TEST/images/e_r_2_.jpg"))[top : top + high, left : left + wide]
    assert np.array_equal(np.array(Image.open(row["image"])), resize_photo(photograph, (16, 16), True))


def test_a_channel_counts_from_128_on(small, in_tmp):
    save(Path("raw/train_val/images/a.jpg"), photo(1, 24, 24))
    save(Path("raw/TEST/images/b.jpg"), photo(2, 24, 24))
    save(Path("raw/TEST/masks/b.bmp"), np.zeros((24, 24, 3), np.uint8))
    mask = np.zeros((24, 24, 3), np.uint8)
    mask[:12], mask[12:] = (127, 128, 127), (130, 125, 211)  # plants; reefs, though grey is not far
    save(Path("raw/train_val/masks/a.bmp"), mask)
    _, rows = prepared(small | {"geometry": {"name": "whole"}, "size": [24, 24]})
    assert np.array_equal(label(rows, "a"), np.repeat([3, 6], 12)[:, None].repeat(24, 1))


def test_every_colour_has_its_class(root):
    source = shipped(root, "suim")
    assert [tuple(colour) for colour in source["mask_encoding"]["table"]] == SUIM_COLOURS
    assert source["task"]["colours"][1:] == source["mask_encoding"]["table"] and source["task"]["doubt_class"]


def test_masks_of_another_size_are_resized_and_told(small, in_tmp, caplog):
    truth = suim(Path("raw"), {"train_val": 3, "TEST": 1})
    ids = truth["r_r_1_"].repeat(2, 0).repeat(2, 1)
    save(Path("raw/train_val/masks/r_r_1_.bmp"), noisy(ids, np.random.default_rng(5)))
    with caplog.at_level(logging.WARNING):
        _, rows = prepared(small | {"parts": small["parts"][:1]})
    assert "1 masks are resized to the size of their images" in caplog.text
    assert "train_val/images/r_r_1_.jpg: has 48 x 60 pixels (height x width), and its mask 96 x 120" in caplog.text
    top, left, high, wide = map(int, rows["r_r_1__0"]["window"].split())
    ids = truth["r_r_1_"][top : top + high, left : left + wide]
    assert np.array_equal(label(rows, "r_r_1__0"), resize_mask(ids, (16, 16), True))
    with pytest.raises(UserError, match="and its mask 96 x 120"):
        prepared(small | {"parts": small["parts"][:1], "on_size_mismatch": "refuse"})


def test_partners_that_lack_are_named(small, in_tmp):
    suim(Path("raw"), {"train_val": 3, "TEST": 2})
    Path("raw/TEST/masks/e_r_0_.bmp").rename("raw/TEST/masks/HD/x.bmp")
    Path("raw/train_val/images/r_r_2_.jpg").unlink()
    with pytest.raises(UserError) as error:
        prepared(small)
    assert "TEST/images/e_r_0_.jpg: has no mask" in str(error.value) and "2 problems" in str(error.value)
    assert "train_val/masks/r_r_2_.bmp: no image belongs to this mask" in str(error.value)


# the windows


def test_windows_follow_from_seed_and_name_alone():
    first, second = windows(480, 640, Crops(name="crops"), (256, 256), True, "d_r_47_")
    assert (first, second) == ((6, 94, 366, 366), (0, 100, 480, 480))  # the same on every machine, for good
    assert windows(480, 640, Crops(name="crops", seed=7), (256, 256), True, "d_r_47_") != [first, second]
    assert windows(480, 640, Crops(name="crops"), (256, 256), True, "d_r_48_") != [first, second]


def test_windows_as_published():
    """c from 256 to min(512, max(H, W)) - 1; the whole image where a side is shorter (section 1.3)."""
    found = [windows(480, 640, Crops(name="crops", count=99), (256, 256), True, f"n{i}") for i in range(20)]
    flat = [window for several in found for window in several]
    whole = [window for window in flat if window == (0, 0, 480, 640)]
    squares = [window for window in flat if window not in whole]
    assert {side for *_, side in squares} == set(range(256, 481)) and 0.07 < len(whole) / len(flat) < 0.18  # 31 of 256
    assert all(high == wide and top + high <= 480 and left + wide <= 640 for top, left, high, wide in squares)
    assert {top == 0 for top, *_ in squares} == {True, False}
    assert windows(200, 220, Crops(name="crops"), (256, 256), True, "x") == [(0, 0, 200, 220)] * 2
    assert {w[2] for w in windows(300, 300, Crops(name="crops", count=99), (256, 256), True, "x")} <= set(
        range(256, 300)
    )


def test_crops_need_room():
    with pytest.raises(ValueError, match="`least: 512` must be smaller than `most: 512`"):
        Crops(name="crops", least=512)


# the split, and the sample


def test_the_published_split(root, in_tmp):
    """Validation is the second list of 1,525, labelled the second of the 1,372 left; both crops of an image go together."""
    made_up_table({"train_val": [f"n{i:04}" for i in range(1525)], "test": [f"t{i:03}" for i in range(110)]}, windows=2)
    found = divided(shipped(root, "suim"), "published")
    assert {side: len(of) for side, of in found.items()} == {
        "labelled": 276, "unlabelled": 2468, "val": 306, "test": 220, "hidden": 2468
    }  # fmt: skip
    images = {side: sorted({int(name[1:5]) for name in of}) for side, of in found.items() if side != "test"}
    assert sum(images["val"]) == 117128 and {782, 76, 1009, 1403, 846} <= set(images["val"])
    rest = sorted({*range(1525)} - {*images["val"]})
    places = [rest.index(number) for number in images["labelled"]]
    assert sum(places) == 93102 and {430, 588, 296, 184, 244} <= set(places)


@pytest.mark.skipif(not SAMPLE.is_dir(), reason="the SUIM sample of ../shared/data is not here")
def test_the_official_sample(root, in_tmp):
    """Its masks were made to ids; written as noisy bitmaps again they come back as the same ids, one higher."""
    for path in sorted((SAMPLE / "masks").glob("*.png")):
        ids = np.array(Image.open(path)) + np.uint8(1)
        save(Path("raw/train_val/masks") / f"{path.stem}.bmp", noisy(ids, np.random.default_rng(len(path.stem))))
        image = Path("raw/train_val/images") / f"{path.stem}.jpg"
        image.parent.mkdir(parents=True, exist_ok=True)
        image.write_bytes((SAMPLE / "images" / image.name).read_bytes())
    source = shipped(root, "suim")
    about, rows = prepared(source | {"parts": source["parts"][:1]})
    assert about["images"] == 16 and about["nobody_knows"] == about["pixels"]["doubt"] == 0
    for name, row in rows.items():
        top, left, high, wide = map(int, row["window"].split())
        ids = np.array(Image.open(SAMPLE / "masks" / f"{row['group']}.png"))[top : top + high, left : left + wide] + 1
        assert np.array_equal(label(rows, name), resize_mask(ids.astype(np.uint8), (256, 256), True))
