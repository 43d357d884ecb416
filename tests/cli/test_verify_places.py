"""`dissent verify` from where a person calls it: other folders, links, whole paths, files of their own, a part of what DVC has."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest
import yaml
from cli_data import dissent

from dissent.core.files import write_text

WEIGHTS = "results/tiny/gen1/students/2/model.safetensors"


def flip(path: str) -> None:
    content = bytearray(Path(path).read_bytes())
    content[len(content) // 2] ^= 1
    Path(path).write_bytes(content)


def test_links_are_followed_and_one_that_leads_back_ends(copied, capsys):
    for folder in ("results/tiny/gen1", "results/tiny", "data"):
        Path(folder).rename(copied.parent / folder.replace("/", "_"))
        Path(folder).symlink_to(copied.parent / folder.replace("/", "_"))
    Path("results/back").symlink_to("../results")
    assert dissent("verify") == 0
    assert "311 files" in capsys.readouterr().out
    flip(WEIGHTS)
    assert dissent("verify") == 1
    assert f"--force {WEIGHTS}\n" in capsys.readouterr().out


def test_whole_paths_and_a_link_to_the_project_name_the_same_files(copied, capsys):
    (copied.parent / "link").symlink_to(copied)
    flip(WEIGHTS)
    for path in (copied / "results/tiny", copied.parent / "link/results", "../project/results", ".", copied):
        assert dissent("verify", path) == 1
        out = capsys.readouterr().out
        assert f"damaged  {WEIGHTS}  " in out and f"--force {WEIGHTS}\n" in out


def test_from_elsewhere_the_way_there_is_told(copied, capsys, monkeypatch):
    for here, path, rest in (
        ("results", "tiny", " results/tiny"),
        ("..", "project/results/tiny/gen1", " results/tiny/gen1"),
        ("..", "project", ""),
    ):
        monkeypatch.chdir(copied / here)
        assert dissent("verify", path) == 2
        assert f"cd {copied} && dissent verify{rest}\n" in capsys.readouterr().err
    shutil.copytree(copied / "results/tiny", copied.parent / "tiny")
    monkeypatch.chdir(copied.parent)
    assert dissent("verify", "tiny") == 2
    assert "tiny is a run or a data set outside of results/ and data/" in capsys.readouterr().err


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_looked_at(copied, capsys, monkeypatch):
    from dissent.cli.verify import faults

    whole = faults.sha256

    def broken(path):
        if Path(path).name == "counts.csv":
            raise OSError(5, "Input/output error", str(path))
        return whole(path)

    monkeypatch.setattr(faults, "sha256", broken)
    flip(WEIGHTS)
    assert dissent("verify", "results") == 1
    out = capsys.readouterr().out
    assert "damaged  results/tiny/gen0/counts.csv" in out and "cannot be read (Input/output error)" in out
    assert f"damaged  {WEIGHTS}" in out


def test_files_of_a_person_are_one_note(copied, capsys):
    for name in ("notes.csv", "plan.json", "page.html", "gen1/students/2/old.json", "gen1/masks/consensus/mine.png"):
        Path("results/tiny", name).write_text("a;b\n1;2;3")
    assert dissent("verify") == 0
    out = capsys.readouterr().out
    assert out.startswith("311 files are what they were\nnote: 5 files were not checked, for no job wrote them: ")
    assert out.count("\n") == 2


def locked(remote: bool, *folders: str) -> dict[str, Path]:
    """DVC's cache and lock for these folders of the project: {path: object}."""
    outs, objects = [], {}

    def keep(content: bytes, end: str = "") -> tuple[str, Path]:
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest() + end
        place = Path(".dvc/cache/files/md5", md5[:2], md5[2:])
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        return md5, place

    for folder in folders:
        entries = []
        for path in sorted(one for one in Path(folder).rglob("*") if one.is_file()):
            md5, objects[str(path)] = keep(path.read_bytes())
            entries.append({"md5": md5, "relpath": path.relative_to(folder).as_posix()})
        listing = json.dumps(entries).encode()
        md5, objects[folder] = keep(listing, ".dir")
        outs.append({"path": folder, "md5": md5, "hash": "md5", "size": 1, "nfiles": len(entries)})
    write_text("dvc.lock", yaml.safe_dump({"schema": "2.0", "stages": {"all": {"cmd": "x", "outs": outs}}}))
    write_text("dvc.yaml", yaml.safe_dump({"stages": {"all": {"outs": list(folders)}}}))
    write_text(".dvc/config", "['remote \"store\"']\n    url = /store\n" if remote else "")
    return objects


@pytest.mark.parametrize("remote", [True, False])
def test_what_was_not_pulled_is_no_loss_where_there_is_somewhere_to_pull_from(copied, capsys, remote):
    folders = ("results/tiny/gen2/masks", "results/tiny/gen1/students")
    objects = locked(remote, *folders)
    assert dissent("verify") == 0
    capsys.readouterr()
    for path, place in objects.items():
        if path.startswith(("results/tiny/gen2/masks", "results/tiny/gen1/students/2")):
            place.unlink()
            if path != folders[0]:
                Path(path).unlink()
    shutil.rmtree(folders[0])
    assert dissent("verify") == (0 if remote else 1)
    out = capsys.readouterr().out
    if remote:
        assert "note: 6 files or folders that dvc.lock names are neither here nor in .dvc/cache" in out
        assert "`dvc pull` brings them" in out and "--force" not in out


def test_what_the_cache_has_is_not_trained_again(copied, capsys):
    locked(True, "results/tiny/gen1/students")
    Path(WEIGHTS).unlink()
    flip(WEIGHTS.replace("/2/", "/1/"))
    assert dissent("verify") == 1
    out = capsys.readouterr().out
    assert f"dvc checkout --force {WEIGHTS.replace('/2/', '/1/')} {WEIGHTS}\n" in out and "snakemake" not in out
