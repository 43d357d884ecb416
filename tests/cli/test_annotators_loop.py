"""The annotators' loop: init, check, add masks, correct, remove, rename; validation and test stay, and changes are told."""

from pathlib import Path

import numpy as np
import pytest
from cli_data import dissent
from raw_data import ids, pairs, photo, save

from dissent.config.base import read_yaml, validate
from dissent.config.dataset import Dataset
from dissent.core.columns import SUBSETS
from dissent.core.files import read_table, sha256
from dissent.datasets import prepare, split

NAMES = [f"i{i:02}" for i in range(16)]
TABLE = Path("own/datasets/mine.splits.csv")


@pytest.fixture
def raw(in_tmp) -> Path:
    """Sixteen images, of which ten have masks."""
    folder = pairs(Path("raw"), NAMES)
    for name in NAMES[10:]:
        (folder / f"masks/{name}.png").unlink()
    Path("own").mkdir()
    return folder


def command(name: str, *arguments) -> int:
    target = ["raw", "--name", "mine"] if name == "init" else ["mine"]
    return dissent(name, *target, "--config-dir", "own", *arguments)


def subsets() -> dict[str, list[str]]:
    """Prepare in data/mine as the workflow does, and divide; {subset: ids}."""
    source = validate(Dataset, read_yaml("own/datasets/mine.yaml"), "mine").model_dump(mode="json")
    prepare(source, "mine", "raw", "data/mine")
    split(source, "first", "data/mine", "data/mine/splits/first")
    return {subset: [row["id"] for row in read_table(f"data/mine/splits/first/{subset}.csv")] for subset in SUBSETS}


def mask(name: str) -> Path:
    return save(Path(f"raw/masks/{name}.png"), ids(int(name[1:])))


def test_the_loop_three_times(raw, capsys):
    assert command("init") == 0 and command("check") == 0
    first = subsets()
    held = {subset: first[subset] for subset in ("val", "test")}
    assert len(first["val"]) == len(first["test"]) == 2 and len(first["labelled"]) == 6 and first["hidden"] == []
    capsys.readouterr()
    settings = {path: path.read_bytes() for path in Path("own").rglob("*.*")}

    mask("i10"), mask("i11")  # masks are added
    assert command("init") == 0
    out = capsys.readouterr().out
    assert "28 files: 16 images (12 with a mask), 12 masks, 0 left out" in out
    assert "2 new masks since the last preparation: images/i10.png, images/i11.png" in out
    assert "nothing is to be changed" in out
    assert command("check") == 0
    second = subsets()
    assert {subset: second[subset] for subset in held} == held
    assert set(second["labelled"]) - set(first["labelled"]) == {"i10", "i11"} and second["hidden"] == []

    one = second["labelled"][0]  # one is corrected, one is taken away, an image comes
    save(Path(f"raw/masks/{one}.png"), 1 - ids(3))
    Path("raw/masks/i11.png").unlink()
    save(Path("raw/images/i16.png"), photo(16))
    assert command("init") == 0
    out = capsys.readouterr().out
    assert "1 new images since the last preparation: images/i16.png" in out and "1 masks gone" in out
    assert command("check") == 0
    third = subsets()
    assert {subset: third[subset] for subset in held} == held
    assert "i11" in third["unlabelled"] and "i16" in third["unlabelled"] and one in third["labelled"]

    gone = third["unlabelled"][0]  # an unlabelled image goes
    Path(f"raw/images/{gone}.png").unlink()
    assert command("init") == 0 and "1 images gone since the last preparation" in capsys.readouterr().out
    assert command("check") == 0 and {subset: subsets()[subset] for subset in held} == held
    assert {path: path.read_bytes() for path in settings} == settings


