"""raw.csv: which raw files a data set was prepared from, and what is said when they are not the same any more."""

import os
from pathlib import Path

import pytest
from cli_data import dissent
from raw_data import dataset, ids, pairs, photo, prepared, save
from test_cli_check import check, settings

from dissent.core.files import UserError, read_json, sha256
from dissent.datasets import prepare, raw_digest
from dissent.datasets.record import Change, changes, read_record, told

RAW, OUT = Path("raw"), Path("data/mine")
NAMES = [f"n{i}" for i in range(8)]


def jpegs() -> None:
    """Images without any checksum of their own."""
    pairs(RAW, NAMES)
    for number, name in enumerate(NAMES):
        (RAW / "images" / f"{name}.png").unlink()
        save(RAW / "images" / f"{name}.jpg", photo(number))


def again(out: Path = OUT) -> None:
    prepare(dataset(), "mine", str(RAW), str(out))


def rot(path: Path) -> None:
    """One bit, at the same date."""
    status = path.stat()
    content = bytearray(path.read_bytes())
    content[-40] ^= 4
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def edit(path: Path) -> None:
    save(path, ids(77))
    os.utime(path, ns=(1, 1))


def test_each_file_stands_in_it_with_its_kind(in_tmp):
    jpegs()
    (RAW / "splits.csv").write_text("stem\n" + "".join(f"{name}\n" for name in NAMES))
    about, _ = prepared(RAW, OUT, table={})
    rows = read_record(OUT)
    assert list(rows) == sorted(rows) and len(rows) == 2 * len(NAMES) + 1
    assert {row["kind"] for row in rows.values()} == {"image", "mask", "table"}
    one = rows["images/n0.jpg"]
    assert (
        one["sha256"] == sha256(RAW / "images/n0.jpg") and int(one["bytes"]) == (RAW / "images/n0.jpg").stat().st_size
    )
    assert about["raw"] == {"folder": "raw", "path": "raw.csv", "sha256": sha256(OUT / "raw.csv")}
    assert changes(OUT, RAW) == []


def test_rot_is_refused_until_the_file_is_restored_or_touched(in_tmp):
    jpegs()
    again()
    good, image = (RAW / "images/n3.jpg").read_bytes(), RAW / "images/n3.jpg"
    before = {path: path.read_bytes() for path in OUT.rglob("*") if path.is_file()}
    digest = raw_digest(RAW)
    rot(image)
    with pytest.raises(UserError, match=r"images/n3\.jpg: has other content than before under the same date.*touch"):
        again()
    assert before == {path: path.read_bytes() for path in OUT.rglob("*") if path.is_file()}
    assert raw_digest(RAW) == digest  # a plan makes nothing anew because of it
    status = image.stat()
    image.write_bytes(good)
    os.utime(image, ns=(status.st_atime_ns, status.st_mtime_ns))
    again()
    rot(image)
    image.touch()
    again()
    assert read_record(OUT)["images/n3.jpg"]["sha256"] == sha256(image)


def test_rot_between_a_look_and_the_first_preparation_is_refused(in_tmp):
    jpegs()
    raw_digest(RAW)
    rot(RAW / "images/n3.jpg")
    with pytest.raises(UserError, match=r"images/n3\.jpg: has other content"):
        again()


def test_edits_are_told_and_taken(in_tmp, caplog):
    jpegs()
    again()
    edit(RAW / "masks/n1.png")
    (RAW / "images/n2.jpg").unlink()
    (RAW / "masks/n2.png").unlink()
    assert changes(OUT, RAW) == [
        Change("images/n2.jpg", "image", "gone"),
        Change("masks/n1.png", "mask", "edited"),
        Change("masks/n2.png", "mask", "gone"),
    ]
    again()
    assert "1 raw file: masks/n1.png: each was edited since it was prepared" in caplog.text
    assert "2 raw files: images/n2.jpg, masks/n2.png: each was prepared, and is not there" in caplog.text
    assert changes(OUT, RAW) == [] and len(read_record(OUT)) == 14


def test_without_dates_nothing_is_said_of_edit_or_damage(in_tmp):
    jpegs()
    again()
    for path in Path("work").rglob("*.json"):
        path.unlink()
    rot(RAW / "images/n3.jpg")
    assert changes(OUT, RAW) == [Change("images/n3.jpg", "image", "changed")]


def test_a_touched_file_is_the_same(in_tmp):
    jpegs()
    again()
    (RAW / "images/n3.jpg").touch()
    assert changes(OUT, RAW) == []


def test_verify_reads_every_raw_file(in_tmp, capsys):
    jpegs()
    again()
    assert dissent("verify") == 0
    rot(RAW / "images/n3.jpg")
    edit(RAW / "masks/n1.png")
    (RAW / "images/n5.jpg").unlink()
    assert dissent("verify", "data") == 1
    rows = [line.split()[:2] for line in capsys.readouterr().out.splitlines()]
    for row in (["rotten", "raw/images/n3.jpg"], ["edited", "raw/masks/n1.png"], ["gone", "raw/images/n5.jpg"]):
        assert row in rows
    RAW.rename("elsewhere")
    assert dissent("verify") == 0  # prepared data may be used where the raw files are not


def test_verify_finds_a_damaged_or_lost_record(in_tmp, capsys):
    jpegs()
    again()
    (OUT / "raw.csv").write_text((OUT / "raw.csv").read_text().replace("n1", "n9"))
    assert dissent("verify") == 1 and "data/mine/raw.csv" in capsys.readouterr().out
    (OUT / "raw.csv").unlink()
    assert dissent("verify") == 1 and "data/mine/raw.csv" in capsys.readouterr().out


def test_check_names_what_changed_and_records_nothing(in_tmp, capsys):
    settings()
    jpegs()
    again()
    record = (OUT / "raw.csv").read_bytes()
    edit(RAW / "masks/n1.png")
    assert check() == 0
    assert "masks/n1.png: each was edited since" in capsys.readouterr().out
    rot(RAW / "images/n3.jpg")
    assert check() == 1
    assert "images/n3.jpg: has other content than before" in capsys.readouterr().out
    assert (OUT / "raw.csv").read_bytes() == record and read_json(OUT / "dataset.json")["images"] == 8


def test_names_cannot_disturb_a_terminal():
    [line] = told([Change(f"{i}\x1b[2J.png", "image", "gone") for i in range(7)])
    assert line.startswith("7 raw files: 0\\x1b[2J.png, 1\\x1b[2J.png,") and "and 2 more: each was prepared" in line
