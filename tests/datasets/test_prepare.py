"""From raw files to prepared ones: what is written, at which size, and the same bytes each time."""

import logging
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from raw_data import BINARY, dataset, ids, label, pairs, photo, prepared, refused, save, single

from dissent.config.dataset import Dataset
from dissent.config.task import TaskSettings
from dissent.core.files import read_image, read_mask, read_table, sha256
from dissent.datasets import folders, prepare
from dissent.datasets.geometry import opencv_bilinear, resize_mask, resize_photo

RECORD = ["raw.csv", "raw.json"]


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_images_labels_and_tables(in_tmp):
    about, rows = prepared(pairs(Path("raw"), ["b", "a"]), Path("data/toy"))
    assert list(rows) == ["a", "b"]
    assert rows["a"]["image"] == "data/toy/images/a.png" and rows["a"]["label"] == "data/toy/labels/a.png"
    assert np.array_equal(read_image("data/toy/images/a.png", 3), photo(1)) and np.array_equal(label(rows, "a"), ids(1))
    for row in rows.values():
        assert row["image_sha256"] == sha256(row["image"]) and row["label_sha256"] == sha256(row["label"])
        assert row["group"] == row["id"] and row["present"] == "0 1"
    assert about["dataset"] == "toy" and TaskSettings.model_validate(about["task"]) == TaskSettings.model_validate(
        BINARY
    )
    assert (about["size"], about["channels"], about["images"], about["labels"]) == ([16, 24], 3, 2, 2)
    assert about["pixels"] == {"background": int((ids(0) == 0).sum() + (ids(1) == 0).sum())} | {
        "thing": int(ids(0).sum() + ids(1).sum()),
    }
    assert about["nobody_knows"] == 0
    assert about["files"] == {"path": "files.csv", "sha256": sha256("data/toy/files.csv")}
    assert sorted(os.listdir("data/toy")) == [".files.csv", "dataset.json", "files.csv", "images", "labels", *RECORD]


def test_same_in_same_bytes_whatever_the_threads_and_the_order(in_tmp):
    names = [f"n{i}" for i in range(9)]
    pairs(Path("raw"), names)
    prepared(Path("raw"), Path("data/toy"), threads=1)
    first = contents(Path("data/toy"))
    prepared(Path("raw"), Path("data/toy"), threads=3)
    assert contents(Path("data/toy")) == first and len(first) == 23


def test_a_second_run_replaces_the_first_and_what_a_killed_one_left(in_tmp):
    prepared(pairs(Path("raw"), ["a", "b"]), Path("out"))
    for folder in ("images", "masks"):
        Path("raw", folder, "b.png").unlink()
    save(Path("out/.unchecked/images/half.png"), photo(3))
    _, rows = prepared(Path("raw"), Path("out"))
    assert list(rows) == ["a"] and sorted(os.listdir("out/images")) == ["a.png"]
    assert sorted(os.listdir("out")) == [".files.csv", "dataset.json", "files.csv", "images", "labels", *RECORD]


def test_progress_is_logged(in_tmp, caplog):
    caplog.set_level(logging.INFO)
    prepared(pairs(Path("raw"), ["a", "b"]), Path("out"))
    assert "toy: 2 images in raw" in caplog.text and "prepared 2 of 2" in caplog.text


def test_splits_play_no_part(in_tmp):
    pairs(Path("raw"), ["a"])
    described = dataset()
    prepare(described, "toy", "raw", "one")
    del described["splits"]
    prepare(described, "toy", "raw", "one")  # as the rule passes it
    assert len(read_table("one/files.csv")) == 1


# geometry


def test_resized(in_tmp):
    single(photo(1, 48, 72))
    _, rows = prepared(Path("raw"), Path("out"))
    assert np.array_equal(read_image("out/images/a.png", 3), resize_photo(photo(1, 48, 72), (16, 24), False))
    assert np.array_equal(label(rows, "a"), ids(1, 2, 48, 72)[1::3, 1::3])


def test_tiles_inherit_the_group_of_their_image(in_tmp):
    single(photo(1, 32, 40))
    _, rows = prepared(Path("raw"), Path("out"), geometry={"name": "tiles"})
    assert list(rows) == ["a_0", "a_1", "a_2", "a_3"] and {row["group"] for row in rows.values()} == {"a"}
    assert np.array_equal(read_image("out/images/a_1.png", 3), photo(1, 32, 40)[16:, :24])
    assert np.array_equal(label(rows, "a_2"), ids(1, 2, 32, 40)[:16, 16:])


def test_images_too_small_for_a_tile_are_named(in_tmp):
    pairs(Path("raw"), ["a", "b"])
    single(photo(1, 15, 24))
    text = refused(Path("raw"), Path("out"), geometry={"name": "tiles"})
    assert "images/a.png: is 15 x 24 pixels, too small for a window of 16 x 24" in text and "b.png" not in text