def test_a_mask_of_validation_that_vanished_is_named(raw, capsys):
    assert command("init") == 0
    name = subsets()["val"][0]
    Path(f"raw/masks/{name}.png").unlink()
    assert command("check") == 1
    assert f"splits.csv, line 2: images/{name}.png is in val and has no mask: put one there" in capsys.readouterr().out
    assert command("init") == 1
    assert (
        f"mend    {TABLE}, line 2: images/{name}.png is in val and has no mask: put one there"
        in capsys.readouterr().out
    )


def test_images_of_validation_that_are_renamed_or_gone(raw, capsys):
    assert command("init") == 0
    lines = TABLE.read_text().splitlines()
    first, second = (Path(line.split(",")[0]).name for line in lines[1:3])
    for folder in ("images", "masks"):
        Path("raw", folder, first).rename(Path("raw", folder, "other.png"))
    assert command("check") == 1
    assert f"line 2: images/{first} is no image any more: put it back, give its new name" in capsys.readouterr().out
    assert command("init") == 0
    assert f"line 2: images/{first} is called images/other.png now, and stays in val" in capsys.readouterr().out
    assert TABLE.read_text().splitlines() == [lines[0], lines[1].replace(first, "other.png"), *lines[2:]]
    assert command("check") == 0 and "other" in subsets()["val"]
    for folder in ("images", "masks"):
        Path("raw", folder, second).unlink()
    assert command("init") == 1
    assert f"line 3: images/{second} is no image any more: put it back, give its new name" in capsys.readouterr().out
    TABLE.write_text("\n".join([*TABLE.read_text().splitlines()[:2], *lines[3:]]) + "\n")
    assert command("init") == 0 and command("check") == 0


def test_lines_of_a_person_and_equal_names_in_folders(in_tmp, capsys):
    """A line needs no digest; where an image is gone, another of its name in another folder does not take its place."""
    pairs(Path("raw"), [f"{day}/{i}" for day in "xy" for i in range(8)])
    Path("own").mkdir()
    assert command("init") == 0
    TABLE.write_text("image;subset\nimages/x/1.png;val\nimages/y/1.png;test\nimages/y/2.png;val\n")
    assert command("check") == 0
    TABLE.write_text("image,subset,sha256\nimages/x/1.png,val\nimages/y/2.png,val\n")
    assert command("check") == 0 and "2 validation images" in capsys.readouterr().out
    for folder in ("images", "masks"):
        Path(f"raw/{folder}/x/1.png").unlink()
    assert command("check") == 1
    assert "line 2: images/x/1.png is no image any more" in capsys.readouterr().out


def test_what_a_person_wrote_stays(raw, capsys):
    assert command("init") == 0
    path = Path("own/datasets/mine.yaml")
    path.write_text(path.read_text().replace("size: [16, 24]", "size: [32, 48]  # larger: thin branches"))
    before = path.read_bytes()
    save(Path("raw/images/i20.png"), photo(20))
    assert command("init", "--size", 16, 24) == 0
    out = capsys.readouterr().out
    assert path.read_bytes() == before and "--size: not used, as own/datasets/mine.yaml answers that" in out
    assert dissent("init", "own", "--name", "mine", "--config-dir", "own") == 2
    assert "describes raw, not own; say another --name" in capsys.readouterr().err


def test_unlabelled_images_come_to_a_simulation(raw, capsys):
    """Where every image had a mask, init held masks back; with images to label, every mask is learned from."""
    for name in NAMES[10:]:
        Path(f"raw/images/{name}.png").unlink()
    assert command("init") == 0
    path = Path("own/datasets/mine.yaml")
    path.write_text(path.read_text().replace("task:", "# our own words\ntask:"))
    first = subsets()
    assert first["hidden"]
    save(Path("raw/images/i20.png"), photo(20))
    assert command("check") == 1 and "images/i20.png: has no mask; `allow_unlabelled: true`" in capsys.readouterr().out
    assert command("init") == 0
    out = capsys.readouterr().out
    assert "`allow_unlabelled: true`, as some images have no mask now" in out and "`labelled: all`" in out
    assert "# our own words\ntask:" in path.read_text()
    second = subsets()
    assert (second["hidden"], second["unlabelled"]) == ([], ["i20"])
    assert all(second[subset] == first[subset] for subset in ("val", "test"))


