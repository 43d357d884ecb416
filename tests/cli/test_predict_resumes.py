"""`dissent predict --resume`: what is written and whole is not made again, and nothing of the user's is written over."""

import json
import os
import shutil
from pathlib import Path

import pytest
import torch
from cli_data import generation, pixels_of, predict, rows_of
from raw_data import photo, save

from dissent.cli.predict import tables, vote
from dissent.cli.predict.progress import Progress
from dissent.core.files import read_json

torch.set_num_threads(1)


@pytest.fixture
def labelled(in_tmp, monkeypatch) -> list[int]:
    """A generation and four photos; the list counts the images that are labelled from now on."""
    generation()
    for number in range(4):
        save(Path(f"photos/{number}.png"), photo(number))
    seen, right = [], vote.vote
    monkeypatch.setattr(vote, "vote", lambda *given: seen.append(1) or right(*given))
    return seen


def out() -> dict[str, bytes]:
    """All that a run writes but the record."""
    return {str(path): path.read_bytes() for path in Path("out").rglob("*.*") if path.name != "progress.jsonl"}


def test_what_was_stopped_goes_on_and_ends_as_if_it_had_not(labelled, monkeypatch, capsys):
    assert predict() == 0
    unbroken = out()
    Path("out").rename("first")
    counted = vote.vote

    def stops(*given):
        if len(labelled) == 6:
            raise KeyboardInterrupt
        return counted(*given)

    monkeypatch.setattr(vote, "vote", stops)
    assert predict() == 130 and not Path("out/predictions.csv").exists()
    monkeypatch.setattr(vote, "vote", counted)
    assert predict() == 2  # as ever
    assert "--resume to go on" in capsys.readouterr().err
    record = Path("out/progress.jsonl")
    record.write_text(record.read_text() + '{"image": "3.p')  # a kill cuts a line off
    assert predict("--resume") == 0 and '\n{"image": "3.p\n' in record.read_text()
    assert out() == unbroken and len(labelled) == 4 + 2 + 2
    assert "2 of 4 images were labelled before" in capsys.readouterr().err


def test_changed_and_new_images_are_labelled_and_lost_masks_are_made_again(labelled):
    assert predict() == 0
    save(Path("photos/0.png"), photo(9))
    save(Path("photos/new.png"), photo(8))
    os.utime("photos/1.png", (1, 1))  # a new date, the same bytes
    before = pixels_of(Path("out/masks/3.png"))
    Path("out/masks/2.png").unlink()
    Path("out/masks/3.png").write_bytes(Path("out/masks/3.png").read_bytes()[:40])
    assert predict("--resume") == 0 and len(labelled) == 4 + 4
    assert set(rows_of()) == {"0.png", "1.png", "2.png", "3.png", "new.png"}
    assert (pixels_of(Path("out/masks/3.png")) == before).all()
    assert predict("--resume") == 0 and len(labelled) == 8


def test_a_mask_that_was_edited_stays(labelled, capsys):
    assert predict() == 0
    save(Path("out/masks/1.png"), photo(5, channels=1))
    edited = Path("out/masks/1.png").read_bytes()
    assert predict("--resume") == 2
    assert "1 files that were changed since they were written (masks/1.png)" in capsys.readouterr().err
    assert Path("out/masks/1.png").read_bytes() == edited
    assert predict("--resume", "--overwrite") == 0 and Path("out/masks/1.png").read_bytes() != edited


def test_files_of_others_are_not_written_over(labelled, capsys):
    Path("out/masks").mkdir(parents=True)
    Path("out/masks/2.png").write_text("mine")
    assert predict("--resume") == 2 and Path("out/masks/2.png").read_text() == "mine"
    assert "1 of the files that this would write (masks/2.png)" in capsys.readouterr().err
    assert not Path("out/progress.jsonl").exists()


@pytest.mark.parametrize("name", ["predictions.csv", "made_with.json", "progress.jsonl"])
def test_tables_of_others_are_not_written_over(labelled, capsys, name):
    """Neither a person's own beside a run that begins, nor ours that a person edited."""
    Path("out").mkdir()
    for mine in ("a list of mine\n", '["mine"]\n'):
        Path("out", name).write_text(mine)
        assert predict("--resume") == 2 and Path("out", name).read_text() == mine
        assert name in (told := capsys.readouterr().err) and "move" in told and "--overwrite" in told
    Path("out", name).unlink()
    assert predict("--resume") == 0 and predict("--resume") == 0
    if name != "progress.jsonl":
        before = Path("out", name).read_bytes()
        Path("out", name).write_bytes(edited := before.replace(b"0.png", b"my.png").replace(b"binary", b"my own"))
        assert edited != before
        assert predict("--resume") == 2 and Path("out", name).read_bytes() == edited
        assert f"1 of the files that this would write ({name}), not as" in capsys.readouterr().err
    assert predict("--resume", "--overwrite") == 0


def test_what_a_kill_left_is_ours_until_a_person_edits_it(labelled, monkeypatch, capsys):
    """Killed between a mask and the line that says so, between the table and its JSON, and within the first line."""
    with monkeypatch.context() as patched:
        patched.setattr(Progress, "end", lambda *given: (_ for _ in ()).throw(KeyboardInterrupt))
        assert predict() == 130
    masks = sorted(Path("out/masks").glob("*.png"))
    assert masks and '"image"' not in Path("out/progress.jsonl").read_text()
    whole = masks[0].read_bytes()
    save(masks[0], photo(5, channels=1))
    edited = masks[0].read_bytes()
    assert predict("--resume") == 2 and masks[0].read_bytes() == edited
    assert f"(masks/{masks[0].name}), not as" in capsys.readouterr().err
    masks[0].write_bytes(whole)
    with monkeypatch.context() as patched:
        patched.setattr(tables, "write_json", lambda *given: (_ for _ in ()).throw(KeyboardInterrupt))
        assert predict("--resume") == 130
    assert Path("out/predictions.csv").exists() and not Path("out/made_with.json").exists()
    assert predict("--resume") == 0 and set(rows_of()) == {f"{number}.png" for number in range(4)}
    first = Path("out/progress.jsonl").read_bytes()[:20]
    shutil.rmtree("out")
    Path("out").mkdir()
    Path("out/progress.jsonl").write_bytes(first)
    assert predict("--resume") == 0


@pytest.mark.parametrize("content", [b"layers of mine", b"\xff\xd8\xff a photograph"])
def test_what_is_no_png_and_took_the_place_of_a_mask_stays(labelled, content):
    assert predict() == 0
    Path("out/masks/1.png").write_bytes(content)
    assert predict("--resume") == 2 and Path("out/masks/1.png").read_bytes() == content


def test_other_networks_or_settings_do_not_go_on(labelled, capsys):
    assert predict() == 0
    assert predict("--resume", "--tiles") == 2
    assert "made by other networks or with other settings" in capsys.readouterr().err
    assert read_json("out/made_with.json")["input"]["geometry"]["name"] == "whole"
    first = json.loads(Path("out/progress.jsonl").read_text().splitlines()[0])
    assert set(first) == {"made_by"}
