"""`dissent init`: what it writes and tells, and what it refuses by name."""

import re
from pathlib import Path

import pytest
from cli_data import dissent
from init_data import NAMES, check_too, folder, init, values, written

from dissent.config.base import read_yaml
from dissent.core.files import write_text
from dissent.datasets.groups import suggested


@pytest.mark.parametrize("name", ["a\udcffb", "p\udcff/a"])
def test_a_name_that_is_no_text_is_refused(in_tmp, capsys, name):
    folder(values(0, 1), names=[*NAMES, name])
    assert init() == 2
    assert f"{f'images/{name}.png'!a}: its name is no UTF-8; rename it" in capsys.readouterr().err


def test_names_that_prepare_would_refuse_are_refused(in_tmp, capsys):
    folder(values(0, 1), names=[*NAMES, "x\ny", "a/b__c", "a__b/c", "z/c"])
    assert init() == 2
    told = capsys.readouterr().err
    assert r"'images/x\ny.png': its name has the character '\n'; rename it" in told
    assert "images/a__b/c.png and images/a/b__c.png: have the same name; rename one, as / becomes __" in told
    assert not list(Path("own").rglob("*.*"))


@pytest.mark.parametrize("name", ["1e3", "no", "0x1F", "12:30", "~"])
def test_folders_are_text_whatever_yaml_makes_of_their_names(in_tmp, name):
    folder(values(0, 1), raw=name)
    assert init(raw=name) == 0
    assert written()["raw"] == name


# what is written -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "groups"),
    [
        ([f"pat{i:02}_f{j}" for i in range(3) for j in range(2)], {"pat00", "pat01", "pat02"}),
        ([f"a_{i}_{j}" for i in range(3) for j in range(2)], {"a_0", "a_1", "a_2"}),
        (["a1", "a2", "b1", "b2", "c1", "c2"], {"a", "b", "c"}),
        (["scan3-07b", "scan3-08b", "scan4-01a", "scan4-02", "s.5-1", "s.5-2"], {"scan3", "scan4", "s.5"}),
        (["x_1", "x_2", "y_1", "y_2", "overview", "y_3"], {"x", "y", "overview"}),
        (["new1", "new2", "s1", "s2"], None),
        ([f"pat{i:02}/f{j}" for i in range(3) for j in range(2)], {"pat00", "pat01", "pat02"}),
        ([f"pat{i:02}/pat{i:02}_f{j}" for i in range(3) for j in range(2)], {"pat00", "pat01", "pat02"}),
        ([f"site/p{i}/f_{j}" for i in range(3) for j in range(2)], {"site/p0", "site/p1", "site/p2"}),
        (["p0/1", "p0/2", "p0/3", "p0/4", "p1/1", "p1/2", "p1/3", "alone"], {"p0", "p1", "alone"}),
        (
            [f"{subset}/pat{i}_{subset}{j}" for subset in ("train", "val") for i in range(3) for j in range(2)],
            {"pat0", "pat1", "pat2"},
        ),
        ([f"{subset}/{letter}{j}" for subset in ("new", "old") for letter in "abc" for j in range(2)], None),
        (["IMG-0001", "IMG-0002", "IMG-0003", "IMG-0004"], None),
        (["cell", "leaf", "rock", "tree"], None),
    ],
)
def test_a_suggested_pattern_fits_the_names(names, groups):
    found = suggested(names)
    assert (found and set(found.images)) == groups
    if groups:
        assert {found.of(name) for name in names} == groups


