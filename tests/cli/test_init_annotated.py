"""`dissent init` on annotations of tools: every layout becomes right masks of ours, and what is open is asked."""

from pathlib import Path

import numpy as np
import pytest
from annotated_data import LAYOUTS, MARKED, NAMES, boxes, coco, coco_json, images, labelme_json, mask, write
from cli_data import dissent, pixels_of
from init_data import check_too, init, written
from raw_data import ids, photo, save

from dissent.core.files import read_json, read_table, sha256
from dissent.datasets import prepare
from dissent.datasets.formats import LAYOUTS as REGISTERED

OWN = Path("data/raw/mine.masks")


def tree() -> dict[str, tuple[str, int]]:
    """Every file of the user's, with its content and date."""
    return {str(path): (sha256(path), path.stat().st_mtime_ns) for path in Path("raw").rglob("*") if path.is_file()}


def own(name: str) -> np.ndarray:
    [path] = OWN.glob(f"masks/**/{name}.png")
    return pixels_of(path)


def refused(capsys, *flags: object) -> str:
    """What init says; nothing of it may stay."""
    assert init(*flags) == 2
    assert not OWN.exists() and not list(Path("own").rglob("*.yaml"))
    return capsys.readouterr().err


def test_every_layout_is_made_here():
    assert set(LAYOUTS) == set(REGISTERED)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_layout_becomes_right_masks_and_stays_as_it_is(layout, in_tmp, capsys):
    LAYOUTS[layout]()
    before = tree()
    assert init() == 0
    out = capsys.readouterr().out
    labels = 1 if layout == "cellpose" else 2
    end = "_0000" if layout == "nnunet" else ""
    assert "7 images (6 with a mask)" in out and "marked  6 images" in out
    for name in MARKED:
        assert np.array_equal(own(f"{name}{end}"), mask(name, labels)), name
    assert tree() == before
    settings = written()
    names = {"labelme": ["square", "zbar"], "cellpose": ["object"]}.get(layout, ["square", "bar"])
    kept = names if labels == 1 else ["background", *names]
    assert settings["task"]["labels"] == kept and settings["own_masks"] == str(OWN)
    check_too()
    prepared(settings)
    rows = {row["id"].removesuffix("_0000"): row for row in read_table("data/mine/files.csv")}
    assert rows.keys() == set(NAMES) and not rows[NAMES[-1]]["label"]
    assert np.array_equal(pixels_of(Path(rows["a2"]["label"])), mask("a2", labels))


def prepared(values: dict) -> None:
    from dissent.config.base import validate
    from dissent.config.dataset import Dataset

    prepare(validate(Dataset, values, "mine.yaml").model_dump(mode="json"), "mine", "raw", "data/mine")


def test_verify_sees_a_changed_source_and_a_changed_mask(in_tmp, capsys):
    coco()
    assert init() == 0
    prepared(written())
    assert dissent("verify", "data") == 0
    value = coco_json()
    value["annotations"][0]["segmentation"] = [[0, 0, 5, 0, 5, 5]]
    write("raw/annotations/instances.json", value)
    capsys.readouterr()
    assert dissent("verify", "data") == 1
    assert "raw/annotations/instances.json" in (out := capsys.readouterr().out) and "since it was converted" in out
    save(OWN / "masks/images/a1.png", ids(3))
    assert dissent("verify", "data") == 1
    assert "is not the mask that data/raw/mine.masks/record.json names" in capsys.readouterr().out
    assert dissent("check", "mine", "--config-dir", "own") == 1
    assert "a1.png: is not the mask that" in capsys.readouterr().out


def test_runs_of_pixels_as_a_list_and_packed(in_tmp):
    from pycocotools import mask as runs

    value = coco_json()
    plane = np.asfortranarray(mask("a1", 1))
    value["annotations"] = [one for one in value["annotations"] if one["image_id"] not in (1, 3)]
    packed = runs.encode(plane)["counts"].decode()
    flat = plane.ravel("F")
    edges = np.flatnonzero(np.diff(flat)) + 1
    counts = np.diff([0, *edges, flat.size]).tolist()
    for id_, segmentation in ((1, packed), (3, counts)):
        mark = {"size": [16, 24], "counts": segmentation}
        value["annotations"].append({"id": 90 + id_, "image_id": id_, "category_id": 5, "segmentation": mark})
    coco(value)
    assert init() == 0
    assert all(np.array_equal(own(name), mask("a1", 1)) for name in ("a1", "a3"))


