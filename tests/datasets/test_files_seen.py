"""No file in the folders vanishes: it is used, left out with the reason, or asked about, and the counts add up."""

import shutil
from pathlib import Path

import pytest
from cli_data import dissent
from raw_data import dataset, ids, pairs, photo, prepared, refused, save

from dissent.cli.seen import seen_files
from dissent.config.base import read_yaml, validate
from dissent.config.dataset import Dataset
from dissent.core.files import UserError


def init(*arguments) -> int:
    Path("own").mkdir(exist_ok=True)
    return dissent("init", "raw", "--config-dir", "own", "--name", "mine", *arguments)


def told(**keys) -> str:
    """What is said of the files in raw/."""
    return seen_files(validate(Dataset, dataset(**keys), "x"), Path("raw"))


def masks(**ends: str) -> None:
    """raw/images/NAME.png, and a mask NAME + end for each."""
    for seed, (name, end) in enumerate(ends.items()):
        save(Path(f"raw/images/{name}.png"), photo(seed))
        save(Path(f"raw/masks/{name}{end}"), ids(seed))


def test_images_without_the_common_ending_are_unlabelled(in_tmp, capsys):
    for seed in range(14):
        save(Path(f"raw/images/s{seed:02}_img.png" if seed < 6 else f"raw/images/new{seed:02}.PNG"), photo(seed))
        if seed < 6:
            save(Path(f"raw/masks/s{seed:02}_mask.png"), ids(seed))
    assert init() == 0
    out = capsys.readouterr().out
    assert "20 files: 14 images (6 with a mask), 6 masks, 0 left out" in out and "no mask 8 images" in out
    assert (read_yaml("own/datasets/mine.yaml")["image_suffix"], dissent("check", "mine", "--config-dir", "own")) == (
        "_img",
        0,
    )
    assert "20 files: 14 images (6 with a mask), 6 masks, 0 left out" in capsys.readouterr().out
    keys = {"image_suffix": "_img", "mask_suffix": "_mask"}
    about, rows = prepared(Path("raw"), Path("out"), allow_unlabelled=True, **keys)
    assert (about["images"], about["labels"]) == (14, 6) and {"s00", "new13"} <= set(rows)
    assert "images/new06.PNG: has no mask; `allow_unlabelled: true`" in refused(Path("raw"), Path("other"), **keys)


NOT_SILENT = {  # files: (words of the message)
    "misspelt": (["masks/m1_msk.png", "masks/m2-mask.png"], "does not end with `_mask`: rename it if it is misspelt"),
    "a second object": (["masks/m1_mask_1.png"], "join it with the other if an image has two, or say `leave_out: ['*_mask_1.png']`"),
    "two masks": (["masks/m1_mask.tif"], "has the same name as masks/m1_mask.png"),
    "two images": (["images/m1.jpg"], "has the same name as images/m1.jpg"),
    "no image": (["masks/x_mask.png"], "no image belongs to this mask"),
    "not read": (["images/x.gif"], ".gif is not read; save it as PNG, JPEG, TIFF or BMP, or say `leave_out: ['*.gif']`"),
    "not read either": (["masks/m1_mask.WEBP"], ".WEBP is not read"),
    "a folder of masks": (["masks/second/m1_mask.png"], "no image belongs to this mask"),
}  # fmt: skip


@pytest.mark.parametrize("way", NOT_SILENT)
@pytest.mark.parametrize("command", ["init", "prepare"])
def test_files_that_would_vanish_are_named(in_tmp, capsys, way, command):
    files, words = NOT_SILENT[way]
    masks(**{f"m{seed}": "_mask.png" for seed in range(7)})
    if way == "misspelt":
        Path("raw/masks/m1_mask.png").unlink()
    for name in files:
        Path(f"raw/{name}").parent.mkdir(exist_ok=True)
        save(Path("raw/made.png"), photo(99)).rename(f"raw/{name}")
    if command == "prepare":
        text = refused(Path("raw"), Path("out"), mask_suffix="_mask", allow_unlabelled=True)
    else:
        assert init() == 2 and not list(Path("own").rglob("*.yaml"))
        text = capsys.readouterr().err
    assert words in text and all(name in text for name in files)


def test_renditions_that_are_left_out_are_counted(in_tmp, capsys):
    masks(**{f"m{seed}": "_ids.png" for seed in range(6)})
    for seed in range(6):
        save(Path(f"raw/masks/m{seed}_color.png"), photo(seed))
        save(Path(f"raw/instances/m{seed}.png"), ids(seed))
    assert "leave_out: ['*_color.png']" in refused(Path("raw"), Path("out"), mask_suffix="_ids")
    for name in ("notes.txt", "m0.json"):
        Path("raw/masks", name).write_text("x")
    assert init() == 2
    assert "masks end in several ways: 6 end with _color, 6 end with _ids" in capsys.readouterr().err
    assert init("--leave-out", "*_color.png") == 0
    out = capsys.readouterr().out
    assert "20 files: 6 images (6 with a mask), 6 masks, 8 left out" in out
    assert "left out: 6, as `leave_out: *_color.png` says: m0_color.png, m1_color.png" in out
    assert "left out: 2, no image files: m0.json, notes.txt" in out
    assert "not looked at, as they lie beside the folders of images and masks: 6 in instances/" in out
    assert read_yaml("own/datasets/mine.yaml")["leave_out"] == ["*_color.png"]


