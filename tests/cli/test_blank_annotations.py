"""Annotations that draw nothing, or something else than was meant, are refused: their image would be all background."""

from pathlib import Path

import numpy as np
import pytest
from annotated_data import LAYOUTS, NAMES, SQUARE, box, coco, coco_json, images, labelme_json, mask, write
from cli_data import dissent, pixels_of
from init_data import init
from raw_data import ids, photo, save

OWN = Path("data/raw/mine.masks")
SHARE = [[0.2, 0.1], [0.5, 0.1], [0.5, 0.6], [0.2, 0.6]]
OUTSIDE = [[100, 100], [120, 100], [120, 110], [100, 110]]


def bring(what: object, *more: object) -> int:
    return dissent("import", what, "--into", "mine", "--config-dir", "own", *more)


def plain() -> None:
    """A data set with the label `object`, all of plain masks."""
    images("raw/images")
    for name in NAMES:
        save(Path(f"raw/masks/{name}.png"), mask(name, 1))
    assert init() == 0


def of_coco(*areas: list) -> dict:
    """Image a1 with areas of the label `object`."""
    value = coco_json(["a1"]) | {"categories": [{"id": 5, "name": "object"}]}
    rings = [[side for corner in area for side in corner] for area in areas]
    marks = [{"id": 70 + n, "image_id": 0, "category_id": 5, "segmentation": [ring]} for n, ring in enumerate(rings)]
    return value | {"annotations": marks}


def of_labelme(*areas: list) -> dict:
    return labelme_json("a1") | {"shapes": [{"label": "object", "points": area} for area in areas]}


def of_label_studio(*areas: list) -> list:
    result = [
        {"type": "polygonlabels", "original_height": 16, "original_width": 24}
        | {"value": {"points": area, "polygonlabels": ["object"]}}
        for area in areas
    ]
    return [{"id": 1, "data": {"image": "a1.png"}, "annotations": [{"result": result}]}]


TOOLS = {of_coco: "COCO has pixels", of_labelme: "Labelme has pixels", of_label_studio: "Label Studio has percent"}


@pytest.mark.parametrize("written", TOOLS)
def test_shares_of_sides_are_not_taken_for_pixels(written, in_tmp, capsys):
    plain()
    write("new.json", written(SHARE, SHARE))
    assert bring("new.json", "--unannotated", "empty") == 1 and not OWN.exists()
    assert (
        f"all corners in a1.png lie between 0 and 1, such as 0.2, so they seem to be shares of its sides: {TOOLS[written]}"
        in capsys.readouterr().out
    )


@pytest.mark.parametrize("written", TOOLS)
def test_an_image_whose_annotations_have_no_pixel_is_refused_and_beside_others_they_are_told(written, in_tmp, capsys):
    plain()
    write("new.json", written([[200 + x, 300 + y] for x, y in OUTSIDE]))
    assert bring("new.json", "--unannotated", "empty") == 1 and not OWN.exists()
    assert "none of its 1 annotations has a pixel of a1.png (16 x 24, height x width)" in capsys.readouterr().out
    write("new.json", written([[200 + x, 300 + y] for x, y in OUTSIDE], box(SQUARE[0], slice(0, 5), 1), SHARE))
    assert bring("new.json") == 0
    assert "note    1 annotations have no pixel inside of their image: " in capsys.readouterr().out


def test_init_refuses_them_too(in_tmp, capsys):
    value = coco_json()
    marks = [one for one in value["annotations"] if one["image_id"] == 1]
    marks[0]["segmentation"] = [[side for corner in SHARE for side in corner]]
    coco(value)
    assert init() == 2 and not OWN.exists()
    assert "image 1: all corners in a1.png lie between 0 and 1, such as 0.2" in capsys.readouterr().err
    marks[0]["segmentation"] = [[side for corner in OUTSIDE for side in corner]]
    write("raw/annotations/instances.json", value)
    assert init() == 2 and "image 1: none of its 1 annotations has a pixel of a1.png" in capsys.readouterr().err
    value = coco_json()
    assert value["annotations"][0]["image_id"] == value["annotations"][1]["image_id"] == 0
    value["annotations"][0]["segmentation"] = [[0, 0, 1, 0, 1, 1, 0, 1]]  # one pixel, beside a bar
    write("raw/annotations/instances.json", value)
    assert init() == 0 and pixels_of(OWN / "masks/images/a0.png")[0, :3].tolist() == [1, 0, 0]


def test_numbers_of_masks_are_asked_about_unless_cellpose_made_them(in_tmp, capsys):
    """0, 1 and 255: labels with what nobody knows, or two objects."""
    plain()
    numbers = ids(1)
    numbers[:4] = 255
    save(Path("new/a1_masks.png"), numbers)
    for what in ("new", "new/a1_masks.png"):
        assert bring(what) == 2 and not OWN.exists()
        told = capsys.readouterr().err
        assert "`--format cellpose`: objects, which become one label; `--format png`: labels, once each" in told
    write("new/drafts.csv", "id,source,image\na1,images/a1.png,images/a1.png\n")
    Path("new/masks").mkdir()  # drafts of plain masks
    assert bring("new") == 2
    Path("new/masks").rmdir()
    assert bring("new", "--dry-run") == 0
    Path("new/drafts.csv").unlink()
    assert bring("new", "--dry-run", "--format", "cellpose") == 0
    Path("new/a1_seg.npy").write_bytes(b"what Cellpose keeps")
    assert bring("new/a1_masks.png") == 0
    assert np.array_equal(pixels_of(OWN / "masks/images/a1.png"), (numbers > 0).astype(np.uint8))


def test_a_folder_that_was_converted_as_cellposes_is_not_asked_about(in_tmp, capsys):
    LAYOUTS["cellpose"]()
    Path("raw/a0_seg.npy").unlink()
    assert init() == 2 and "`--layout cellpose`: objects" in capsys.readouterr().err
    assert init("--layout", "cellpose") == 0
    save(Path("raw/a6.png"), photo(9)), save(Path("raw/a6_masks.png"), ids(3, 2))
    assert bring("raw") == 0 and np.array_equal(pixels_of(OWN / "masks/a6.png"), ids(3, 2))