def test_large_jpegs_come_at_a_fraction_unless_published(in_tmp):
    y, x = np.mgrid[:512, :768]
    smooth = np.stack([x // 3, y // 2, (x + y) // 6], 2).astype(np.uint8)
    save(Path("raw/images/a.jpg"), smooth, quality=95)
    disc = ((y - 300) ** 2 + (x - 500) ** 2 < 150**2).astype(np.uint8)
    save(Path("raw/masks/a.png"), disc * np.uint8(255))
    _, rows = prepared(Path("raw"), Path("out"), mask_encoding={"name": "zero_255"})
    whole = resize_photo(np.array(Image.open("raw/images/a.jpg")), (16, 24), False).astype(int)
    assert np.abs(read_image("out/images/a.png", 3) - whole).max() <= 3
    assert np.array_equal(label(rows, "a"), resize_mask(disc, (16, 24), False)) and label(rows, "a").any()
    prepared(Path("raw"), Path("published"), mask_encoding={"name": "zero_255"}, protocol="published")
    exact = opencv_bilinear(np.array(Image.open("raw/images/a.jpg")), (16, 24))
    assert np.array_equal(read_image("published/images/a.png", 3), exact)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_large_jpegs_are_turned_with_their_masks(in_tmp, orientation):
    y, x = np.mgrid[:256, :384]
    disc = ((y - 150) ** 2 + (x - 250) ** 2 < 75**2).astype(np.uint8)
    image = Image.fromarray(np.repeat(disc[..., None] * np.uint8(200), 3, 2))
    image.getexif()[274] = orientation
    Path("raw/images").mkdir(parents=True)
    image.save("raw/images/a.jpg", exif=image.getexif())
    save(Path("raw/masks/a.png"), disc)
    size = [24, 16] if orientation > 4 else [16, 24]
    _, rows = prepared(Path("raw"), Path("out"), exif="both", size=size)
    bright = read_image("out/images/a.png", 3)[..., 0] > 100
    assert (bright == label(rows, "a")).mean() > 0.97 and 0.1 < bright.mean() < 0.5


def test_published_binary_masks_have_three_readings(in_tmp):
    save(Path("raw/images/a.jpg"), photo(1, 37, 53))
    y, x = np.mgrid[:37, :53]
    disc = (((y - 18) ** 2 + (x - 25) ** 2 <= 144) * 255).astype(np.uint8)
    save(Path("raw/masks/a_segmentation.png"), disc)
    keys = {
        "mask_encoding": {"name": "zero_255"},
        "protocol": "published",
        "mask_suffix": "_segmentation",
        "size": [12, 16],
    }
    about, rows = prepared(Path("raw"), Path("out"), **keys)
    counts = {folder: int(read_mask(f"out/{folder}/a.png").sum()) for folder in ("labels", "labels_any", "labels_half")}
    assert counts == {"labels": 42, "labels_any": 48, "labels_half": 44}
    assert about["metric_labels"] == {"published_iou": "labels_any", "published_dice": "labels_half"}
    assert rows["a"]["labels_any_sha256"] == sha256("out/labels_any/a.png")
    assert folders(Dataset.model_validate(dataset(**keys))) == ["images", "labels", "labels_any", "labels_half"]
    assert folders(Dataset.model_validate(dataset())) == ["images", "labels"]


def test_published_greys_pass_as_in_the_papers_code(in_tmp):
    save(Path("raw/images/a.png"), photo(1))
    save(Path("raw/masks/a.png"), np.array([0, 100, 200, 255], np.uint8)[ids(1, 4)])
    _, rows = prepared(Path("raw"), Path("out"), mask_encoding={"name": "zero_255"}, protocol="published")
    assert np.array_equal(label(rows, "a"), ids(1, 4) == 3)
    assert np.array_equal(read_mask("out/labels_any/a.png"), ids(1, 4) > 0)
    assert np.array_equal(read_mask("out/labels_half/a.png"), ids(1, 4) > 1)


def test_the_shared_samples_can_be_read(root, in_tmp):
    """Eight SUIM pairs: photographs of unequal size, classes coded by id."""
    raw = root.parent / "shared" / "data" / "suim_sample"
    if not raw.is_dir():
        pytest.skip("../shared/data/suim_sample is not here")
    task = {"kind": "multiclass", "labels": ["water", "diver", "plant", "wreck", "robot", "reef", "fish", "floor"]}
    about, rows = prepared(raw, Path("out"), task=task, size=[48, 64], table={"path": "splits.csv"})
    assert about["images"] == about["labels"] == 8 and about["pixels"]["plant"] == 0
    assert all(np.isin(label(rows, name), range(8)).all() for name in rows)
