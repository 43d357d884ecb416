"""Plain PNG masks whose numbers or colours mean one label in prepared masks and another in the raw ones: a person says which."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from test_formats_misread import BINARY, THREE, with_palette

from dissent.config.mask_encoding import Channels, Colours, Encoding, Folders, Index, Zero255
from dissent.config.task import TaskSettings
from dissent.datasets.formats import FORMATS, Ask, compose
from dissent.datasets.greys import meanings_of_greys
from dissent.datasets.mask_readers import read_label
from dissent.datasets.problems import Problems

MANY = TaskSettings(kind="multilabel", labels=["border", "nucleus"])
FROM_ONE = Index(ids=[1, 2, 3])
WHITE = Zero255(name="zero_255")
TWO_COLOURS = Colours(name="colours", table=[[255, 255, 255], [0, 0, 0]])
SWAPPED = Colours(name="colours", table=[[0, 0, 0], THREE.palette[2], THREE.palette[1]])


def png(image: Image.Image, task: TaskSettings, encoding: Encoding, numbers: str | None = None) -> np.ndarray:
    Path("m").mkdir(exist_ok=True)
    image.save("m/i.png")
    ask = Ask(task=task, encoding=encoding, numbers=numbers)
    [one] = FORMATS["png"].read(Path("m"), ask, Problems()).marks
    return compose(one.layers(*one.size), one.size, task).ids


def grey(*values: int) -> Image.Image:
    return Image.fromarray(np.array([values], np.uint8))


def colours(*numbers: int) -> Image.Image:
    return Image.fromarray(np.array(THREE.palette, np.uint8)[[list(numbers)]])


@pytest.mark.parametrize(
    ("image", "task", "encoding", "told", "raw", "ours"),
    [
        (grey(1, 2), THREE, FROM_ONE, "the number 1, which may be `cell` .* or `background`", [0, 1], [1, 2]),
        (grey(1, 2).convert("P"), THREE, FROM_ONE, "the number 1", [0, 1], [1, 2]),
        (grey(0, 1, 255), BINARY, Index(ids=[255], ignore=[1]), "the number 1", [0, 255, 1], [0, 1, 255]),
        (grey(0, 1), BINARY, Zero255(name="zero_255", threshold=9), "the number 1", [0, 0], [0, 1]),
        (grey(0, 1), BINARY, Index(ids=[0], ignore=[1]), "the number 0", [1, 255], [0, 1]),
        (grey(0, 1, 255), BINARY, WHITE, "255, which may be what nobody knows .* or `cell`", None, [0, 1, 255]),
        (grey(0, 255), BINARY, WHITE, "255, which may be what nobody knows .* or `cell`", [0, 1], None),
        (grey(0, 255), BINARY, TWO_COLOURS, "0, which may be `background` .* or `cell`", [1, 0], None),
        (colours(0, 1), THREE, SWAPPED, "the colour 230 159 0, which may be `cell` .* or `debris`", [0, 2], [0, 1]),
        (with_palette(np.array([[0, 1]], np.uint8), [[0, 0, 0], THREE.palette[2]]), THREE, Index(), "the colour", [0, 1], [0, 2]),
        (grey(0, 1), MANY, Folders(name="folders"), "in which it is the label of the folder.* `border`", None, [0, 1]),
        (grey(0, 255), MANY, Folders(name="folders"), "in which it is the label of the folder", None, [0, 255]),
    ],
)  # fmt: skip
def test_what_means_another_label_in_raw_masks_is_asked_about(image, task, encoding, told, raw, ours, in_tmp):
    with pytest.raises(ValueError, match=told):
        png(image, task, encoding)
    for numbers, wanted in (("raw", raw), ("ours", ours)):
        if wanted is None:
            with pytest.raises(ValueError):
                png(image, task, encoding, numbers)
        else:
            assert png(image, task, encoding, numbers).tolist() == [wanted]


@pytest.mark.parametrize(
    ("image", "task", "encoding", "wanted"),
    [
        (with_palette(np.array([[1, 2]], np.uint8), THREE.palette), THREE, FROM_ONE, [1, 2]),
        (colours(0, 2), THREE, FROM_ONE, [0, 2]),
        (grey(1, 2), THREE, Index(), [1, 2]),
        (grey(0, 1), BINARY, WHITE, [0, 1]),
        (grey(0, 3), MANY, Folders(name="folders"), [0, 3]),
        (grey(0, 1), MANY, Channels(name="channels"), [0, 1]),
        (grey(0, 1), BINARY, Folders(name="folders"), [0, 1]),
    ],
)
def test_what_means_one_label_alone_is_read(image, task, encoding, wanted, in_tmp):
    assert png(image, task, encoding).tolist() == [wanted]


def test_what_is_no_mask_of_ours_is_told_how_to_be_read(in_tmp):
    strange = with_palette(np.array([[0, 1]], np.uint8), [[0, 0, 0], [1, 2, 3]])
    with pytest.raises(ValueError, match=r"none of the labels'.*; or say `--numbers raw` if it is like the raw masks"):
        png(strange, THREE, Index())
    assert png(strange, THREE, Index(), "raw").tolist() == [[0, 1]]


@pytest.mark.parametrize(
    ("task", "encoding"),
    [
        (THREE, FROM_ONE),
        (THREE, Index(ids=[[7, 9], 2, 3], ignore=[0])),
        (BINARY, WHITE),
        (BINARY, Zero255(name="zero_255", threshold=9, ignore=[4])),
        (BINARY, Folders(name="folders")),
        (BINARY, Colours(name="colours", table=[[0, 0, 0], [250, 250, 250]], ignore=[[90, 90, 90]], tolerance=3)),
        (MANY, Index()),
    ],
)
def test_a_grey_means_what_reading_a_mask_says(task, encoding, in_tmp):
    meant = meanings_of_greys(encoding, task)
    assert meant
    for value in range(256):
        grey(value).save("m.png")
        try:
            label = read_label([Path("m.png")], encoding, task)
        except ValueError:
            label = None
        known = label is not None and not label.unmapped
        assert meant.get(value) == (int(label.ids[0, 0]) if known else None), value