def test_a_folder_for_each_patient_is_a_group(in_tmp, capsys):
    names = [f"pat{i:02}/f{j}" for i in range(6) for j in range(4)]
    folder(values(0, 1), names=names, masked=names)
    assert init() == 0
    [pattern] = re.findall(r"--group '([^']*)'", capsys.readouterr().out)
    check_too()
    assert re.search(r"images look like 6 sources .* are in two subsets of the split \(pat0", capsys.readouterr().out)
    assert init("--group", pattern, "--anew") == 0
    assert "4 images (1 group) for validation, 4 images (1 group) for the test" in capsys.readouterr().out
    check_too()
    assert "images look like" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("flag", "said"), [("images/more", "leave `--unlabelled` out"), ("masks", "a folder of its own")]
)
def test_no_image_is_taken_twice(in_tmp, capsys, flag, said):
    folder(values(0, 1), names=[*NAMES, "more/x"])
    assert init("--unlabelled", flag) == 2
    told = capsys.readouterr().err
    assert "would be taken twice" in told and said in told
    Path("raw/extra").symlink_to("images/more")
    assert init("--unlabelled", "extra") == 2


@pytest.mark.parametrize(("pattern", "said"), [("", "is empty"), ("^(p", "is no regular expression")])
def test_a_pattern_that_means_nothing_is_refused(in_tmp, capsys, pattern, said):
    folder(values(0, 1))
    with pytest.raises(SystemExit):
        init("--group", pattern)
    assert said in capsys.readouterr().err


def test_too_few_groups_are_told(in_tmp, capsys):
    names = [f"p{i % 2}_{i}" for i in range(12)]
    folder(values(0, 1), names=names, masked=[name for name in names if name.startswith("p0")])
    assert init("--group", "^(p.)") == 2
    assert "6 images in 1 group have masks; 3 at least are needed, in 2 groups" in capsys.readouterr().err
    folder(values(0, 1), names=names, masked=names)
    assert init("--group", "^(p.)") == 0  # one group to learn from, one to choose by, none for a test
    assert "6 images (1 group) for validation, none for the test" in capsys.readouterr().out


def test_tables_beside_the_images_are_told_and_read(in_tmp, capsys):
    folder(values(0, 1))
    Path("raw/splits.csv").write_bytes("image,site\na0,Köln\n".encode("cp1252"))
    Path("raw/val.txt").write_text("a0\n")
    assert init() == 0
    out = capsys.readouterr().out
    assert (
        "note    raw/splits.csv, line 2: byte 0xf6 is no UTF-8" in out and "val.txt may tell groups or subsets" in out
    )


def test_existing_files_stay(in_tmp, capsys):
    folder(values(0, 1))
    write_text("own/experiments/mine.yaml", "mine")
    assert init() == 2
    assert "stay as they are" in capsys.readouterr().err
    assert Path("own/experiments/mine.yaml").read_text() == "mine" and not Path("own/datasets/mine.yaml").exists()


def test_names_of_labels(in_tmp, capsys):
    folder(values(0, 1, 2))
    assert init("--labels", "sky,road") == 2
    assert "names 2 labels for 3 values" in capsys.readouterr().err
    assert init("--labels", "sky, road,no") == 0
    assert written()["task"]["labels"] == ["sky", "road", "no"]


def test_the_name_is_the_folder_s(in_tmp, capsys):
    folder(values(0, 1), raw="my cells (2)")
    Path("own").mkdir()
    assert dissent("init", "my cells (2)", "--config-dir", "own") == 0
    assert "dissent check my_cells_2_ --config-dir own" in capsys.readouterr().out
    assert dissent("init", "my cells (2)", "--config-dir", "own", "--name", "a.b") == 2
    assert dissent("init", "nowhere", "--config-dir", "own") == 2
    assert read_yaml("own/datasets/my_cells_2_.yaml")["raw"] == "my cells (2)"


def test_what_is_printed(in_tmp, capsys):
    folder(values(0, 255), masked=NAMES[:8])
    assert init() == 0
    out = capsys.readouterr().out
    rows = [line.split() for line in out.splitlines()]
    assert any(row[:2] == ["255", "object"] and row[-1] == "8" for row in rows)
    for words in ("12 in raw/images: PNG RGB 8 bit, 16 x 24", "8 in raw/masks: PNG (8 L)", "read as zero_255"):
        assert words in out