def test_other_files_of_an_image_are_a_question(in_tmp, caplog):
    caplog.set_level("INFO")
    for seed, name in enumerate("abc"):
        save(Path(f"raw/images/{name}_rgb.png"), photo(seed))
        save(Path(f"raw/images/{name}_depth.png"), photo(seed + 9))
        save(Path(f"raw/masks/{name}.png"), ids(seed))
    keys = {"image_suffix": "_rgb", "allow_unlabelled": True}
    text = refused(Path("raw"), Path("out"), **keys)
    assert "images/a_depth.png: does not end with `_rgb`, and seems to be another file of a_rgb.png" in text
    keys["leave_out"] = ["*_depth.png"]
    assert prepared(Path("raw"), Path("out"), **keys)[0]["images"] == 3
    assert "left out: 3, as `leave_out: *_depth.png` says: a_depth.png" in caplog.text  # in the log of the job
    assert "9 files: 3 images (3 with a mask), 3 masks, 3 left out" in told(**keys)


@pytest.mark.parametrize("name", ["a_msk", "a_mask_1"])
def test_masks_among_images(in_tmp, name):
    """In one folder of both, a misspelt mask is no unlabelled image."""
    for seed, stem in enumerate(["a", "b", "b_2", "c"]):
        save(Path(f"raw/all/{stem}.png"), photo(seed))
        if stem in "bc":
            save(Path(f"raw/all/{stem}_mask.png"), ids(seed))
    keys = {
        "parts": [{"name": "all", "images": "all", "masks": "all"}],
        "mask_suffix": "_mask",
        "allow_unlabelled": True,
    }
    assert "6 files: 4 images (2 with a mask), 2 masks, 0 left out" in told(**keys)
    save(Path(f"raw/all/{name}.png"), ids(9))
    text = refused(Path("raw"), Path("out"), **keys)
    assert f"all/{name}.png: lies with the masks and seems to be a file of a.png" in text
    assert prepared(Path("raw"), Path("out"), **keys, leave_out=[f"*/{name}.png"])[0]["images"] == 4


def test_masks_in_a_folder_of_images_are_no_images(in_tmp):
    pairs(Path("raw"), ["a", "b"])
    shutil.move("raw/masks", "raw/images/masks")
    keys = {"parts": [{"name": "all", "images": "images", "masks": "images/masks"}], "allow_unlabelled": True}
    assert set(prepared(Path("raw"), Path("out"), **keys)[1]) == {"a", "b"}
    assert "4 files: 2 images (2 with a mask), 2 masks, 0 left out" in told(**keys)


def test_what_a_table_and_folders_leave_out_is_counted(in_tmp):
    raw = pairs(Path("raw"), ["a", "b", "old/c"])
    (raw / "splits.csv").write_text("stem,kind\na,x\nb,y\n")
    text = told(table={"path": "splits.csv"}, keep={"kind": ["x"]}, recursive=False)
    assert "6 files: 1 images (1 with a mask), 1 masks, 4 left out" in text
    assert "left out: 2, not chosen by `keep` from splits.csv: b.png, b.png" in text
    assert "left out: 2, in folders inside, which `recursive: false` passes over: c.png, c.png" in text


def test_hidden_files_and_files_beside_folders_of_labels_are_counted(in_tmp, capsys):
    for seed, name in enumerate("abcd"):
        save(Path(f"raw/images/{name}.png"), photo(seed))
        for label in ("alive", "dead"):
            save(Path(f"raw/masks/{label}/{name}.png"), ids(seed) * 255)
    save(Path("raw/images/._a.png"), photo(9))
    save(Path("raw/masks/a.png"), ids(9))
    keys = {"task": {"kind": "multilabel", "labels": ["alive", "dead"]}, "mask_encoding": {"name": "folders"}}
    text = told(**keys)
    assert "14 files: 4 images (4 with a mask), 8 masks, 2 left out" in text
    assert "left out: 1, hidden files: ._a.png" in text and "left out: 1, in no folder of a label: a.png" in text
    assert init("--kind", "multilabel") == 2
    assert (
        "masks lie in folders, and beside these a: put them into the folder of their label" in capsys.readouterr().err
    )
    assert init("--kind", "multilabel", "--leave-out", "masks/a.png") == 0
    assert "14 files: 4 images (4 with a mask), 8 masks, 2 left out" in capsys.readouterr().out


def test_a_folder_without_images_is_a_user_s_mistake(in_tmp):
    (in_tmp / "raw/images").mkdir(parents=True)
    (in_tmp / "raw/masks").mkdir()
    with pytest.raises(UserError, match="no image lies in images"):
        prepared(Path("raw"), Path("out"))


def test_unlabelled_images_in_a_folder_of_their_own(in_tmp, capsys):
    pairs(Path("raw"), [f"a{i}" for i in range(6)])
    for i in range(4):
        save(Path(f"raw/pool/a{i + 3}.png"), photo(20 + i))
    assert init() == 0
    assert "masks: 4 in pool/; move in what is to be used (init: --unlabelled DIR)" in capsys.readouterr().out
    assert init("--unlabelled", "pool", "--anew") == 0
    out = capsys.readouterr().out
    assert (
        "16 files: 10 images (6 with a mask), 6 masks, 0 left out" in out
        and "5 images labelled, 4 images unlabelled" in out
    )
    assert read_yaml("own/datasets/mine.yaml")["parts"][1] == {"name": "more", "images": "pool", "masks": None}
    assert dissent("check", "mine", "--config-dir", "own") == 0
    assert "16 files: 10 images (6 with a mask), 6 masks, 0 left out" in capsys.readouterr().out
