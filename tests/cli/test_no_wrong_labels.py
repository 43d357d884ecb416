"""What `import` and `init` may not do without a word: take a mask for another image, or let one stand for what it is not."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from annotated_data import LAYOUTS, NAMES, coco, coco_json, images, labelme_json, mask, write
from cli_data import dissent, pixels_of
from init_data import check_too, init
from raw_data import ids, photo, save

from dissent.core.files import read_json
from dissent.datasets.formats import FORMATS, Ask
from dissent.datasets.problems import Problems

OWN = Path("data/raw/mine.masks")
SETTINGS = Path("own/datasets/mine.yaml")


def bring(what: object = "raw", *more: object) -> int:
    return dissent("import", what, "--into", "mine", "--config-dir", "own", *more)


def own(name: str) -> np.ndarray:
    [path] = OWN.glob(f"masks/**/{name}.png")
    return pixels_of(path)


def test_a_mask_is_not_taken_for_an_image_of_another_folder(in_tmp, capsys):
    """Unless it lies in a folder of drafts, whose table names its image."""
    for seed, name in enumerate(["a/a0", "a/a1", "b/b0", "b/b1", "c"]):
        save(Path(f"raw/images/{name}.png"), photo(seed)), save(Path(f"raw/masks/{name}.png"), ids(seed))
    assert init() == 0
    save(Path("new/images/a0.png"), photo(0))
    write("new/images/a0.json", json.dumps(labelme_json("a1") | {"imagePath": "a0.png"}).replace("square", "object"))
    assert bring("new") == 1 and not OWN.exists()
    assert "images/a0.png: mine has no image that is called so" in capsys.readouterr().out
    write("new/drafts.csv", "id,source,image\na0,images/a/a0.png,images/a0.png\n")
    assert bring("new") == 0 and np.array_equal(own("a0"), mask("a1"))


def relabelled(labels: str) -> None:
    text = SETTINGS.read_text()
    assert "[background, square, bar]" in text
    SETTINGS.write_text(text.replace("[background, square, bar]", labels))


def test_masks_know_whose_numbers_they_have(in_tmp, capsys):
    coco()
    assert init() == 0
    text = SETTINGS.read_text()
    relabelled("[background, bar, square]")
    assert dissent("check", "mine", "--config-dir", "own") != 0
    told = "".join(capsys.readouterr())
    assert "`labels: [background, square, bar]`, and the task is" in told and "the place that it had" in told
    assert bring() == 2
    shutil.move(OWN, "before")
    SETTINGS.write_text("\n".join(line for line in SETTINGS.read_text().splitlines() if "own_masks" not in line) + "\n")
    assert bring("before", "--format", "png") == 0
    assert np.array_equal(own("a0"), np.array([0, 2, 1], np.uint8)[mask("a0")])
    shutil.rmtree(OWN), shutil.move("before", OWN), SETTINGS.write_text(text)
    relabelled("[background, square, bar, new]")
    check_too()


def test_the_folder_that_was_converted_is_read_again_as_it_was_then(in_tmp, capsys):
    coco()
    write("raw/old.json", coco_json(NAMES[:2]) | {"categories": [{"id": 5, "name": "other"}]})
    images("raw", NAMES[:1])
    write("raw/a0.json", labelme_json("a0"))
    assert init("--layout", "coco", "--leave-out", "old.json", "a0.*") == 0
    capsys.readouterr()
    assert bring() == 0 and "equal   6 masks" in capsys.readouterr().out
    assert bring(Path("raw").resolve(), "--leave-out", "none") == 0 and init() == 0


def test_annotations_that_were_refused_or_removed_are_not_converted(in_tmp, capsys):
    LAYOUTS["labelme"]()
    assert init() == 0
    value = labelme_json("a1")
    value["shapes"][0]["points"] = [[0, 0], [3, 0]]
    write("raw/a1.json", value)
    for _ in range(2):
        assert init() == 1 and "changed since they were converted: a1.json" in capsys.readouterr().out
        assert bring() == 1 and "a1.json: its shape 1 (square) cannot be drawn" in capsys.readouterr().out
    write("raw/a1.json", "{")
    assert bring() == 1 and "refused a1.json: is no valid JSON" in capsys.readouterr().out
    write("raw/a1.json", labelme_json("a1"))
    Path("raw/a2.json").unlink()
    for _ in range(2):
        assert bring() == 1 and "gone    annotations of 1 images, whose masks" in capsys.readouterr().out
        assert init() == 1 and "converted: a2.json" in capsys.readouterr().out
    assert bring("raw", "--unannotated", "unlabelled") == 0
    assert "removed 1 masks whose annotations are gone: a2.png" in capsys.readouterr().out
    assert np.array_equal(pixels_of(OWN / "replaced/001/a2.png"), mask("a2")) and not (OWN / "masks/a2.png").exists()
    assert init() == 0
    check_too()


def test_a_folder_of_a_users_is_not_renamed(in_tmp, capsys):
    coco()
    save(OWN / "a0.png", ids(0))
    assert init("--anew") == 2 and f"{OWN} has no record.json, so it may be yours" in capsys.readouterr().err
    shutil.rmtree("raw/annotations")
    for name in NAMES:
        save(Path(f"raw/masks/{name}.png"), mask(name, 1))
    assert init() == 0 and np.array_equal(pixels_of(OWN / "a0.png"), ids(0))
    assert bring("raw/masks") == 2 and "has no record.json" in capsys.readouterr().err


def test_what_check_says_of_a_changed_mask_helps(in_tmp, capsys):
    """Changed by hand, and removed; and a raw mask that was mended after ours took its place."""
    coco()
    assert init() == 0
    save(OWN / "masks/images/a1.png", mask("a2"))
    assert dissent("check", "mine", "--config-dir", "own") == 1
    assert bring(OWN, "--format", "png") == 0 and "noted   1 of them are recorded anew" in capsys.readouterr().out
    check_too()
    (OWN / "masks/images/a1.png").unlink()
    assert dissent("check", "mine", "--config-dir", "own") == 1
    assert bring() == 0 and np.array_equal(own("a1"), mask("a1"))
    check_too()


def test_a_raw_mask_that_is_mended_as_ours_was_is_noted(in_tmp):
    images("raw/images")
    for name in NAMES:
        save(Path(f"raw/masks/{name}.png"), mask(name, 1))
    save(Path("new/a0.png"), mask("a0", 1).T.copy().reshape(16, 24))
    assert init() == 0 and bring("new") == 0
    shutil.copy("new/a0.png", "raw/masks/a0.png")
    assert dissent("check", "mine", "--config-dir", "own") == 1
    assert bring("raw/masks") == 0
    check_too()


def interrupted(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(("where", "written"), [("levels_note", False), ("told_subsets", True)])
def test_an_interrupted_init_leaves_settings_with_their_masks_or_neither(where, written, in_tmp, monkeypatch):
    coco()
    with monkeypatch.context() as patch:
        patch.setattr(f"dissent.cli.init.{where}", interrupted)
        assert init() == 130
    assert SETTINGS.exists() == OWN.exists() == written
    assert written or init() == 0
    check_too()


def test_one_refused_annotation_leaves_its_image_as_it_was_and_the_rest_is_taken(in_tmp, capsys):
    coco()
    assert init() == 0
    value = coco_json(NAMES)
    for mark in value["annotations"]:
        mark["segmentation"] = [[0, 0, 4, 0, 4, 4, 0, 4]]
    value["annotations"][0]["segmentation"] = []
    write("raw/annotations/instances.json", value)
    before = read_json(OWN / "record.json")["converted"]
    assert bring("raw", "--overlap", "later") == 1
    assert "annotation 0 has no segmentation" in capsys.readouterr().out
    assert np.array_equal(own("a0"), mask("a0")) and own("a1").sum() == 16 and own("a6").any()
    assert read_json(OWN / "record.json")["converted"] == before


@pytest.mark.parametrize("form", ["cvat", "cellpose", "coco"])
def test_of_an_image_that_is_refused_nothing_is_read(form, in_tmp):
    """Neither as empty, as its mask cannot be decoded, nor the first of two masks."""
    if form == "cvat":
        write("new/labelmap.txt", "# label:color_rgb:parts:actions\nsquare:1,2,3::\n")
        write("new/SegmentationClass/a0.png", "no PNG"), write("new/ImageSets/Segmentation/default.txt", "a0\n")
    elif form == "cellpose":
        images("new", NAMES[:1]), save(Path("new/a0_masks.png"), mask("a0")), save(Path("new/a0_cp_masks.png"), ids(1))
    else:
        write("new/one.json", coco_json(NAMES[:1])), write("new/two.json", coco_json(NAMES[:1]))
    found = FORMATS[form].read(Path("new"), Ask(), problems := Problems())
    assert len(problems) == 1 and found.marks == []


def test_greys_in_the_numbers_of_the_raw_masks_are_not_read_as_ours(in_tmp, capsys):
    images("raw/images")
    for name in NAMES:
        save(Path(f"raw/masks/{name}.png"), mask(name) + 1)
    assert init("--labels", "background,cell,debris") == 0
    new = np.where(mask("a1") == 2, 0, mask("a1"))
    save(Path("new/a0.png"), new + 1)
    assert bring("new") == 1 and not OWN.exists()
    assert "a0.png: has the number 1, which may be `cell`" in capsys.readouterr().out
    assert bring("new", "--numbers", "raw") == 0 and np.array_equal(own("a0"), new)


def test_greys_in_the_folder_of_a_label_are_not_read_as_another(in_tmp, capsys):
    images("raw/images")
    for name in NAMES:
        for number, label in ((1, "border"), (2, "nucleus")):
            save(Path(f"raw/masks/{label}/{name}.png"), (mask(name) == number).astype(np.uint8))
    assert init("--kind", "multilabel") == 0
    save(Path("new/nucleus/a0.png"), (mask("a1") == 2).astype(np.uint8))
    for where in ("new", "new/nucleus"):
        assert bring(where) == 1 and not OWN.exists()
        out = capsys.readouterr().out
        assert "a0.png: lies in the folder nucleus, which is called like a label" in out
        assert "numbered by the sum of 1 for border, 2 for nucleus" in out
    save(Path("new/nucleus/a0.png"), np.repeat((mask("a1") == 2).astype(np.uint8)[..., None] * 255, 3, 2))
    assert bring("new") == 1 and "lies in the folder nucleus" in capsys.readouterr().out
    save(Path("new/nucleus/a0.png"), mask("a1"))
    assert bring("new", "--numbers", "ours") == 0 and np.array_equal(own("a0"), mask("a1"))


def test_a_folder_of_images_may_be_called_like_a_label(in_tmp):
    for seed, name in enumerate(["bar/a0", "bar/a1", "square/a2", "square/a3", "bar/a4"]):
        save(Path(f"raw/images/{name}.png"), photo(seed)), save(Path(f"raw/masks/{name}.png"), mask("a0"))
    assert init("--labels", "background,square,bar") == 0
    save(Path("new/square/a2.png"), mask("a1"))
    assert bring("new") == 0 and np.array_equal(own("a2"), mask("a1"))
