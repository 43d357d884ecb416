"""`dissent init --table`: a split that a person's table gives."""

from pathlib import Path

import pytest
from init_data import NAMES, check_too, folder, init, values, written

from dissent.core.files import read_table


def table(cells, header="file,site,subset", path="raw/splits.csv") -> None:
    Path(path).write_text("\n".join([header, *cells]) + "\n")


def rows(of=lambda number: ("val", "test", "train")[min(number % 6, 2)]) -> list[str]:
    return [f"{name}.png,x,{of(number)}" for number, name in enumerate(NAMES)]


def test_a_table_divides_the_images(in_tmp, capsys):
    folder(values(0, 1), masked=NAMES[:8])
    table(rows())
    assert init("--table", "raw/splits.csv") == 0
    assert written()["table"] == {"path": "splits.csv", "key": "file"}
    split = written()["splits"]["first"]
    assert split == {"seed": 42, "column": "subset", "val": ["val"], "test": ["test"], "labelled": "all"}
    out = capsys.readouterr().out
    assert "2 images for validation, 2 images for the test: as subset of splits.csv says" in out
    assert "4 images labelled, 4 images unlabelled" in out and not Path("own/datasets/mine.splits.csv").exists()
    check_too()
    subsets = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["4", "4", "2", "2", "0"] in subsets  # as the workflow divides them


def test_folds_are_asked_about_and_named(in_tmp, capsys):
    folder(values(0, 1))
    table([f"{name},{number % 4}" for number, name in enumerate(NAMES)], "image,fold")
    assert init("--table", "splits.csv") == 2
    assert "`fold` in splits.csv has 0 (3 images), 1 (3 images)" in capsys.readouterr().err
    assert init("--table", "splits.csv", "--val", "0", "--test", "3") == 0
    split = written()["splits"]["first"]
    assert (split["train"], split["val"], split["test"], split["labelled"]) == (["1", "2"], ["0"], ["3"], 0.2)
    check_too()


def test_validation_is_drawn_where_no_value_means_it(in_tmp, capsys):
    folder(values(0, 1))
    table(rows(lambda number: "test" if number < 3 else "Train"))
    assert init("--table", "splits.csv", "--labelled", 0.5) == 0
    assert written()["splits"]["first"] == {
        "seed": 42, "column": "subset", "train": ["Train"], "test": ["test"], "val": 2, "labelled": 0.5
    }  # fmt: skip
    assert "2 images for validation" in capsys.readouterr().out
    check_too()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--table", "lost.csv"), "`--table lost.csv` is no file below raw"),
        (("--table", "splits.csv", "--column", "subst"), "has no column `subst`; did you mean `subset`?"),
        (("--table", "splits.csv", "--val", "9"), "9 is no value of `subset`"),
        (("--column", "subset"), "`--column` goes with `--table FILE`"),
        (
            ("--table", "other.csv", "--column", "subset"),
            "no column names most of the 12 images, such as images/a0.png",
        ),
    ],
)
def test_a_table_that_does_not_fit_is_told(in_tmp, capsys, arguments, words):
    folder(values(0, 1))
    table(rows())
    table([f"q{number},x,train" for number in range(12)], path="raw/other.csv")
    assert init(*arguments) == 2
    assert words in capsys.readouterr().err and not list(Path("own").rglob("*.yaml"))


def test_an_image_without_a_row_is_named(in_tmp, capsys):
    folder(values(0, 1))
    table(rows()[1:])
    assert init("--table", "splits.csv") == 2
    assert f"images/{NAMES[0]}.png: has no row in splits.csv" in capsys.readouterr().err


def test_a_table_that_was_not_asked_for_changes_nothing(in_tmp):
    folder(values(0, 1))
    table(rows())
    assert init() == 0
    assert "table" not in written() and read_table("own/datasets/mine.splits.csv")
