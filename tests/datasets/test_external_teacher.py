"""Masks of teachers from outside are read as they are meant, or refused with the file, the value and the remedy."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dissent.config.external_teacher import ExternalTeacher, check_teachers
from dissent.config.task import TaskSettings
from dissent.core.files import UserError, read_json, read_mask, read_table, sha256, write_table
from dissent.datasets.decode import turned_back
from dissent.datasets.external_teacher import read_teacher

TASKS = {
    "binary": TaskSettings(kind="binary", labels=["cell"]),
    "multiclass": TaskSettings(kind="multiclass", labels=["soil", "tree", "sky"], background="soil"),
    "multilabel": TaskSettings(kind="multilabel", labels=["a", "b"]),
}


def made(masks, raw=(4, 6)):
    """Tables of a split with the images x and y, y of validation, and the masks that a tool has of them."""
    rows = [
        {"id": name, "image": f"data/d/images/{name}.png", "image_sha256": "-"}
        | dict(zip(("raw_height", "raw_width"), raw, strict=True))
        for name in "xy"
    ]
    write_table("files.csv", rows, tuple(rows[0]), keeper=False)
    Path("dataset.json").unlink(missing_ok=True)
    for subset, row in zip(("unlabelled", "val"), rows, strict=True):
        write_table(f"{subset}.csv", [row], tuple(row), keeper=False)
    for name, pixels in masks.items():
        path = Path("tool", f"{name}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.asarray(pixels)).save(path)


def read(kind, size=(2, 3), geometry=None, exif="auto", **teacher):
    params = {
        "size": list(size),
        "geometry": geometry or {"name": "whole"},
        "published": False,
        "exif": exif,
        "task": TASKS[kind].model_dump(mode="json"),
        "palette": TASKS[kind].palette,
        "threads": 1,
        "teacher": ExternalTeacher(name="sam", masks="tool", **teacher).model_dump(mode="json"),
    }
    subsets = {"unlabelled": "unlabelled.csv", "val": "val.csv"}
    read_teacher(params, subsets, "files.csv", "out", "out.csv")
    return read_mask("out/x.png").tolist()


SMALL = np.array([[0, 7, 9], [0, 0, 7]], np.uint8)


@pytest.mark.parametrize(
    ("kind", "pixels", "teacher", "wanted"),
    [
        ("binary", SMALL // 7, {}, [[0, 1, 1], [0, 0, 1]]),
        ("binary", (SMALL > 0) * np.uint8(255), {"mask_encoding": {"name": "zero_255"}}, [[0, 1, 1], [0, 0, 1]]),
        ("binary", SMALL * np.uint16(500), {"ids": {"background": 0, "cell": "others"}}, [[0, 1, 1], [0, 0, 1]]),
        ("multiclass", SMALL, {"ids": {"sky": [0], "tree": [7, 9]}}, [[2, 1, 1], [2, 2, 1]]),
        ("multiclass", SMALL, {"ids": {"sky": 9, "soil": "others"}}, [[0, 0, 2], [0, 0, 0]]),
        ("multilabel", SMALL, {"ids": {"background": 0, "a": [7, 9], "b": 9}}, [[0, 1, 3], [0, 0, 1]]),
        ("multilabel", SMALL // 3, {}, [[0, 2, 3], [0, 0, 2]]),
    ],
)
def test_ids_and_codings_become_ours(in_tmp, kind, pixels, teacher, wanted):
    made({"x": pixels})
    assert read(kind, **teacher) == wanted
    [row] = read_table("out.csv")
    assert (row["teacher"], row["prediction"], row["sha256"]) == ("sam", "out/x.png", sha256("out/x.png"))
    about = read_json("out.json")
    assert about["sources"] == {"x.png": sha256("tool/x.png")} and about["folder"] == "tool" and not about["scored"]


def test_masks_of_raw_images_come_to_size_as_labels_do(in_tmp):
    large = np.repeat(np.repeat(SMALL // 7, 2, 0), 2, 1)
    made({"x_seg": large, "y_seg": large})
    assert read("binary", suffix="_seg") == [[0, 1, 1], [0, 0, 1]]
    assert [row["id"] for row in read_table("out.csv")] == ["x", "y"] and read_json("out.json")["scored"]
    assert read("binary", (2, 2), {"name": "centre", "window": [2, 2]}, suffix="_seg") == [[1, 1], [0, 0]]


def test_masks_of_each_label_in_a_folder_of_its_own(in_tmp):
    made({"a/x": (SMALL > 0) * np.uint8(255), "b/x": (SMALL > 7) * np.uint8(255)})
    assert read("multilabel", mask_encoding={"name": "folders"}) == [[0, 1, 3], [0, 0, 1]]


@pytest.mark.parametrize(
    ("masks", "teacher", "words"),
    [
        ({"x_cp": SMALL}, {}, r"tool: has no x\.png; .*`suffix`.*There are x_cp\.png"),
        ({"x": SMALL[:, :2]}, {}, r"tool/x\.png: has 2 x 2 pixels .* the prepared and the raw image 2 x 3 or 4 x 6"),
        ({"x": SMALL}, {}, r"tool/x\.png: has the value 7, 9, which is no id \(0, 1\)"),
        (
            {"x": SMALL},
            {"ids": {"background": 0, "cell": 7}},
            r"x\.png: has the value 9.*name it in `ids`.*`LABEL: others`",
        ),
        (
            {"x": SMALL},
            {"mask_encoding": {"name": "index", "ids": [7], "ignore": [9]}},
            r"x\.png: has 1 pixels of which",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_remedy(in_tmp, masks, teacher, words):
    made(masks)
    with pytest.raises(UserError, match=words):
        read("binary", **teacher)
    assert not Path("out.csv").exists()


@pytest.mark.parametrize(
    ("kind", "teachers", "words"),
    [
        ("binary", [{"ids": {"car": 1}}], r"`ids: \{car: \.\.\.\}`: there are the labels background, cell"),
        ("multiclass", [{"ids": {"sky": 1, "tree": [1, 2]}}], "gives 1 to two labels"),
        ("binary", [{"mask_encoding": {"name": "channels"}}], r"is for multilabel tasks, not for binary"),
        ("binary", [{}, {}], "two called `sam`"),
        ("binary", [{"masks": "./results/r/gen1/predictions/teacher1"}], "is what the run r makes itself"),
        ("binary", [{"masks": "results/../results//r"}], "is what the run r makes itself"),
    ],
)
def test_settings_that_do_not_fit_the_task_are_refused(kind, teachers, words):
    found = [ExternalTeacher(**{"name": "sam", "masks": "tool"} | one) for one in teachers]
    with pytest.raises(ValueError, match=words):
        check_teachers(found, TASKS[kind], "r")


@pytest.mark.parametrize("tag", [3, 6])
@pytest.mark.parametrize("teacher", [{}, {"ids": {"background": 0, "cell": 1}}])
def test_a_mask_is_turned_by_its_own_tag(in_tmp, tag, teacher):
    """`dissent predict` stores masks as photographs lie, with their tag; `exif: none` takes every file as it is stored."""
    exif = Image.Exif()
    exif[274] = tag
    upright = SMALL // 7
    made({"x": upright})
    Image.fromarray(turned_back(upright, tag)).save("tool/x.png", exif=exif)
    assert read("binary", **teacher) == upright.tolist()
    Image.fromarray(upright).save("tool/x.png", exif=exif)
    assert read("binary", exif="none", **teacher) == upright.tolist()
