"""What no settings make any more is a note; it is kept, and nothing that is sound counts as damaged because of it."""

import shutil
from pathlib import Path

import pytest
from cli_data import dissent
from discs import SETTINGS

from dissent.core.files import read_json, read_table, write_json, write_table


@pytest.fixture
def copied(copied):
    shutil.copytree(SETTINGS, "config")


def edit(path, old, new):
    text = Path("config", path).read_text()
    assert old in text
    Path("config", path).write_text(text.replace(old, new))


def test_a_split_that_was_renamed_is_stale_and_not_damaged(copied, capsys):
    assert dissent("verify") == 0
    assert "note" not in capsys.readouterr().out
    edit("datasets/tiny.yaml", "few:", "tenth:")
    # the images were prepared anew since: the old tables name what is not there any more
    for subset in ("labelled", "val"):
        path = f"data/tiny/splits/few/{subset}.csv"
        rows = [row | {"image_sha256": "0" * 64} for row in read_table(path)]
        about = read_json("data/tiny/splits/few/split.json")
        about["tables"][f"{subset}.csv"] = write_table(path, rows, tuple(rows[0]))
        write_json("data/tiny/splits/few/split.json", about)
    assert dissent("verify") == 0
    out = capsys.readouterr().out
    assert "note: data/tiny/splits/few: tiny has no split called few; it is kept, and nothing asks for it" in out
    assert "rm " not in out and "--force" not in out
    Path("data/tiny/splits/few/val.csv").write_text("id\n")
    assert dissent("verify") == 1, "what rots is told all the same"
    out = capsys.readouterr().out
    assert "data/tiny/splits/few/val.csv" in out and "--force" not in out


@pytest.mark.parametrize(
    ("change", "folder", "words"),
    [
        (lambda: edit("experiments/tiny.yaml", "generations: 2", "generations: 1"), "results/tiny/gen2", "tiny ends at gen1"),
        (lambda: edit("experiments/tiny.yaml", "students: 2", "students: [2, 2, 1]"), "results/tiny/gen2/students/2", "gen2 of tiny has 1 students"),
        (lambda: Path("config/experiments/tiny.yaml").unlink(), "results/tiny", "no settings make this run in config (--config-dir names another folder)"),
        (lambda: Path("config/datasets/tiny.yaml").rename("config/datasets/other.yaml"), "data/tiny", "no data set is called tiny in config (--config-dir names another folder)"),
    ],
)  # fmt: skip
def test_what_lies_beyond_the_plan(copied, capsys, change, folder, words):
    change()
    assert dissent("verify") == 0
    out = capsys.readouterr().out
    assert f"note: {folder}: {words}; it is kept, and nothing asks for it\n" in out
    shutil.rmtree(folder)
    assert dissent("verify") == (folder == "data/tiny"), "it was removed on purpose, whatever the logs say"
    assert folder in capsys.readouterr().out or folder != "data/tiny"


def test_a_person_s_folders_are_not_told_to_be_stale(copied, capsys):
    for path in (
        "data/photos/a.png",
        "data/tiny/splits/old/README",
        "results/notes/plan.csv",
        "results/tiny/gen9/x.json",
    ):
        Path(path).parent.mkdir(parents=True)
        Path(path).write_text("mine")
    Path("data/tiny/images/mine.png").write_text("no picture")
    assert dissent("verify") == 0
    out = capsys.readouterr().out
    assert (
        "note: 5 files were not checked, for no job wrote them: data/photos/a.png, " in out and out.count("note:") == 1
    )


def test_a_run_of_which_nothing_is_left_is_one_line(copied, capsys):
    for name in ("gen0/train.1", "gen1/evaluate"):
        Path(f"logs/tiny/{name}.log").parent.mkdir(parents=True, exist_ok=True)
        Path(f"logs/tiny/{name}.log").write_text("job\ndone\n")
    shutil.rmtree("results/tiny")
    assert dissent("verify") == 1
    out = capsys.readouterr().out
    assert "lost  results/tiny/report.html  lies in a run of which nothing is left" in out and "1 of " in out


def test_a_run_that_stops_by_itself_has_no_generation_too_many_up_to_its_cap(copied, capsys):
    edit("experiments/tiny.yaml", "generations: 2", "generations: auto")
    assert dissent("verify") == 0
    assert "note" not in capsys.readouterr().out
    edit("experiments/tiny.yaml", "generations: auto", "generations: {auto: 1, patience: 1}")
    assert dissent("verify") == 0
    assert "note: results/tiny/gen2: tiny ends at gen1" in capsys.readouterr().out


def test_settings_with_a_mistake_make_nothing_stale(copied, capsys):
    edit("experiments/tiny.yaml", "students: 2", "students: two")
    assert dissent("verify") == 0
    assert "note" not in capsys.readouterr().out


def test_settings_of_another_folder(copied, capsys):
    shutil.move("config", "mine")
    assert dissent("verify", "--config-dir", "mine") == 0
    assert "note" not in capsys.readouterr().out
    assert dissent("verify", "--config-dir", "nowhere") == 2
