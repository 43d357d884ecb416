"""Exports of tools beside the drafts that went out: a correction counts, and nothing is passed over without a word."""

import json
import shutil
import zipfile
from pathlib import Path

import pytest
from annotators import AREA, CORRECT
from cli_data import pixels_of
from drafted import OWN, bring, drafts, task
from PIL import Image
from raw_data import photo, save

from dissent.core.files import read_table
from dissent.datasets.formats import DRAFTS, FORMATS
from dissent.datasets.own_masks import OwnMasks


@pytest.fixture
def project(finished_here) -> Path:
    """Where the drafts of a finished run go."""
    return Path("out")


@pytest.mark.parametrize("form", DRAFTS)
def test_an_export_beside_a_draft_that_nobody_changed_counts(form, project, capsys):
    assert drafts(form, "-n", 2) == 0
    exported_beside(form, project, "export")
    capsys.readouterr()
    assert bring() == 0
    assert "changed 2 masks" in (out := capsys.readouterr().out)
    assert "nobody changed" not in out and "nothing is read" not in out
    for mask in OwnMasks(OWN).paths().values():
        assert (pixels_of(mask)[AREA] == 1).all()


def exported_beside(form: str, out: Path, name: str) -> None:
    """Drafts corrected by a tool, which saved them into OUT/NAME; those in their own place stay as they went out."""
    place = FORMATS[form].drafts
    shutil.copytree(out, "before")
    CORRECT[form](out, "disc", task())
    (out / name).mkdir()
    if (out / place).is_dir():
        for path in [*out.glob(f"{place}/*.json"), *out.glob("images/*_masks.png"), *out.glob("masks/*.png")]:
            path.rename(out / name / path.name)
    else:
        (out / place).rename(out / name / place)
    shutil.copytree("before", out, dirs_exist_ok=True)
    shutil.rmtree("before")


def test_exports_of_cvat_beside_its_drafts_are_never_passed_over(project, capsys):
    assert drafts("cvat", "-n", 2) == 0
    exported_beside("cvat", project, "export")
    (project / "export/annotations.zip").rename(project / "job.zip")
    assert bring("--dry-run") == 0 and "changed 2 masks" in capsys.readouterr().out
    with zipfile.ZipFile(project / "job.zip") as archive:
        archive.extractall(project / "one/deeper")
    (project / "job.zip").unlink()
    assert bring("--dry-run") == 0 and "changed 2 masks" in capsys.readouterr().out
    for path in (project / "one/deeper/SegmentationClass").iterdir():
        path.unlink()  # every mask was removed in the tool
    assert bring("--dry-run") == 1 and capsys.readouterr().out.count("nothing is marked in it") == 2


def test_an_annotation_from_elsewhere_is_none_of_the_draft_that_went_out(project, capsys):
    """Of a photograph on its head, which its size does not tell."""
    name = read_table("data/tiny/splits/few/unlabelled.csv")[0]["id"]
    Path(f"raw/tiny/masks/{name}.png").unlink()
    settings = Path("own/datasets/tiny.yaml")
    settings.write_text(settings.read_text() + "allow_unlabelled: true\n")
    exif = Image.Exif()
    exif[274] = 3
    save(Path(f"raw/tiny/images/{name}.png"), photo(1, 32, 32), exif=exif)
    Path("next.csv").write_text(f"id\n{name}\n")
    assert drafts("coco", "--ids", "next.csv") == 0
    CORRECT["coco"](project, "disc", task())
    (project / "export").mkdir()
    for place in (Path("elsewhere.json"), project / "export/annotations.json"):
        shutil.copy(project / "annotations.json", place)
    capsys.readouterr()
    assert bring("--dry-run", folder="elsewhere.json") == 1
    told = capsys.readouterr().out
    assert "nothing tells whether it was marked as turned" in told and "put its annotation into the folder" in told
    for inside in ("out", "out/annotations.json", "out/export", "out/export/annotations.json"):
        assert bring("--dry-run", folder=inside) == 0 and "new     1 image gets a mask" in capsys.readouterr().out


def test_two_exports_that_differ_are_refused_and_what_is_not_read_is_told(project, capsys):
    assert drafts("cvat", "-n", 1) == 0
    exported_beside("cvat", project, "first")
    shutil.copytree(project / "first", project / "same")
    Path("out/other.zip").write_bytes(b"of another tool")
    assert bring("--dry-run") == 0 and "changed 1 masks" in (out := capsys.readouterr().out)
    assert "note    nothing is read of 1 files in out: other.zip." in out
    with zipfile.ZipFile("out/annotations.zip") as sent, zipfile.ZipFile("out/same/annotations.zip", "w") as archive:
        for name in sent.namelist():  # a person undid all of it
            archive.writestr(name, sent.read(name))
    assert bring("--dry-run") == 1
    out = capsys.readouterr().out
    assert "refused same/annotations.zip/SegmentationClass/" in out and "as first/annotations.zip/" in out
    assert bring("--format", "png") == 2 and "holds nothing that is read as plain PNG" in capsys.readouterr().err
    assert bring("--format", "cvat", folder="out/images") == 2 and "has no labelmap.txt" in capsys.readouterr().err


def test_a_tool_may_know_the_folder_of_drafts_by_a_longer_path(project, capsys):
    assert drafts("label-studio", "-n", 1) == 0
    CORRECT["label-studio"](project, "disc", task())
    [one] = json.loads(Path("out/tasks.json").read_text())
    one["data"] = {"image": f"/data/local-files/?d=served/out/images/{one['data']['dissent']}"}
    Path("out/tasks.json").write_text(json.dumps([one]))
    assert bring("--dry-run") == 0 and "changed 1 masks" in capsys.readouterr().out
