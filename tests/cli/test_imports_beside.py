"""Exports of tools beside the drafts that went out: a correction counts, and nothing is passed over without a word."""

import json
import shutil
import zipfile
from pathlib import Path

import pytest
from annotators import AREA, CORRECT
from cli_data import pixels_of
from drafted import OWN, bring, drafts, task

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
