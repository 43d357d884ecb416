"""Annotations that look like others: each is read as it is meant, or refused with the remedy. None becomes a wrong label."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from annotated_data import images, mask, write
from init_data import init, written
from PIL import Image
from raw_data import photo, save

from dissent.config.task import TaskSettings
from dissent.core.files import UserError
from dissent.datasets.annotated import Choices, draw, mask_of
from dissent.datasets.decode import Header, turned
from dissent.datasets.formats import FORMATS, Annotations, Ask, Draft, Layer, Marks, compose
from dissent.datasets.problems import Problems

BINARY = TaskSettings(kind="binary", labels=["cell"])
THREE = TaskSettings(kind="multiclass", labels=["background", "cell", "debris"])
IDS = np.array([[0, 2, 2], [0, 2, 255]], np.uint8)
BLACK_WHITE = np.array([[0, 255, 255]], np.uint8)


def turned_by(tag: int) -> Image.Exif:
    exif = Image.Exif()
    exif[274] = tag
    return exif


def with_palette(numbers: np.ndarray, colours: list[list[int]]) -> Image.Image:
    image = Image.fromarray(numbers)
    image.putpalette([channel for colour in colours for channel in colour])
    return image


def png(image: Image.Image, task: TaskSettings = THREE, **options) -> np.ndarray:
    Path("m").mkdir(exist_ok=True)
    image.save("m/i.png", **options)
    [one] = FORMATS["png"].read(Path("m"), Ask((), task), Problems()).marks
    return compose(one.layers(*one.size), one.size, task).ids


def read(form: str, task: TaskSettings | None = None) -> tuple[Annotations, Problems]:
    return FORMATS[form].read(Path("raw"), Ask((), task), problems := Problems()), problems


def test_a_palette_without_its_unused_colours_is_read_by_its_colours(in_tmp):
    few = with_palette(np.array([[0, 1, 1], [0, 1, 2]], np.uint8), [THREE.palette[n] for n in (0, 2, 255)])
    assert np.array_equal(png(few), IDS)
    assert np.array_equal(png(with_palette(IDS, THREE.palette)), IDS)
    with pytest.raises(ValueError, match=r"has the colour .1, 2, 3., which is none of the labels'"):
        png(with_palette(np.array([[0, 1]], np.uint8), [[0, 0, 0], [1, 2, 3]]))


def test_colours_that_are_transparent_or_of_two_labels_are_refused(in_tmp):
    colours = np.array(THREE.palette, np.uint8)[IDS]
    assert np.array_equal(png(Image.fromarray(np.dstack([colours, IDS * 0 + 255]))), IDS)
    with pytest.raises(ValueError, match="transparent"):
        png(Image.fromarray(np.dstack([colours, IDS])))
    alike = THREE.model_copy(update={"colours": [[0, 0, 0], [9, 9, 9], [9, 9, 9]]})
    with pytest.raises(ValueError, match="has the colour of both 1 and 2"):
        png(Image.fromarray(np.array(alike.palette, np.uint8)[IDS]), alike)


@pytest.mark.parametrize(
    "image",
    [
        Image.fromarray(BLACK_WHITE),
        Image.fromarray(BLACK_WHITE).convert("P"),
        Image.fromarray(BLACK_WHITE).convert("RGB"),
        with_palette(BLACK_WHITE // 255, [[0, 0, 0], [255, 255, 255]]),
    ],
)
def test_black_and_white_is_not_taken_for_what_nobody_knows(image, in_tmp):
    with pytest.raises(
        ValueError, match=r"has 0 and 255 alone, black and white.* save the label as 1, or keep the palette"
    ):
        png(image, BINARY)
    assert np.array_equal(png(with_palette(BLACK_WHITE, BINARY.palette), BINARY), BLACK_WHITE)


def test_white_alone_is_refused_too_and_beside_labels_it_is_what_nobody_knows(in_tmp):
    with pytest.raises(ValueError, match="has 255 alone"):
        png(Image.fromarray(BLACK_WHITE[:, 1:]), BINARY)
    some = np.array([[0, 1, 255]], np.uint8)
    assert all(np.array_equal(png(Image.fromarray(some).convert(mode), BINARY), some) for mode in ("L", "LA", "P"))


def test_greys_of_few_bits_are_refused(in_tmp):
    with pytest.raises(ValueError, match="has greys of 1 bits"):
        png(Image.fromarray(BLACK_WHITE > 0), BINARY)


def test_a_mask_is_turned_by_its_own_tag(in_tmp):
    exif = turned_by(6)
    assert np.array_equal(png(with_palette(IDS, THREE.palette), exif=exif), np.rot90(IDS, -1))


@pytest.mark.parametrize("form", ["nnunet", "cellpose"])
def test_masks_of_tools_are_turned_by_their_own_tag(form, in_tmp):
    folders = {"nnunet": ("imagesTr/a_0000.png", "labelsTr/a.png"), "cellpose": ("a.png", "a_cp_masks.png")}
    image, label = (Path("raw", path) for path in folders[form])
    save(image, photo(1))
    label.parent.mkdir(exist_ok=True)
    Image.fromarray(IDS % 255 // 2).save(label, exif=turned_by(6))
    write("raw/dataset.json", {"labels": {"background": 0, "object": 1}, "channel_names": {"0": "R"}})
    found, problems = read(form)
    assert not problems
    [marks] = found.marks
    assert marks.size == (3, 2) and marks.tagged
    [plane] = [layer.plane for layer in marks.layers(3, 2) if layer.label == "object"]
    assert np.array_equal(plane, np.rot90(IDS == 2, -1))


def test_images_of_nnunet_in_two_folders_may_have_one_name(in_tmp):
    for seed, name in enumerate(("p1/a", "p2/a", "p2/b")):
        save(Path(f"raw/imagesTr/{name}_0000.png"), photo(seed))
    save(Path("raw/labelsTr/p1/a.png"), IDS % 255), save(Path("raw/labelsTr/b.png"), IDS % 255)
    write("raw/dataset.json", {"labels": {"background": 0, "cell": 2}, "channel_names": {"0": "R"}})
    found, problems = read("nnunet")
    assert [one.image for one in found.marks] == ["imagesTr/p1/a_0000.png"]
    assert problems == ["labelsTr/b.png: there is no image b_0000 in imagesTr"]


@pytest.mark.parametrize(
    ("form", "image", "label"),
    [("nnunet", "imagesTr/a_0000", "labelsTr/a.png"), ("cellpose", "a", "a_cp_masks.png")],
)
def test_of_two_images_of_one_name_none_is_taken_unasked(form, image, label, in_tmp):
    for ending in (".bmp", ".png"):
        save(Path(f"raw/{image}{ending}"), photo(1))
    save(Path(f"raw/{label}"), IDS % 255)
    write("raw/dataset.json", {"labels": {"background": 0, "cell": 2}, "channel_names": {"0": "R"}})
    found, [told] = read(form)
    assert not found.marks and told.startswith(f"{label}: {image}.bmp, {image}.png may each be its image")
    found = FORMATS[form].read(Path("raw"), Ask([f"{image}.bmp"]), problems := Problems())
    assert [one.image for one in found.marks] == [f"{image}.png"] and not problems


@pytest.mark.parametrize(
    ("heeds", "tag", "size"), [(False, 3, (2, 3)), (False, 2, (2, 3)), (True, 3, (2, 3)), (False, 6, None)]
)
def test_a_photograph_that_tools_turn_and_its_size_does_not_tell_is_refused(heeds, tag, size):
    with pytest.raises(ValueError, match="nothing tells whether it was marked as turned"):
        draw(marked(size), Header("JPEG", "RGB", 8, (2, 3), tag), heeds)


@pytest.mark.parametrize("tag", [6, 8])
@pytest.mark.parametrize("heeds", [False, True])
def test_marks_come_to_lie_as_the_image_is_looked_at(heeds, tag):
    """The size tells whether they were drawn on the photograph as stored or as shown; a tag of a mask's own says: as shown."""
    stored = np.array([[0, 1, 1], [0, 0, 0]], np.uint8)
    shown = turned(stored, tag)
    header = Header("JPEG", "RGB", 8, stored.shape, tag)
    for marks in (marked(stored.shape, stored), marked(shown.shape, shown)):
        assert np.array_equal(mask_of(draw(marks, header, heeds), BINARY, Choices()), shown if heeds else stored)
    upside = replace(marked(stored.shape, stored), tagged=True)
    seen = mask_of(draw(upside, replace(header, orientation=3), heeds), BINARY, Choices())
    assert np.array_equal(seen, stored if heeds else turned(stored, 3))


