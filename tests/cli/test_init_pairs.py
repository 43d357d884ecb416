"""`dissent init`: names, pairs and sizes of images and masks."""

import re
from pathlib import Path

import numpy as np
import pytest
from init_data import NAMES, check_too, folder, init, values, written
from PIL import Image
from raw_data import ids, photo, save

from dissent.core.files import read_table, sha256


def test_images_without_masks_are_the_unlabelled_ones(in_tmp, capsys):
    folder(values(0, 1), masked=NAMES[:5])
    assert init() == 0
    assert written()["allow_unlabelled"] is True
    assert written()["splits"]["first"] == {"seed": 42, "labelled": "all", "fixed": "own/datasets/mine.splits.csv"}
    out = capsys.readouterr().out
    assert (
        f"no mask {len(NAMES) - 5} images count as unlabelled" in out
        and "17 files: 12 images (5 with a mask), 5 masks" in out
    )
    assert "1 image for validation, none for the test" in out and "4 images labelled, 7 images unlabelled" in out
    [row] = read_table("own/datasets/mine.splits.csv")
    assert (
        row["subset"] == "val"
        and row["sha256"] == sha256(Path("raw", row["image"]))
        and Path(row["image"]).stem in NAMES[:5]
    )
    check_too()


def test_masks_are_hidden_where_every_image_has_one_alone(in_tmp, capsys):
    folder(values(0, 1), masked=NAMES[:8])
    assert init("--labelled", 0.5) == 2
    assert "`--labelled 0.5` hides masks" in capsys.readouterr().err and not list(Path("own").rglob("*.*"))


def test_where_every_image_has_a_mask_most_are_hidden_and_that_is_said(in_tmp, capsys):
    folder(values(0, 1))
    assert init() == 0
    assert written()["splits"]["first"]["labelled"] == 0.2
    assert "Every image had a mask" in Path("own/datasets/mine.yaml").read_text()
    out = capsys.readouterr().out
    assert "2 images for validation, 2 images for the test" in out and "2 images labelled, 6 images unlabelled" in out
    assert "masks of 6 images are hidden on purpose (`labelled: 0.2`)" in out
    check_too()
    assert init("--labelled", "all", name="every") == 0
    assert written("every")["splits"]["first"]["labelled"] == "all" and "hidden" not in capsys.readouterr().out[-900:]


@pytest.mark.parametrize(
    ("image_end", "mask_end"), [("", "_segmentation"), ("_leftImg8bit", "_gtFine_labelIds"), ("", "_mask"), ("_im", "")]
)
def test_ends_of_names(in_tmp, image_end, mask_end):
    for seed, name in enumerate(["x1", "x10", "x2", "yy_3", "yy_30", "z"]):
        save(Path("raw/images", f"{name}{image_end}.png"), photo(seed))
        save(Path("raw/masks", f"{name}{mask_end}.png"), ids(seed))
    assert init() == 0
    assert written().get("image_suffix", "") == image_end and written().get("mask_suffix", "") == mask_end
    check_too()


def test_images_and_masks_in_one_folder(in_tmp):
    for seed, name in enumerate(["a", "a1", "b", "c", "d"]):
        save(Path("raw/all", f"{name}.jpg"), photo(seed))
        save(Path("raw/all", f"{name}_mask.png"), ids(seed))
    assert init("--images", "all", "--masks", "raw/all") == 0  # as the shell completes it
    assert written()["mask_suffix"] == "_mask"
    check_too()


def test_folders_within_folders(in_tmp):
    for seed, name in enumerate(["train/1", "train/2", "val/1", "val/2", "val/3"]):
        save(Path("raw/images", f"{name}.png"), photo(seed))
        save(Path("raw/masks", f"{name}.png"), ids(seed))
    assert init() == 0 and written()["names"] == "path"
    check_too()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda: Path("raw/images/a0.png").unlink(), "masks/a0.png: no image belongs to this mask"),
        (lambda: Path("raw/masks/a0.png").write_bytes(b""), "a0.png is empty"),
        (lambda: Path("raw/images/a0.png").write_bytes(b"x"), "images/a0.png: is no"),
        (lambda: Path("raw/masks").rename("raw/annotations"), "there are: annotations, images"),
        (lambda: [path.unlink() for path in sorted(Path("raw/masks").iterdir())[1:]], "1 images have masks; 3 at least"),
        (lambda: save(Path("raw/images/a0.jpg"), photo(1)), "has the same name as"),
        (lambda: Image.fromarray(photo(1, channels=1).astype(np.uint16) * 200).save("raw/images/a0.png"), "16 bits"),
    ],
)  # fmt: skip
def test_pairs_that_do_not_fit(in_tmp, capsys, change, words):
    folder(values(0, 1))
    change()
    assert init() == 2
    assert words in capsys.readouterr().err and not list(Path("own").rglob("*.yaml"))


def test_sizes(in_tmp, capsys):
    folder(values(0, 1))
    assert init() == 0 and written()["size"] == [16, 24]
    for seed, name in enumerate(NAMES):
        high = 270 + 2 * seed
        save(Path("large/images", f"{name}.png"), photo(seed, high, 2 * high))
        save(Path("large/masks", f"{name}.png"), ids(seed, 2, high, 2 * high))
    assert init(raw="large", name="large") == 0 and written("large")["size"] == [128, 256]
    assert init("--size", 64, 96, raw="large", name="other") == 0 and written("other")["size"] == [64, 96]
    assert init("--geometry", "tiles", raw="large", name="tiles") == 0
    assert written("tiles")["size"] == [256, 256] and written("tiles")["geometry"]["name"] == "tiles"
    assert "2 images (12 tiles) for validation" in capsys.readouterr().out
    check_too("tiles")
    assert init("--geometry", "tiles", "--size", 999, 999, raw="large", name="more") == 2


def test_grey_images_and_deep_ones(in_tmp):
    folder(values(0, 1), channels=1)
    assert init() == 0 and written()["channels"] == 1
    for seed, name in enumerate(NAMES):
        save(Path("deep/images", f"{name}.tif"), photo(seed, channels=1).astype(np.uint16) * 16)
        save(Path("deep/masks", f"{name}.png"), ids(seed))
    assert init(raw="deep", name="deep") == 0
    assert (written("deep")["channels"], written("deep")["bit_depth"]) == (1, 16)
    check_too("deep")


def test_groups_stay_together(in_tmp, capsys):
    folder(values(0, 1), names=[f"scan{i}_{j}" for i in range(6) for j in range(3)],
           masked=[f"scan{i}_{j}" for i in range(6) for j in range(3)])  # fmt: skip
    assert init() == 0
    [pattern] = re.findall(r"--group '([^']*)'", capsys.readouterr().out)
    before = {path: path.read_bytes() for path in sorted(Path("own").rglob("mine.*"))}
    assert init("--group", pattern) == 0 and {path: path.read_bytes() for path in before} == before
    assert "--group: not used, as own/datasets/mine.yaml answers that" in capsys.readouterr().out
    assert init("--group", pattern, "--anew") == 0 and written()["group"] == {"pattern": pattern}
    assert all(path.with_name(f"{path.name}.before1").read_bytes() == content for path, content in before.items())
    check_too()
    capsys.readouterr()
    assert init("--group", pattern, name="grouped") == 0
    assert written("grouped")["group"] == {"pattern": pattern}
    assert "3 images (1 group) for validation, 3 images (1 group) for the test" in capsys.readouterr().out
    check_too("grouped")
    assert init("--group", "other", name="third") == 2
