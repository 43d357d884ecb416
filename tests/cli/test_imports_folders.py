"""Of which image an annotation is: the folder that its path names counts, where folders tell images apart."""

import json
from pathlib import Path

import numpy as np
import pytest
from annotated_data import LAYOUTS, coco_json, images, labelme_json, mask, write
from cli_data import dissent, pixels_of
from init_data import init
from raw_data import ids, photo, save

from dissent.cli.imports.beside import of_images
from dissent.datasets.formats import FORMATS, Ask
from dissent.datasets.naming import Names
from dissent.datasets.problems import Problems

OWN = Path("data/raw/mine.masks")


def bring(what: object, *more: object) -> int:
    return dissent("import", what, "--into", "mine", "--config-dir", "own", *more)


def patients(*names: str) -> None:
    """A data set of these images, all with a mask of `object`."""
    for seed, name in enumerate(names):
        save(Path(f"raw/images/{name}.png"), photo(seed)), save(Path(f"raw/masks/{name}.png"), ids(seed))
    assert init() == 0


def coco(path: str) -> str:
    value = coco_json(["a1"]) | {"categories": [{"id": 5, "name": "object"}]}
    value["images"][0]["file_name"] = path
    write("new.json", value)
    return "new.json"


def label_studio(path: str) -> str:
    points = [[100 * x / 24, 100 * y / 16] for x, y in ((4, 2), (11, 2), (11, 9), (4, 9))]
    value = {"points": points, "polygonlabels": ["object"]}
    result = {"type": "polygonlabels", "original_height": 16, "original_width": 24, "value": value}
    data = {"image": f"/data/local-files/?d={path}"}
    write("new.json", [{"id": 1, "data": data, "annotations": [{"result": [result]}]}])
    return "new.json"


def labelme(path: str) -> str:
    write("new/a1.json", json.dumps(labelme_json("a1") | {"imagePath": path}).replace("square", "object"))
    return "new"


@pytest.mark.parametrize("written", [coco, label_studio, labelme])
@pytest.mark.parametrize("path", ["p2/a1.png", "../images/p2/a1.png", "p3/a1.png", "/far/raw2/p3/a1.png"])
def test_an_annotation_of_another_folder_is_refused(written, path, in_tmp, capsys):
    """Of one that is known here, and of one that is not."""
    patients("p1/a0", "p1/a1", "p1/a2", "p2/b0", "p2/b1", "p2/b2")
    capsys.readouterr()
    assert bring(written(path)) == 1 and not OWN.exists()
    assert "images/p1/a1.png" in (told := capsys.readouterr().out) and path.lstrip("/") in told
    assert "p3" not in path or "call it images/p1/a1.png there, or by its name without a folder" in told


@pytest.mark.parametrize("written", [coco, label_studio, labelme])
@pytest.mark.parametrize("path", ["p1/a1.png", "../images/p1/a1.png", "C:/x/raw/images/p1/a1.png", "a1.png"])
def test_the_same_folder_is_known_by_a_longer_path_and_a_name_alone_will_do(written, path, in_tmp):
    patients("p1/a0", "p1/a1", "p1/a2", "p2/b0", "p2/b1", "p2/b2")
    assert bring(written(path)) == 0
    assert np.array_equal(pixels_of(OWN / "masks/images/p1/a1.png"), mask("a1", 1))


@pytest.mark.parametrize("written", [coco, label_studio, labelme])
def test_where_one_folder_holds_all_images_its_name_may_be_another(written, in_tmp):
    patients("a0", "a1", "a2", "b0", "b1", "b2")
    assert bring(written("upload/12/a1.png")) == 0
    assert np.array_equal(pixels_of(OWN / "masks/images/a1.png"), mask("a1", 1))


def test_what_label_studio_uploaded_is_known_by_its_name(in_tmp):
    patients("p1/a0", "p1/a1", "p1/a2", "p2/b0", "p2/b1", "p2/b2")
    value = json.loads(Path(label_studio("x")).read_text())
    value[0]["data"]["image"] = "/data/upload/12/0123abcd-a1.png"
    write("new.json", value)
    assert bring("new.json") == 0 and (OWN / "masks/images/p1/a1.png").is_file()


def test_a_copy_beside_a_json_of_labelme_does_not_hide_the_folder_that_it_names(in_tmp, capsys):
    patients("p1/a0", "p1/a1", "p1/a2", "p2/b0", "p2/b1", "p2/b2")
    images("new", ["a1"])
    assert bring(labelme("../images/p3/a1.png")) == 1 and not OWN.exists()
    assert "a1.json: is of ../images/p3/a1.png" in capsys.readouterr().out
    assert bring(labelme("a1.png")) == 0


def test_an_image_beside_its_json_is_meant_whatever_path_the_json_has(in_tmp):
    """A folder that was moved: `init` takes what lies there."""
    LAYOUTS["labelme"]()
    images("raw/more", ["b0"])
    write("raw/a1.json", labelme_json("a1") | {"imagePath": "..\\old\\a1.png"})
    assert init() == 0 and np.array_equal(pixels_of(OWN / "masks/a1.png"), mask("a1"))


def test_a_folder_of_drafts_is_asked_of_its_own_images_alone(in_tmp):
    images("raw/images/p2", ["a1"]), images("out/images", ["a1"])
    write("out/drafts.csv", "id,source,image\na1,images/p1/a1.png,images/a1.png\n")
    whole = Path("raw/images/p2/a1.png").resolve().as_posix()
    for path, image in (("../images/a1.png", "images/p1/a1.png"), ("../../raw/images/p2/a1.png", whole)):
        for folder in ("out", "out/export"):
            write("out/export/a1.json", labelme_json("a1") | {"imagePath": path})
            [one] = of_images(Path(folder), FORMATS["labelme"].read(Path(folder), Ask(), Problems())).marks
            assert (one.image, one.sent) == (image, image != whole)


def test_folders_that_differ_above_one_of_equal_names_count():
    names = Names([("p1/images/a.png", "a"), ("p2/images/b.png", "b"), ("c.png", "c")], root="raw")
    assert names.astray("p3/images/a.png", "p1/images/a.png")
    assert names.astray("x/c.png", "c.png") and not names.astray("/home/raw/c.png", "c.png")
    assert not names.astray("images/a.png", "p1/images/a.png") and not names.astray("a.png", "p1/images/a.png")
    assert not names.astray("/home/raw/p1/images/a", "p1/images/a.png")
    assert not names.astray("x/../a.png", "p1/images/a.png")
