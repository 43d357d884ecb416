"""Drafts of a finished run go out, a person corrects them, and `dissent import` brings them back; nothing of the user's is changed."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from annotators import AREA, CORRECT
from cli_data import dissent, pixels_of
from drafted import OWN, bring, drafts, task
from PIL import Image
from raw_data import photo, save

from dissent.cli.drafts import _put_image
from dissent.cli.predict.find_images import read_upright
from dissent.config.base import read_yaml, validate
from dissent.config.dataset import Dataset
from dissent.core.files import read_json, read_table, sha256, write_table
from dissent.datasets import prepare
from dissent.datasets.formats import DRAFTS
from dissent.datasets.items import Item
from dissent.datasets.own_masks import OwnMasks
from dissent.datasets.raw import raw_digest


@pytest.fixture
def project(finished_here) -> Path:
    """Where the drafts of a finished run go."""
    return Path("out")


def tree(folder: str) -> dict[str, tuple[str, int]]:
    return {str(path): (sha256(path), path.stat().st_mtime_ns) for path in Path(folder).rglob("*") if path.is_file()}


def sent() -> dict[str, np.ndarray]:
    """{id: the draft}, as plain PNG has it."""
    shutil.move("out", "first")
    assert drafts("png") == 0
    found = {path.stem: pixels_of(path) for path in Path("out/masks").glob("*.png")}
    shutil.rmtree("out")
    shutil.move("first", "out")
    return found


@pytest.mark.parametrize("form", DRAFTS)
def test_drafts_are_corrected_and_come_back_equal_but_there(form, project, capsys):
    before, raw = Path("own/datasets/tiny.yaml").read_text(), tree("raw")
    assert drafts(form, "-n", 3) == 0
    rows = read_table("out/drafts.csv")
    assert len(rows) == 3 and all(Path("out", row["image"]).is_file() for row in rows)
    assert {Path(path).stem for path in map(str, project.glob("doubt/*.png"))} == {row["id"] for row in rows}
    wanted = {name: mask for name, mask in sent().items() if name in {row["id"] for row in rows}}
    CORRECT[form](project, "disc", task())
    capsys.readouterr()
    assert bring() == 0
    out = capsys.readouterr().out
    assert "changed 3 masks" in out and "updated own/datasets/tiny.yaml: `own_masks: data/raw/tiny.masks`" in out
    for name, mask in wanted.items():
        mask = mask.copy()
        mask[AREA] = 1
        assert np.array_equal(pixels_of(OWN / f"masks/images/{name}.png"), mask)
    assert tree("raw") == raw
    after = Path("own/datasets/tiny.yaml").read_text()
    assert after.replace("own_masks: data/raw/tiny.masks\n", "") == before
    assert bring() == 0 and "equal   3 masks" in capsys.readouterr().out
    assert not (OWN / "replaced").exists()


def test_drafts_that_nobody_changed_are_no_labels(project, capsys):
    assert drafts("png", "-n", 2) == 0
    assert bring() == 0
    assert "drafts  2 that nobody changed are not taken" in capsys.readouterr().out and not (OWN / "masks").exists()
    assert bring("--dry-run", "--take-unchanged") == 0
    assert "changed 2 masks" in capsys.readouterr().out and not (OWN / "masks").exists()
    assert bring("--take-unchanged") == 0 and len(OwnMasks(OWN).paths()) == 2


def test_every_draft_that_went_out_is_known_as_one(project, capsys):
    """Of an earlier generation, after the masks of ours were put aside, and where the command was interrupted."""
    assert drafts("png", "-n", 1) == 0
    shutil.move("out", "first")
    for generation in (1, 2):
        Path(f"results/tiny/gen{generation}/teachers.json").unlink()
    [row] = read_table("first/drafts.csv")
    Path("next.csv").write_text(f"id\n{row['id']}\n")
    assert drafts("png", "--ids", "next.csv") == 0
    one, other = (pixels_of(Path(folder, f"masks/{row['id']}.png")) for folder in ("first", "out"))
    assert not np.array_equal(one, other)
    for folder in ("first", "out"):
        assert bring(folder=folder) == 0 and "1 that nobody changed" in capsys.readouterr().out
    OWN.rename(f"{OWN}.before1")
    assert bring(folder="first") == 0 and not (OWN / "masks").exists()


def test_drafts_of_an_interrupted_command_are_known_too(project, capsys, monkeypatch):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("dissent.cli.drafts.write_table", interrupted)
        assert drafts("png", "-n", 1) == 130 and list(Path("out/masks").iterdir())
    capsys.readouterr()
    assert bring() == 0 and "1 that nobody changed" in capsys.readouterr().out


def test_a_corrected_mask_counts_and_the_one_before_is_kept(project, capsys):
    """Of an image whose raw mask was hidden; `prepare` takes it, `verify` knows it, and drafts of it are not offered again."""
    assert drafts("png", "-n", 1) == 0
    [row] = read_table("out/drafts.csv")
    name = row["id"]
    CORRECT["png"](project, "disc", task())
    assert bring() == 0
    first = pixels_of(OWN / f"masks/images/{name}.png")
    dataset = validate(Dataset, read_yaml("own/datasets/tiny.yaml"), "tiny").model_dump(mode="json")
    assert dataset["own_masks"] == str(OWN)
    prepare(dataset, "tiny", "raw/tiny", "data/tiny")
    rows = {one["id"]: one for one in read_table("data/tiny/files.csv")}
    assert np.array_equal(pixels_of(Path(rows[name]["label"])), first)
    save(project / f"masks/{name}.png", 1 - first)
    assert bring() == 0
    assert np.array_equal(pixels_of(OWN / f"replaced/001/{name_of(name)}"), first)
    assert np.array_equal(pixels_of(OWN / f"masks/images/{name}.png"), 1 - first)
    shutil.rmtree("out")
    assert drafts("png", "-n", 50) == 0 and name not in {one["id"] for one in read_table("out/drafts.csv")}
    save(Path(f"raw/tiny/masks/{name}.png"), first)
    capsys.readouterr()
    assert dissent("verify", "data/tiny", "--config-dir", "own") == 1
    assert f"was changed after {OWN}/masks/images/{name}.png took its place" in " ".join(
        capsys.readouterr().out.split()
    )


def name_of(name: str) -> str:
    return f"images/{name}.png"


def test_a_table_says_which_images_go_out(project, capsys):
    pool = [row["id"] for row in read_table("data/tiny/splits/few/unlabelled.csv")]
    Path("next.csv").write_text("reason,id\nfew,{}\nfew,{}\n".format(*pool[-2:]))
    assert drafts("labelme", "--ids", "next.csv") == 0
    assert [row["id"] for row in read_table("out/drafts.csv")] == pool[-2:]
    assert drafts("png") == 2 and "out is not empty" in capsys.readouterr().err
    shutil.rmtree("out")
    Path("next.csv").write_text("id\nnobody\n")
    assert drafts("png", "--ids", "next.csv") == 2
    assert "next.csv, line 2: `nobody` is not an unlabelled image of the run" in capsys.readouterr().err


@pytest.mark.parametrize("last", [2, 1, 0])
def test_the_most_doubted_come_first(last, project, capsys):
    """By the last generation whose masks are there; without any that is said."""
    for generation in range(2, last, -1):
        Path(f"results/tiny/gen{generation}/masks.csv").unlink()
    if last == 0:
        assert drafts("png", "-n", 2) == 0 and "nothing tells which images are doubted" in capsys.readouterr().out
        return
    shares = {row["id"]: float(row["doubt_share"]) for row in read_table(f"results/tiny/gen{last}/masks.csv")}
    assert drafts("png", "-n", 2) == 0
    assert [row["id"] for row in read_table("out/drafts.csv")] == sorted(shares, key=lambda name: -shares[name])[:2]


def test_the_most_disputed_come_first_where_nothing_is_left_out_of_training(project):
    """Of labels without doubt the masks of doubt are blank; the pixels on which teachers differ count."""
    experiment, table = Path("own/experiments/tiny.yaml"), Path("results/tiny/gen2/masks.csv")
    experiment.write_text(experiment.read_text().replace("method: im_clean", "method: ensemble_clean"))
    rows = read_table(table)
    for number, row in enumerate(rows):
        row |= {"doubt_share": "0.0", "doubt_pixels": str(10 * number)}
    write_table(table, rows, tuple(rows[0]))
    assert drafts("png", "-n", 2) == 0
    pixels, [first, second] = int(rows[0]["pixels"]), read_table("out/drafts.csv")
    assert [first["id"], second["id"]] == [rows[-1]["id"], rows[-2]["id"]]
    assert float(first["doubt_share"]) == pytest.approx(10 * (len(rows) - 1) / pixels, abs=1e-6)


def test_what_is_refused_is_told_and_the_rest_is_taken(project, capsys):
    first, second, third = (path.stem for path in sorted(Path("raw/tiny/images").glob("*.png"))[:3])
    marked = np.zeros((32, 32), np.uint8)
    marked[AREA] = 1
    save(project / f"masks/{first}.png", marked)
    save(project / f"masks/{second}.png", marked[:20])
    save(project / f"masks/{third}.png", marked * np.uint8(7))
    save(project / "masks/stranger.png", marked)
    assert bring() == 1
    out = capsys.readouterr().out
    assert f"changed 1 masks, {int((marked != pixels_of(Path(f'raw/tiny/masks/{first}.png'))).sum())} pixels" in out
    assert f"masks/{second}.png: is of an image of 20 x 32 pixels (height x width)" in out
    assert f"masks/{third}.png: has the value 7, and the labels have 0 to 1" in out
    assert "stranger: tiny has no image that is called so" in out
    assert list(OwnMasks(OWN).paths()) == [f"images/{first}"]


def test_a_question_keeps_its_lines_and_a_name_gets_none(project, capsys):
    image = {"id": 1, "file_name": "i00.png", "height": 32, "width": 32}
    value = {"images": [image, image | {"id": 2, "file_name": "no\nname.png"}], "annotations": [], "categories": []}
    Path("empty.json").write_text(json.dumps(value))
    assert bring("--dry-run", folder="empty.json") == 1
    lines = capsys.readouterr().out.splitlines()
    [at] = [number for number, line in enumerate(lines) if "Say what is meant:" in line]
    assert lines[at + 1].startswith("  --unannotated empty:") and not any("\\n  --" in line for line in lines)
    assert any("no\\nname.png" in line for line in lines)


def test_two_labels_on_one_pixel_and_unknown_labels_are_refused(project, capsys):
    shape = {"shape_type": "rectangle", "points": [[1, 1], [9, 9]]}
    for number, label in enumerate(("disc", "moon")):
        value = {
            "shapes": [{"label": label} | shape],
            "imagePath": f"i{number:02}.png",
            "imageHeight": 32,
            "imageWidth": 32,
        }
        Path("json").mkdir(exist_ok=True)
        Path(f"json/i{number:02}.json").write_text(json.dumps(value))
    assert bring(folder="json") == 1
    assert "i01.json: marks 'moon', which is no label of the task (disc)" in capsys.readouterr().out
    assert list(OwnMasks(OWN).paths()) == ["images/i00"]


def test_settings_and_formats_that_cannot_take_it(project, capsys):
    assert dissent("drafts", "tiny_multilabel", "out", "--format", "cvat", "--config-dir", "own") == 2
    assert "`--format cvat` has one label a pixel, and those of tiny_multilabel overlap" in capsys.readouterr().err
    assert bring(folder="nowhere") == 2 and "nowhere does not exist" in capsys.readouterr().err
    Path("empty").mkdir()
    assert bring(folder="empty") == 2 and "is none of these formats" in capsys.readouterr().err
    assert bring(folder="raw", into="isic") == 2
    assert "protocol: published" in capsys.readouterr().err


def test_masks_that_lack_in_our_folder_are_an_error(project, capsys):
    assert drafts("png", "-n", 1) == 0
    CORRECT["png"](project, "disc", task())
    assert bring() == 0
    shutil.rmtree(OWN)
    assert dissent("check", "tiny", "--config-dir", "own") != 0
    told = "".join(capsys.readouterr())
    assert (
        "data/raw/tiny.masks/record.json does not exist, and `own_masks: data/raw/tiny.masks` of the settings" in told
    )


def test_the_record_says_where_a_mask_came_from(project):
    assert drafts("coco", "-n", 1) == 0
    CORRECT["coco"](project, "disc", task())
    assert bring() == 0
    [(key, about)] = read_json(OWN / "record.json")["masks"].items()
    raw = f"masks/{Path(key).name}.png"
    assert about["from"] == "coco" and about["instead_of"] == {raw: sha256(Path("raw/tiny", raw))}


def test_a_photograph_on_its_side_goes_out_upright_and_comes_back_so(project, capsys):
    """Also a square one, of which sizes do not tell how it lay."""
    shutil.rmtree("raw/tiny/masks")
    Path("raw/tiny/masks").mkdir()
    Path("own/datasets/tiny.yaml").write_text(Path("own/datasets/tiny.yaml").read_text() + "allow_unlabelled: true\n")
    first, second = (row["id"] for row in list(read_table("data/tiny/splits/few/unlabelled.csv"))[:2])
    exif = Image.Exif()
    exif[274] = 6
    stored = {first: photo(1, 24, 32), second: photo(2, 32, 32)}
    for name, pixels in stored.items():
        save(Path(f"raw/tiny/images/{name}.png"), pixels, exif=exif)
    Path("next.csv").write_text(f"id\n{first}\n{second}\n")
    assert drafts("png", "--ids", "next.csv") == 0
    for name, pixels in stored.items():
        assert np.array_equal(pixels_of(Path(f"out/images/{name}.png")), np.rot90(pixels, -1))
    CORRECT["png"](project, "disc", task())
    assert bring() == 0 and "new     2 images get a mask" in capsys.readouterr().out
    shapes = [pixels_of(OWN / f"masks/images/{name}.png").shape for name in (first, second)]
    assert shapes == [(32, 24), (32, 32)] and all(pixels_of(OWN / f"masks/images/{n}.png")[AREA].all() for n in stored)


def test_an_image_that_counts_as_stored_goes_out_without_its_tag(in_tmp):
    """`exif: none`: its draft lies as the file is stored, and a tool would turn the image alone."""
    exif = Image.Exif()
    exif[274] = 3
    path = save(Path("p.png"), pixels := photo(1), exif=exif)
    item = Item("p", "", path, "p.png", (), "")
    name = _put_image(item, read_upright(path, 3, 8, None, False, None), None, Path("out"))
    with Image.open(Path("out", name)) as sent:
        assert np.array_equal(np.array(sent), pixels) and not sent.getexif()


def test_what_is_imported_is_prepared_by_the_next_run(project):
    def now() -> str:
        return raw_digest("raw/tiny", validate(Dataset, read_yaml("own/datasets/tiny.yaml"), "tiny"))

    before = now()
    assert drafts("png", "-n", 1) == 0 and now() == before
    CORRECT["png"](project, "disc", task())
    assert bring() == 0
    first = now()
    for path in Path("out/masks").glob("*.png"):
        save(path, 1 - (pixels_of(path).max(-1) > 0).astype(np.uint8))
    assert bring() == 0 and len({before, first, now()}) == 3