def changed(**keys) -> dict:
    """The COCO file with keys of its first annotation changed."""
    value = coco_json()
    value["annotations"][0] |= keys
    return value


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (changed(category_id=9), "instances.json: its annotation 0 has the category 9, which it does not name"),
        (changed(image_id=99), "its annotation 0 is of the image 99, which it does not list"),
        (changed(segmentation=[]), "its annotation 0 has no segmentation, perhaps a box alone"),
        (changed(segmentation=[[1, 2, 3, 4]]), "a polygon has 4 numbers"),
        (changed(segmentation={"size": [16, 24], "counts": [3, 9]}), "its runs have 12 pixels, and the image 384"),
        (changed(segmentation={"size": [16, 24], "counts": "zzz~"}), "its runs hold the letter"),
        (changed(iscrowd=1), "--crowd ignore: nobody knows"),
        (coco_json() | {"categories": [{"id": 5, "name": "x"}, {"id": 6, "name": "x"}]}, "two categories are called x"),
    ],
)
def test_a_coco_file_that_may_be_meant_otherwise_is_refused(value, told, in_tmp, capsys):
    coco(value)
    assert told in refused(capsys)


def test_crowds_images_without_marks_and_overlap_are_asked(in_tmp, capsys):
    value = changed(iscrowd=1)
    value["images"].append({"id": 50, "file_name": "a6.png", "height": 16, "width": 24})
    value["annotations"].append({"id": 70, "image_id": 1, "category_id": 6, "segmentation": [[4, 2, 8, 2, 8, 6, 4, 6]]})
    coco(value)
    assert "1 images have annotations that mark nothing: images/a6.png. Say what is meant" in refused(capsys)
    assert "crowds (1 of square)" in refused(capsys, "--unannotated", "empty")
    flags = ("--unannotated", "empty", "--crowd", "ignore")
    told = refused(capsys, *flags)
    assert "16 pixels are marked for two labels" in told and "--kind multilabel" in told
    assert init(*flags, "--overlap", "later") == 0
    assert not own("a6").any() and set(np.unique(own("a0"))) == {0, 2, 255}
    assert own("a1")[2, 4] == 2 and own("a1")[9, 11] == 1
    assert init(*flags, "--kind", "multilabel", name="bits") == 0
    assert pixels_of(Path("data/raw/bits.masks/masks/images/a1.png"))[2, 4] == 3
    assert (
        init("--unannotated", "unlabelled", "--crowd", "label", "--kind", "binary", "--labels", "it", name="one") == 0
    )
    assert written("one")["task"]["labels"] == ["it"] and not Path("data/raw/one.masks/masks/images/a6.png").exists()


def test_names_that_do_not_fit_are_told(in_tmp, capsys):
    value = coco_json()
    value["images"][0]["height"] = 17
    coco(value)
    assert "is of an image of 17 x 24 pixels (height x width), and a0.png has 16 x 24" in refused(capsys)
    value["images"][0] |= {"height": 16, "file_name": "gone.png"}
    value["categories"].append({"id": 7, "name": "rare"})
    write("raw/annotations/instances.json", value)
    assert init() == 0
    out = capsys.readouterr().out
    assert "1 image that annotations name lack here: gone.png" in out and "no image has a pixel of rare" in out


@pytest.mark.parametrize(
    ("shape", "told"),
    [
        ({"shape_type": "point", "points": [[1, 1]]}, "a `point` has no area"),
        ({"shape_type": "polygon", "points": [[1, 1], [2, 2]]}, "a polygon has three points at least, not 2"),
        ({"shape_type": "polygon", "points": [[1, 1], [2, "x"], [3, 3]]}, "has 'x' as y, which is no number"),
    ],
)
def test_labelme_shapes_without_an_area(shape, told, in_tmp, capsys):
    LAYOUTS["labelme"]()
    value = labelme_json("a1")
    value["shapes"].append({"label": "square"} | shape)
    write("raw/a1.json", value)
    assert f"a1.json: its shape 2 (square) cannot be drawn: {told}" in refused(capsys)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("0 0.5 0.5 0.1 0.1", "line 1 is a box"),
        ("7 0 0 0 1 1 1", "line 1 has the class 7, which the list of names lacks"),
        ("0 0 0 0 1 1", "line 1 has 5 numbers"),
        ("0 0 0 0 16 24 16", "line 1 has corners outside of 0 to 1"),
    ],
)
def test_yolo_lines_that_are_no_outline(line, told, in_tmp, capsys):
    LAYOUTS["yolo"]()
    write("raw/labels/train/a1.txt", line)
    assert f"labels/train/a1.txt: {told}" in refused(capsys)


