"""What is the user's stays: files in data/ that `prepare` did not write, and prepared data whose raw files are gone."""

import os
import shutil
from pathlib import Path

import pytest
from cli_data import dissent
from raw_data import dataset, pairs, prepared, save
from test_cli_check import settings
from test_workflow import snakemake

from dissent.cli.verify import remedies
from dissent.core.files import UserError, read_json, sha256, write_text
from dissent.core.rebuild_hint import again
from dissent.datasets import edited, prepare
from dissent.datasets.ours import MARKER, check_ours
from dissent.planning.command_line import check_asked
from dissent.planning.paths import Plan

NAMES = [f"i{number}" for number in range(9)]


def held(folder: Path = Path()) -> dict[str, str]:
    return {path.as_posix(): sha256(path) for path in folder.rglob("*") if path.is_file()}


def change(path: Path, pixels=None) -> None:
    """Write to a file as an editor does, at a date that is surely later."""
    save(path, pixels if pixels is not None else 255 - read(path))
    later = Path(path.parent.parent, MARKER).stat().st_mtime_ns + 10**9
    os.utime(path, ns=(later, later))


def read(path: Path):
    import numpy as np
    from PIL import Image

    return np.array(Image.open(path).convert("L"))


@pytest.fixture
def made(in_tmp) -> Path:
    """A prepared data set."""
    pairs(Path("raw"), NAMES[:3])
    prepared(Path("raw"), Path("data/toy"))
    return Path("data/toy")


def told(folder: Path) -> str:
    before = held(folder)
    with pytest.raises(UserError) as caught:
        check_ours(folder, "raw")
    with pytest.raises(UserError):
        prepare(dataset(), "toy", "raw", str(folder))
    assert held(folder) == before
    return str(caught.value)


def test_what_prepare_wrote_is_prepared_anew(made):
    before = held(made)
    prepared(Path("raw"), made)
    for name in (".DS_Store", "Thumbs.db", ".snakemake_timestamp"):
        (made / "images" / name).touch()
    (made / "labels" / "empty").mkdir()
    check_ours(made, "raw")
    prepared(Path("raw"), made)
    assert held(made) == before


def test_masks_that_another_protocol_asked_for_go(in_tmp):
    pairs(Path("raw"), NAMES[:2], factor=255)
    published = {"protocol": "published", "mask_encoding": {"name": "zero_255"}}
    prepared(Path("raw"), Path("data/toy"), **published)
    assert Path("data/toy/labels_any/i0.png").exists()
    shutil.rmtree("data/toy/images")  # as Snakemake does before the job
    for name in ("files.csv", "dataset.json"):
        Path("data/toy", name).unlink()
    prepared(Path("raw"), Path("data/toy"), mask_encoding={"name": "zero_255"})
    assert not Path("data/toy/labels_any").exists()
    check_ours("data/toy", "raw")


def test_files_of_the_user_are_named(made):
    save(made / "images" / "new.png", read(made / "images/i0.png"))
    write_text(made / "labels" / "notes" / "i0.txt", "x")
    write_text(made / "labels_any" / "i0.png", "x")
    text = told(made)
    assert "not written by dissent: data/toy/images/new.png, data/toy/labels/notes, data/toy/labels_any/i0.png;" in text
    assert "raw images and masks belong in raw" in text and "changed" not in text
    for number in range(9):
        save(made / "images" / f"new{number}.png", read(made / "images/i0.png"))
    assert "images/new3.png and 7 more;" in told(made)


def test_a_corrected_label_is_named_and_a_new_date_is_not(made):
    later = (made / "files.csv").stat().st_mtime_ns + 10**9
    for path in made.rglob("*.png"):
        os.utime(path, ns=(later, later))
    check_ours(made, "raw")
    change(made / "labels/i1.png")
    text = told(made)
    assert "changed since they were prepared: data/toy/labels/i1.png; correct the raw file in raw instead" in text
    # `--touch`, which gives outputs new dates, hides nothing
    os.utime(made / "files.csv", ns=(later + 10**10, later + 10**10))
    assert "labels/i1.png" in told(made)
    # what is damaged was nobody's work
    good = (made / "labels/i1.png").read_bytes()
    for damaged in (good[:40], good[:-20] + bytes([good[-20] ^ 1]) + good[-19:], b""):
        (made / "labels/i1.png").write_bytes(damaged)
        check_ours(made, "raw")


def test_links_into_a_cache_are_ours_and_a_link_to_another_file_is_not(made):
    """As `dvc checkout` leaves them, with new dates and without our marker."""
    (made / MARKER).unlink()
    Path("cache").mkdir()
    for number, path in enumerate(sorted(made.rglob("*.png"))):
        kept = Path("cache", str(number)).absolute()
        shutil.copyfile(path, kept)
        path.unlink()
        path.symlink_to(kept)
    check_ours(made, "raw")
    save(Path("own.png"), 255 - read(made / "labels/i1.png"))
    (made / "labels/i1.png").unlink()
    (made / "labels/i1.png").symlink_to(Path("own.png").absolute())
    assert "changed since they were prepared: data/toy/labels/i1.png;" in told(made)


