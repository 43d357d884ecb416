"""`dissent predict`: broken files are named, nothing is overwritten, damaged networks and mistakes are refused."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from cli_data import GENERATION, dissent, generation, predict, rows_of
from PIL import Image
from raw_data import photo, save

from dissent.cli.predict.find_images import names_of
from dissent.core.files import read_json, write_json

torch.set_num_threads(1)


def test_broken_files_are_named_and_the_rest_is_done(in_tmp, capsys):
    generation()
    save(Path("photos/good.png"), photo(1))
    whole = save(Path("photos/cut.jpg"), photo(2, 64, 64)).read_bytes()
    Path("photos/cut.jpg").write_bytes(whole[: len(whole) // 2])
    Path("photos/empty.png").touch()
    Path("photos/text.tif").write_text("no image")
    Path("photos/folder.png").mkdir()
    Path("photos/dangling.png").symlink_to("nothing")
    Path("photos/loop.png").symlink_to("loop.png")
    os.mkfifo("photos/pipe.png")
    save(Path("photos/film.gif"), photo(3, channels=1))
    Image.fromarray(photo(1, channels=3)).convert("CMYK").save("photos/print.jpg")
    save(Path("photos/glass.png"), np.dstack([photo(4), np.full((16, 24), 9, np.uint8)]))
    for junk in (".DS_Store", "._good.png", "Thumbs.db", "notes.txt", ".ipynb_checkpoints/good.png"):
        Path("photos", junk).parent.mkdir(exist_ok=True)
        Path("photos", junk).write_text("junk")
    assert predict() == 3
    told = capsys.readouterr()
    rows = rows_of()
    bad = {
        "cut.jpg", "empty.png", "text.tif", "folder.png", "dangling.png", "loop.png", "pipe.png", "film.gif", "print.jpg",
        "glass.png",
    }  # fmt: skip
    assert {name for name, row in rows.items() if row["status"] == "failed"} == bad
    assert set(rows) == bad | {"good.png"}
    assert all(row["reason"] and f"failed: {name}" in told.err for name, row in rows.items() if name in bad)
    assert (
        "5 files that are no images or hidden: .DS_Store, ._good.png, .ipynb_checkpoints/good.png, Thumbs.db, notes.txt"
        in told.err
    )
    assert "1 of 11 images are labelled" in told.out and "Traceback" not in told.err
    assert [path.name for path in Path("out/masks").rglob("*")] == ["good.png"]


def test_hard_names(in_tmp):
    generation()
    good = [
        "a b.png", "x#1.png", "50%.png", "{x}.png", "it's.png", "a,b.png", "-rf.png", "=1+1.png", "細胞.png", "🦠.png",
        "שלום.png", "a.tar.png", "y" * 240 + ".png",
    ]  # fmt: skip
    for seed, name in enumerate(good):
        save(Path("photos", name), photo(seed))
    save(Path("photos/two\nlines.png"), photo(99))
    save(Path(os.fsdecode(b"photos/\xff.png")), photo(98))
    assert predict() == 3
    rows = rows_of()
    done = {row["mask"] for row in rows.values() if row["status"] == "done"}
    assert {name.removeprefix("./") for name, row in rows.items() if row["status"] == "done"} == set(good)
    assert all(Path("out", mask).is_file() for mask in done) and len(done) == len(good)
    assert "./=1+1.png" in rows and "./-rf.png" in rows  # nothing that a spreadsheet would run
    assert sum(row["status"] == "failed" for row in rows.values()) == 2


def test_equal_names_are_told_apart():
    from pathlib import PurePosixPath as P

    given = [P("a.png"), P("a.jpg"), P("b/a.png"), P("c.tif"), P("a.jpg.bmp"), P("C.png")]
    assert [str(name) for name in names_of(given).values()] == [
        "a.png", "a.jpg", "b/a", "c.tif", "a.jpg.bmp", "C.png",
    ]  # fmt: skip


def test_nothing_is_overwritten_unless_asked(in_tmp, capsys):
    generation()
    save(Path("photos/a.png"), photo(1))
    Path("out/masks").mkdir(parents=True)
    Path("out/masks/a.png").write_text("mine")
    assert predict() == 2
    assert "masks/a.png" in capsys.readouterr().err and Path("out/masks/a.png").read_text() == "mine"
    assert not Path("out/predictions.csv").exists()
    assert predict("--overwrite") == 0
    first = Path("out/masks/a.png").read_bytes()
    assert predict("--overwrite") == 0 and Path("out/masks/a.png").read_bytes() == first


def test_its_own_masks_are_no_images(in_tmp, capsys):
    generation()
    save(Path("photos/a.png"), photo(1))
    assert predict(out="photos/out") == 0
    assert predict("--overwrite", out="photos/out") == 0
    assert set(rows_of(Path("photos/out"))) == {"a.png"}
    assert predict("--overwrite", out="photos") == 2
    assert predict("--overwrite", folder="photos/out/masks", out="photos/out") == 2
    assert "name another folder" in capsys.readouterr().err
    assert predict(folder="photos/a.png", out="one") == 0 and Path("one/masks/a.png").is_file()


@pytest.mark.parametrize("file", ["model.safetensors", "model.json"])
def test_damaged_networks_are_refused_with_the_command_that_makes_them_again(in_tmp, capsys, file):
    generation()
    save(Path("photos/a.png"), photo(1))
    path = GENERATION / "students" / "2" / file
    content = bytearray(path.read_bytes())
    content[-9] ^= 1
    path.write_bytes(content)
    assert predict() == 2
    told = capsys.readouterr().err
    assert str(path) in told and "snakemake --cores 2 --force results/toy/gen1/students/2/model.safetensors" in told
    path.unlink()
    assert predict() == 2 and not Path("out").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("results", "photos", "out"), "neither a run, a generation"),
        (("results/toy/gen7", "photos", "out"), "make it with: snakemake --cores 2 results/toy/gen7/teachers.json"),
        (("photos", "photos", "out"), "neither a run, a generation"),
        ((GENERATION, "nowhere", "out"), "nowhere does not exist"),
        ((GENERATION, "empty", "out"), "has no images"),
        ((GENERATION, "photos", "out", "--device", "cuda"), "no graphics card"),
        ((GENERATION, "photos", "out", "--levels", "2", "2"), "they must rise, from 0 to 65535"),
    ],
)
def test_mistakes_are_told_in_plain_words(in_tmp, capsys, monkeypatch, arguments, words):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    generation()
    save(Path("photos/a.png"), photo(1))
    Path("empty").mkdir()
    assert dissent("predict", *arguments) == 2
    told = capsys.readouterr().err
    assert told.startswith("error: ") or "\nerror: " in told
    assert words in told and "Traceback" not in told


def test_a_network_that_says_nothing_of_its_images_is_refused(in_tmp, capsys):
    generation(students=1)
    save(Path("photos/a.png"), photo(1))
    folder = GENERATION / "students" / "1"
    write_json(folder / "model.json", {k: v for k, v in read_json(folder / "model.json").items() if k != "input"})
    assert predict(where=folder) == 2
    assert "model.json lacks `input`" in capsys.readouterr().err
    write_json(folder / "model.json", read_json(folder / "model.json") | {"input": {"dataset": "../../etc"}})
    assert predict(where=folder) == 2