def marked(size, ids=IDS) -> Marks:
    return Marks("i.jpg", "i.json", lambda *_: [Layer("cell", ids == 1)], size)


def test_empty_lines_of_yolo_keep_the_numbers_of_other_classes(in_tmp):
    images("raw/images", ["a0"])
    write("raw/labels/a0.txt", "2 0 0 1 0 1 1\n")
    for name, text in (("classes.txt", "cell\n\ndebris\n"), ("data.yaml", "names: [cell, '', debris]")):
        write(f"raw/{name}", text)
        found, problems = read("yolo")
        assert not problems and found.labels == ["cell", "debris"]
        assert [layer.label for layer in found.marks[0].layers(4, 4)] == ["debris"]
    write("raw/labels/a0.txt", "1 0 0 1 0 1 1\n")
    assert "line 1 has the class 1, which the list of names lacks" in read("yolo")[1][0]
    Path("raw/data.yaml").unlink()
    write("raw/classes.txt", "\ncell\ndebris\n")
    assert "classes.txt: it begins with an empty line" in read("yolo")[1][0]


def test_tasks_of_label_studio_that_were_turned_or_have_no_image_are_refused(in_tmp):
    size = {"original_height": 2, "original_width": 3, "type": "polygonlabels", "value": {"polygonlabels": ["cell"]}}
    tasks = [
        {"id": 1, "data": {"image": "x/a.png"}, "annotations": [{"result": [size | {"image_rotation": 90}]}]},
        {"id": 2, "data": {"text": "a"}, "annotations": [{"result": []}]},
        {"id": 3, "data": {"left": "x/a.png", "right": "x/b.png"}, "annotations": [{"result": []}]},
        {"id": 4, "data": {"note": "cell/debris", "image": "x/c.png"}, "annotations": [{"result": []}]},
    ]
    write("raw/t.json", json.dumps(tasks))
    found, problems = read("label-studio")
    assert [one.image for one in found.marks] == ["x/c.png"]
    assert "task 1" in problems[0] and "turned by 90 degrees" in problems[0]
    assert "task 2" in problems[1] and "no path or address of an image, where one is needed: text" in problems[1]
    assert "task 3" in problems[2] and "2 path or address of an image, where one is needed: left, right" in problems[2]


def test_a_label_that_cvat_takes_for_nothing_is_refused(in_tmp):
    task = TaskSettings(kind="multiclass", labels=["void", "background", "cell"], background="void")
    with pytest.raises(UserError, match="the task has a label of that name: rename it"):
        FORMATS["cvat"].write(Path("out"), iter([Draft("i.png", IDS)]), task)
    write("raw/labelmap.txt", "background:0,0,0::\n")
    with pytest.raises(UserError, match="the task has a label of that name: rename it"):
        read("cvat", task)


def test_masks_beside_images_are_asked_about_unless_cellpose_made_them(in_tmp, capsys):
    for seed in range(7):
        save(Path(f"raw/i{seed}.png"), photo(seed))
        save(Path(f"raw/i{seed}_masks.png"), mask("a2"))
    assert init() == 2
    told = capsys.readouterr().err
    assert "`--layout cellpose`: objects" in told and "`--layout masks`: classes" in told
    assert not Path("data/raw/mine.masks").exists()
    assert init("--layout", "cellpose", name="cells") == 0 and written("cells")["task"]["labels"] == ["object"]
    for path in Path("raw").glob("*_masks.png"):
        path.rename(path.with_name(path.name.replace("_masks", "_cp_masks")))
    assert init() == 0