def test_a_split_by_hand_is_not_changed_for_the_user(raw, capsys):
    for name in NAMES[10:]:
        Path(f"raw/images/{name}.png").unlink()
    assert command("init") == 0
    path = Path("own/datasets/mine.yaml")
    path.write_text(
        path.read_text()
        .replace("{seed: 42, labelled: 0.2,", "{labelled: 0.2,")
        .replace("raw: raw", "raw: raw\nallow_unlabelled: false")
    )
    before = path.read_bytes()
    save(Path("raw/images/i20.png"), photo(20))
    assert command("init") == 1 and path.read_bytes() == before
    out = capsys.readouterr().out
    assert (
        "write `allow_unlabelled: true`, as some images have no mask" in out
        and "`labelled: 0.2` of `first` hides masks" in out
    )


def test_partly_labelled_patients(in_tmp, capsys):
    """Six patients of six frames, three of which have a mask, on the command that init recommends."""
    names = [f"pat{patient:02}_f{frame}" for patient in range(6) for frame in range(6)]
    folder = pairs(Path("raw"), names)
    for name in names:
        if name[-1] in "345":
            (folder / f"masks/{name}.png").unlink()
    Path("own").mkdir()
    assert command("init", "--group", r"^(pat\d+)") == 0
    out = capsys.readouterr().out
    assert "36 images (18 with a mask), 18 masks" in out
    assert "3 images (1 group) for validation, 3 images (1 group) for the test" in out
    assert "12 images (4 groups) labelled, 12 images (4 groups) unlabelled" in out
    assert "6 images (2 groups) left out of everything: they have no mask" in out
    assert command("check") == 0 and "6 images without a mask are left out of everything" in capsys.readouterr().out
    found = subsets()
    patients = {subset: {name[:5] for name in found[subset]} for subset in SUBSETS}
    assert patients["labelled"] == patients["unlabelled"] and len(patients["labelled"]) == 4 and not found["hidden"]
    assert len(patients["labelled"] | patients["val"] | patients["test"]) == 6
    assert np.all([len(found[subset]) == 3 for subset in ("val", "test")])


@pytest.mark.parametrize(
    ("encoding", "table"),
    [
        ("utf-8", "subset;note;image;sha256\r\nval;a val;{0};{1}\r\n"),
        ("utf-16", "image,subset,sha256\n{0},val,{1}\n"),
        ("utf-8-sig", 'sep=;\nimage;subset;sha256\n"{0}"; val;{1}'),
    ],
)
def test_of_a_persons_table_only_the_cell_is_changed(raw, encoding, table):
    """`val` stands in the name of the column, of the subset and of the image."""
    assert command("init") == 0
    for folder in ("images", "masks"):
        Path(f"raw/{folder}/i01.png").rename(f"raw/{folder}/val.png")
    TABLE.rename("shared.csv")
    TABLE.symlink_to(Path("shared.csv").resolve())
    TABLE.write_bytes(table.format("val", sha256("raw/images/val.png")).encode(encoding))
    for folder in ("images", "masks"):
        Path(f"raw/{folder}/val.png").rename(f"raw/{folder}/b,val; c.png")
    assert command("init") == 0
    name = '"images/b,val; c.png"' if encoding != "utf-8-sig" else "images/b,val; c.png"
    assert TABLE.read_bytes().decode(encoding.removesuffix("-sig")).removeprefix("\ufeff") == table.format(
        name, sha256("raw/images/b,val; c.png")
    )
    assert TABLE.is_symlink() and subsets()["val"] == ["b,val; c"]