def test_nnunet_with_a_number_that_it_does_not_name_and_with_regions(in_tmp, capsys):
    LAYOUTS["nnunet"]()
    save(Path("raw/labelsTr/a1.png"), ids(1, 6))
    assert "labelsTr/a1.png: has the value 4, 5, which is no id (0, 1, 2, 3)" in refused(capsys)
    save(Path("raw/labelsTr/a1.png"), ids(1, 4))
    assert init() == 0 and np.array_equal(own("a1_0000") == 255, ids(1, 4) == 3)
    write("raw/dataset.json", {"channel_names": {"0": "R"}, "labels": {"background": 0, "whole": [1, 2], "core": [2]}})
    save(Path("raw/labelsTr/a1.png"), mask("a0"))
    assert init("--kind", "multilabel", name="bits") == 0
    assert set(np.unique(pixels_of(Path("data/raw/bits.masks/masks/imagesTr/a0_0000.png")))) == {0, 1, 3}


def test_a_photograph_on_its_side_takes_the_marks_as_they_were_drawn(in_tmp, capsys):
    """Marked as it is looked at (24 x 16), as tools do; and as it is stored."""
    LAYOUTS["labelme"]()
    for name, size in (("a0", (24, 16)), ("a2", (16, 24))):
        save(Path(f"raw/{name}.png"), photo(9), exif=_turned())
        value = labelme_json("a1") | {"imageHeight": size[0], "imageWidth": size[1]}
        write(f"raw/{name}.json", value | {"imagePath": f"{name}.png"})
    assert init() == 0
    assert np.array_equal(own("a0")[:16, :16], mask("a1", 1)[:, :16])
    assert np.array_equal(own("a2"), np.rot90(mask("a1", 1), -1))
    check_too()


def _turned():
    from PIL import Image

    exif = Image.Exif()
    exif[274] = 6
    return exif


def test_masks_that_are_there_are_read_and_two_layouts_are_asked_about(in_tmp, capsys):
    coco()
    for name in NAMES:
        save(Path(f"raw/masks/{name}.png"), ids(1) * np.uint8(255))
    assert init() == 0 and "own_masks" not in written()
    images("raw2")
    write("raw2/a0.json", labelme_json("a0"))
    write("raw2/all.json", coco_json())
    assert init(raw="raw2", name="two") == 2
    assert "`--layout coco`" in (told := capsys.readouterr().err) and "`--layout labelme`" in told


def test_a_conversion_again_puts_the_first_aside(in_tmp):
    coco()
    assert init() == 0
    first = (OWN / "record.json").read_bytes()
    assert init("--anew", "--kind", "multilabel") == 0
    assert Path("data/raw/mine.masks.before1/record.json").read_bytes() == first
    assert boxes("a0", 0) and read_json(OWN / "record.json")["converted"]["layout"] == "coco"


def test_annotations_that_came_later_are_told_and_taken(in_tmp, capsys):
    LAYOUTS["labelme"]()
    assert init() == 0
    assert init() == 0 and "nothing is to be changed" in capsys.readouterr().out
    write(f"raw/{NAMES[-1]}.json", labelme_json("a2") | {"imagePath": f"{NAMES[-1]}.png"})
    value = labelme_json("a1")
    value["shapes"][0]["points"] = [[0, 0], [3, 0], [3, 3], [0, 3]]
    write("raw/a1.json", value)
    before = tree()
    assert init() == 1
    out = capsys.readouterr().out
    assert "mend    2 files of annotations changed since they were converted: a1.json, a6.json" in out
    assert "dissent import raw --into mine" in out
    assert dissent("import", "raw", "--into", "mine", "--config-dir", "own") == 0
    out = capsys.readouterr().out
    assert "new     1 image gets a mask: a6.png" in out and "changed 1 masks, 80 pixels: a1.png" in out
    assert np.array_equal(own("a6"), mask("a2")) and own("a1")[:4, :4].all() and own("a1").sum() == 16
    assert np.array_equal(pixels_of(OWN / "replaced/001/a1.png"), mask("a1"))
    assert tree() == before and init() == 0


def test_corrections_are_put_aside_by_new_settings_and_come_back(in_tmp, capsys):
    for seed, name in enumerate(NAMES):
        save(Path(f"raw/images/{name}.png"), photo(seed)), save(Path(f"raw/masks/{name}.png"), ids(seed))
    assert init() == 0
    save(Path("new/a0.png"), 1 - ids(0))
    assert dissent("import", "new", "--into", "mine", "--config-dir", "own") == 0
    assert written()["own_masks"] == str(OWN) and np.array_equal(own("a0"), 1 - ids(0))
    capsys.readouterr()
    assert init("--anew") == 0 and not OWN.exists() and "own_masks" not in written()
    assert (
        f"kept    {OWN} as {OWN}.before1: `dissent import {OWN}.before1 --into mine --format png`"
        in capsys.readouterr().out
    )
    assert dissent("import", f"{OWN}.before1", "--into", "mine", "--format", "png", "--config-dir", "own") == 0
    assert np.array_equal(own("a0"), 1 - ids(0))