def test_what_was_read_once_is_not_read_again_and_an_edit_after_it_is_seen(made, monkeypatch):
    for path in made.rglob("*.png"):
        path.chmod(0o600)  # a date of change later than the tables'
    check_ours(made, "raw")
    with monkeypatch.context() as patch:
        patch.setattr(edited, "contents", lambda folder, files: pytest.fail("read again"))
        check_ours(made, "raw")
    change(made / "labels/i1.png")
    assert "data/toy/labels/i1.png;" in told(made)
    (made / "labels/i1.png").unlink()
    prepared(Path("raw"), made)
    check_ours(made, "raw")


def test_an_old_file_put_in_place_of_a_prepared_one_is_named(made):
    save(Path("own.png"), 255 - read(made / "labels/i1.png"))
    os.utime("own.png", (0, 0))
    shutil.copy2("own.png", made / "labels/i1.png")
    later = Path(made, MARKER).stat().st_mtime_ns  # its date of change is the kernel's
    assert (made / "labels/i1.png").stat().st_ctime_ns > later and "labels/i1.png" in told(made)


@pytest.mark.parametrize("lost", [["dataset.json"], ["files.csv"], ["files.csv", "dataset.json"], [MARKER]])
def test_what_was_interrupted_or_damaged_or_is_of_an_earlier_version_is_ours(made, lost):
    for name in lost:
        (made / name).unlink()
    check_ours(made, "raw")
    for name in {"files.csv", "dataset.json"} - set(lost):
        content = (made / name).read_bytes()
        for damaged in (b"", content[:20], b"\0" * 99, content[: len(content) // 2], content[:3] + b"?" + content[4:]):
            (made / name).write_bytes(damaged)
            if MARKER not in lost:
                check_ours(made, "raw")
    if MARKER in lost:
        return
    prepared(Path("raw"), made)


@pytest.mark.parametrize("name", ["files.csv", "dataset.json"])
def test_tables_of_the_user_are_named(in_tmp, name):
    write_text(f"data/toy/{name}", '{"channel_names": {"0": "grey"}, "labels": {"background": 0}}')
    assert f"not written by dissent: data/toy/{name};" in told(Path("data/toy"))


def test_folders_that_nobody_prepared_are_named(in_tmp, capsys):
    pairs(Path("data/toy"), NAMES[:2])
    Path("data/toy/masks").rename("data/toy/labels")
    pairs(Path("raw"), NAMES[:2])
    text = told(Path("data/toy"))
    assert "data/toy/images/i0.png, data/toy/images/i1.png, data/toy/labels/i0.png, data/toy/labels/i1.png;" in text
    Path("own").mkdir()
    assert dissent("init", "raw", "--name", "toy", "--config-dir", "own") == 2
    assert "data/toy holds files of yours" in capsys.readouterr().err and not any(Path("own").iterdir())


def test_prepared_data_outlive_their_raw_files(root, in_tmp):
    """An edit of the library does not prepare them anew, and what would remove them is refused."""
    settings()
    pairs(Path("raw"), NAMES)
    target = "data/mine/dataset.json"
    assert (result := snakemake(root, target, settings="mine")).returncode == 0, result.stderr[-2000:]
    made = held(Path("data"))
    Path("raw").rename("away")
    split = "data/mine/splits/one/labelled.csv"
    for forced in (["-nF", split], ["--force", target], [split, "-R", "prepare"]):
        result = snakemake(root, *forced, settings="mine")
        told = result.stdout + result.stderr
        assert result.returncode and "data/mine is to be prepared anew" in told and "are gone from raw:" in told, told
        assert "Traceback" not in told and held(Path("data")) == made
    hint = again("data/mine/images/i0.png")
    assert "put the raw files back into raw," in hint and hint.endswith("--force data/mine/dataset.json")
    assert remedies([Path("data/mine/images/i0.png")])[0].endswith(
        "before that: put the raw files back into raw, from where they are gone"
    )
    assert (
        snakemake(root, "--touch", "--forceall", target, settings="mine").returncode == 0 and held(Path("data")) == made
    )
    plan = Plan({"config_dir": "mine"}, str(root))
    plan.code = lambda rule, *used: "of another day"
    then = plan.preparing("mine")
    assert then == read_json("data/mine/.made.json") and then["code"] != plan.code("prepare")
    path = Path("mine/datasets/mine.yaml")
    text = path.read_text()
    path.write_text(text.replace("[16, 24]", "[16, 32]"))
    with pytest.raises(UserError, match=r"settings changed \(size\), but its raw files are gone from raw"):
        check_asked(Plan({"config_dir": "mine"}, str(root)), [target])
    note = Path("data/mine/.made.json")
    note.rename("note")  # data of an earlier version have none
    result = snakemake(root, target, settings="mine")
    assert result.returncode and "data/mine is to be prepared anew" in result.stderr
    Path("note").rename(note)
    path.write_text(text)
    assert held(Path("data")) == made
    Path("data/mine/dataset.json").unlink()
    with pytest.raises(UserError, match=r"as dataset.json lack there, but its raw files are gone"):
        check_asked(Plan({"config_dir": "mine"}, str(root)), [target])
    Path("away").rename("raw")
    assert Plan({"config_dir": "mine"}, str(root)).preparing("mine")["code"] == then["code"]
    assert snakemake(root, target, settings="mine").returncode == 0 and held(Path("data")) == made