def test_settings_are_changed_only_where_they_then_say_what_is_meant(raw, capsys):
    """The line before which `allow_unlabelled: true` would be written is part of a text."""
    for name in NAMES[10:]:
        Path(f"raw/images/{name}.png").unlink()
    assert command("init", "--labelled", "0.3") == 0
    save(Path("raw/images/i20.png"), photo(20))
    path = Path("own/datasets/mine.yaml")
    path.write_text(path.read_text().replace("raw: raw", "leave_out: ['\n\nsplits:\n']\nraw: raw"))
    before = path.read_bytes()
    assert command("init") == 1 and path.read_bytes() == before
    assert "write `allow_unlabelled: true`" in capsys.readouterr().out


def test_pictures_that_took_the_name_of_one_of_validation(raw, capsys):
    assert command("init") == 0
    val, other = subsets()["val"][0], subsets()["labelled"][0]
    before = TABLE.read_text()
    for folder in ("images", "masks"):
        paths = [Path(f"raw/{folder}/{name}.png") for name in (val, other)]
        one, two = (path.read_bytes() for path in paths)
        paths[0].write_bytes(two), paths[1].write_bytes(one)
    assert command("init") == 0
    assert f"images/{val}.png is called images/{other}.png now, and stays in val" in capsys.readouterr().out
    assert TABLE.read_text() == before.replace(f"/{val}.", f"/{other}.") and other in subsets()["val"]
    TABLE.write_text(TABLE.read_text() + "images/i09.png,val\n")  # by a person, who needs no digest
    assert command("init") == 0 and f"images/i09.png,val,{sha256('raw/images/i09.png')}\n" in TABLE.read_text()
    assert f"{TABLE}: the sha256 of lines without one is noted" in capsys.readouterr().out
    save(Path(f"raw/images/{other}.png"), photo(40))
    assert command("init") == 0
    assert f"images/{other}.png of val shows another picture than before" in capsys.readouterr().out
    assert sha256(f"raw/images/{other}.png") in TABLE.read_text() and command("init") == 0
    assert "another picture" not in capsys.readouterr().out


def test_a_table_that_is_gone_is_written_again_as_it_was_prepared(raw, capsys):
    assert command("init") == 0
    before = TABLE.read_bytes()
    TABLE.unlink()
    assert command("init") == 2 and "say --anew to draw val and test anew" in capsys.readouterr().err
    TABLE.write_bytes(before)
    subsets()
    TABLE.unlink()
    assert command("init") == 0 and "val and test are those that were prepared last" in capsys.readouterr().out
    assert TABLE.read_bytes() == before


def test_few_images_of_a_subset_are_told_by_subset(in_tmp, capsys):
    pairs(Path("raw"), NAMES[:8])
    Path("own").mkdir()
    assert command("init") == 0 and capsys.readouterr()
    assert command("init") == 0
    assert "few" not in capsys.readouterr().out  # of 8 masks none is for a test: init said so
    for name in range(30):
        save(Path(f"raw/images/j{name}.png"), photo(50 + name)), save(Path(f"raw/masks/j{name}.png"), ids(50 + name))
    assert command("init") == 0
    out = capsys.readouterr().out
    assert f"few images for test (0) beside 38 masks: add lines with an image and `test` to {TABLE}" in out
    assert "few images for val" not in out


def test_a_name_that_is_taken_is_no_name_of_new_data(raw, capsys):
    """By settings that come with dissent, or by data that were prepared from another folder."""
    assert dissent("init", "raw", "--name", "demo", "--config-dir", "own") == 2
    assert "demo is the name of settings that come with dissent" in capsys.readouterr().err
    assert command("init") == 0
    subsets()
    Path("other").mkdir()
    pairs(Path("raw2"), NAMES)
    assert dissent("init", "raw2", "--name", "mine", "--config-dir", "other") == 2
    assert "data/mine was prepared from raw, and would be removed: the name is taken" in capsys.readouterr().err
    assert command("init", "--anew") == 0
