"""Masks of `dissent predict` become labels only where a person changed them, under the names that they were written with."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from annotated_data import MARKED, coco_json, images, mask, write
from cli_data import TASKS, dissent, generation, pixels_of, predict
from init_data import init
from PIL import Image
from raw_data import ids, photo, save

from dissent.config.task import TaskSettings
from dissent.core.files import read_json, write_json

OWN = Path("data/raw/mine.masks")
FREE = ["b0", "b1", "b2"]
"""images without a mask"""


def bring(what: object = "out", *more: object) -> int:
    return dissent("import", what, "--into", "mine", "--config-dir", "own", *more)


def started(kind: str, labels: str, *more: str) -> None:
    """A data set with other labels, or another order of them, and what a network says of its unlabelled images in out/."""
    for seed, name in enumerate([*(f"a{number}" for number in range(9)), *FREE]):
        save(Path(f"raw/images/{name}.png"), photo(seed))
        if name in FREE:
            save(Path(f"photos/{name}.png"), photo(seed))
        else:
            save(Path(f"raw/masks/{name}.png"), ids(seed, 8 if kind == "multilabel" else 3))
    assert init("--labels", labels, *more) == 0
    generation(kind)
    assert predict() == 0


def corrected(name: str, value: int) -> np.ndarray:
    """A mask of which a person changed an area, and kept the palette."""
    path = Path(f"out/masks/{name}.png")
    with Image.open(path) as image:
        pixels, palette = np.array(image), image.getpalette()
    pixels[:5, :5] = np.where(pixels[:5, :5] == value, 0, value)
    changed = Image.fromarray(pixels)
    changed.putpalette(palette)
    changed.save(path)
    return pixels


@pytest.mark.parametrize("where", ["out", "out/masks"])
def test_what_nobody_changed_is_left_and_the_rest_goes_by_name(in_tmp, where, capsys):
    started("multiclass", "car,sky,road")
    Image.open("out/masks/b1.png").save("out/masks/b1.png", optimize=True)  # a tool that opens and saves
    with Image.open("out/masks/b2.png") as image:
        image.convert("RGB").save("out/masks/b2.png")
    assert bring(where) == 0 and not OWN.exists()
    assert "drafts  3 that nobody changed are not taken" in capsys.readouterr().out
    now = corrected("b0", 2)
    assert bring(where) == 0 and "drafts  2 that nobody changed" in capsys.readouterr().out
    names = TASKS["multiclass"]["labels"]
    here = np.array([["car", "sky", "road"].index(name) for name in names], np.uint8)
    assert np.array_equal(pixels_of(OWN / "masks/images/b0.png"), here[now])
    assert [path.name for path in OWN.glob("masks/images/*")] == ["b0.png"]
    assert bring(where, "--take-unchanged") == 0
    assert len(list(OWN.glob("masks/images/*"))) == 3


def test_names_that_the_task_lacks_are_refused(in_tmp, capsys):
    started("binary", "background,object,debris")
    for name in FREE:
        corrected(name, 1)
    assert bring() == 1 and not OWN.exists()
    assert (
        "b0.png: marks 'thing', which is no label of the task (background, object, debris)" in capsys.readouterr().out
    )


def test_overlapping_labels_go_by_name_and_their_planes_are_no_masks(in_tmp, capsys):
    started("multilabel", "dead,alive,a/b", "--kind", "multilabel")
    now = corrected("b0", 1)
    for folder in ("out/labels", "out/labels/alive"):
        assert bring(folder) == 2 and f"{folder} holds no masks, but what lies beside those" in capsys.readouterr().err
    assert bring() == 0
    wanted = sum((now >> bit & 1) << place for bit, place in enumerate((1, 2, 0)))
    assert np.array_equal(pixels_of(OWN / "masks/images/b0.png"), wanted)


def test_what_does_not_tell_which_masks_are_unchanged_is_refused(in_tmp, capsys):
    started("multiclass", "sky,road,car")
    assert bring("out", "--numbers", "raw") == 2 and "leave it out" in capsys.readouterr().err
    Path("out/predictions.csv").write_text("image,mask,sha256\n")
    assert bring() == 2 and "out/predictions.csv" in capsys.readouterr().err
    assert not OWN.exists()


def test_colours_and_background_are_told_to_who_reads_the_masks(in_tmp):
    started("multiclass", "sky,road,car")
    about = read_json("out/made_with.json")
    assert about["colours"] == TaskSettings(**TASKS["multiclass"]).palette[:3] and about["background"] is None
    del about["colours"], about["background"]  # as an earlier version wrote it
    write_json("out/made_with.json", about)
    corrected("b0", 2)
    assert bring() == 0 and len(list(OWN.glob("masks/images/*"))) == 1


def test_pseudo_labels_of_a_run_are_not_imported_in_place(in_tmp, capsys):
    started("multiclass", "sky,road,car")
    shutil.copytree("out/masks", "results/toy/gen1/masks/consensus")
    assert bring("results/toy/gen1/masks/consensus") == 2 and not OWN.exists()
    assert "lies in results/" in capsys.readouterr().err


def test_exported_pseudo_labels_are_not_taken_as_they_lie_there(in_tmp, capsys):
    images("raw/images")
    for name in MARKED[:-1]:
        save(Path(f"raw/masks/{name}.png"), mask(name))
    assert init("--labels", "background,square,bar") == 0
    write(
        "labels/coco.json",
        coco_json(MARKED[-1:]) | {"images": [{"id": 0, "file_name": "a5.png", "height": 16, "width": 24}]},
    )
    write("labels/export.json", {"from": "results/mine/gen1", "files": {"coco.json": {"images": 1}}})
    for what in ("labels", "labels/coco.json"):
        assert bring(what) == 2 and not OWN.exists()
        assert "holds pseudo-labels of results/mine/gen1" in capsys.readouterr().err
    shutil.copytree("labels", "task"), write("task/export.json", [1])  # a tool's file of that name
    for what in ("task", "labels --take-unchanged"):
        assert (
            bring(*what.split(), "--unannotated", "empty", "--format", "coco") == 0
            and len(list(OWN.glob("masks/*/*"))) == 1
        )


@pytest.mark.parametrize("out", ["raw", "raw/new", "raw/masks", ".", "data/raw/mine.masks"])
def test_masks_are_not_written_into_raw_folders(in_tmp, out, capsys):
    started("multiclass", "sky,road,car")
    before = sorted(Path().rglob("*"))
    assert predict("--config-dir", "own", "--overwrite", out=out) == 2
    assert "raw files or masks of the data set mine" in capsys.readouterr().err
    assert sorted(Path().rglob("*")) == before
    assert predict("--config-dir", "own", out="raw_too") == 0


@pytest.mark.parametrize("into", ["raw", "raw/masks"])
def test_masks_of_a_network_among_raw_ones_are_refused(in_tmp, into, capsys):
    started("multiclass", "sky,road,car")
    shutil.copytree("out", into, dirs_exist_ok=True)
    assert dissent("check", "mine", "--config-dir", "own") != 0
    told = "".join(capsys.readouterr())
    assert (
        f"{into}/made_with.json: `dissent predict` wrote masks there (masks/b0.png, masks/b1.png, masks/b2.png)" in told
    )
    assert "`dissent import` takes those that you corrected" in told
    shutil.rmtree("own")
    assert init() == 2 and f"  {into}/made_with.json: `dissent predict` wrote" in capsys.readouterr().err


def test_a_folder_of_another_that_is_called_so_is_no_fault(in_tmp):
    started("multiclass", "sky,road,car")
    write_json("raw/made_with.json", {"camera": "mine"})
    assert dissent("check", "mine", "--config-dir", "own") == 0
