"""The made-up inputs that people's tools produce (`make_inputs.py`, beside the repository; skipped without it), from init to prepare.

Each kind has tests of its own as well, and stands in the fault suite (tests/faults).
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from faults import made
from faults.own import way
from faults.product import dissent
from PIL import Image

from dissent.core.files import read_table

MAKER = next(
    (path for folder in Path(__file__).parents if (path := folder / "shared/faults/make_inputs.py").exists()), None
)
pytestmark = pytest.mark.skipif(MAKER is None, reason="make_inputs.py is not here")


@pytest.fixture
def make(in_tmp):
    """Write a case to raw/; returns what it prints."""

    def run(case: str) -> str:
        done = subprocess.run([sys.executable, str(MAKER), case, "raw"], capture_output=True, text=True, check=True)
        return done.stdout

    return run


def counts(printed: str) -> list[int]:
    return json.loads(re.search(r"\[[\d, ]+\]", printed)[0])


def right_or_asked(printed: str, *flags: str, words: tuple, size: int = 48) -> None:
    """The pixels are those printed, or init or check stop with one of these words."""
    end = way(*flags, size=size)
    assert "Traceback" not in end.text
    if end.stage == "done":
        found = list(made.pixels_of().values())[: len(counts(printed))]
        assert found[0] == counts(printed)[0] or len(found) == 5, end.text
        assert sorted(found) == sorted(counts(printed)), end.text  # colours stand in the order of their pixels
    else:
        assert any(word in end.said.text for word in words), end.said.text


def test_raw_in_data(make):
    make("raw_in_data")
    Path("raw/data").rename("data")
    before = made.snapshot("data")
    Path("settings").mkdir()
    said = dissent("init", "data/cells", "--settings", "settings")
    assert said.code == 2 and "data/cells" in said.text and "Traceback" not in said.text
    assert made.snapshot("data") == before and len(before) == 30


def test_endings(make):
    make("endings")
    end = way()
    if end.stage == "done":
        rows = read_table("data/cells/files.csv")
        assert (len(rows), sum(bool(row["label"]) for row in rows)) == (40, 12)
    else:
        assert "28" in end.said.text


def test_misspelt(make):
    make("misspelt")
    end = way()
    assert "i05_msk" in end.text and "i07-mask" in end.text


@pytest.mark.parametrize(
    ("case", "words", "size"),
    [
        ("palettes", ("palette",), 48),
        ("two_colour_bmp", ("BMP",), 64),
        ("white_is_zero", ("white",), 48),
        ("five_samples", ("5 samples",), 64),
    ],
)
def test_pixels_are_right_or_asked_about(make, case, words, size):
    right_or_asked(make(case), words=words, size=size)


def test_jpeg_in_tiff(make):
    make("jpeg_in_tiff")
    end = way()
    assert end.stage != "done" and "JPEG" in end.said.text


def test_dots(make):
    make("dots")
    lists = "splits:\n  few: {lists: {labelled: raw/labelled.txt, val: raw/val.txt}}\n"
    made.settings(made.DATASET.split("splits:")[0] + lists)
    assert made.prepared().code == 0
    assert [row["id"] for row in read_table("data/cells/splits/few/labelled.csv")] == ["a.rot", "b.rot"]


def test_a_class_called_unknown(make):
    printed = make("unknown_class")
    end = way("--labels", "urban,water,unknown,forest", size=64)
    assert end.stage == "done", end.text
    assert list(made.pixels_of().items()) == list(
        zip(["urban", "water", "unknown", "forest"], counts(printed), strict=True)
    )
    assert re.search(rf"unknown +{counts(printed)[2]:,}", end.text)


def test_binary_background(make):
    right_or_asked(make("binary_background"), "--kind", "binary", "--labels", "background", words=("background",))
    if Path("data").exists():
        assert dissent("verify").code == 0


def test_empty_validation(make):
    make("empty_validation")
    table = "table: {path: splits.csv, key: image}\nsplits:\n  few: {column: side, labelled: [labelled], unlabelled: [pool], val: [val], test: [test]}\n"
    made.settings(made.DATASET.split("splits:")[0] + table)
    said = dissent("check", "cells", "--settings", "settings")
    assert re.search("none of 3 validation images shows", said.text)


def test_sparse_16_bits(make):
    make("sparse_16_bits")
    end = way(size=128)
    if "percentiles" in end.text:
        return
    dim, bright = [], []
    for path in Path("raw/images").iterdir():
        raw, ours = (np.array(Image.open(one)) for one in (path, f"data/cells/images/{path.name}"))
        dim, bright = [*dim, *ours[raw == 300]], [*bright, *ours[raw == 60000]]
    assert max(dim) < min(bright)


def test_cp1252_table(make):
    make("cp1252_table")
    table = "table: {path: splits.csv, key: image}\nsplits:\n  few: {column: side, train: [train], labelled: 3, val: [val]}\n"
    made.settings(made.DATASET.split("splits:")[0] + table)
    text = Path("raw/splits.csv").read_bytes().decode("cp1252")
    for encoding in ("cp1252", "utf-16"):
        Path("raw/splits.csv").write_bytes(text.encode(encoding))
        said = dissent("check", "cells", "--settings", "settings")
        assert "Traceback" not in said.text
        assert said.code == 0 or "splits.csv" in said.text, said.text


def test_damaged_png(make):
    make("damaged_png")
    end = way(size=256)
    assert end.stage == "init" and "i03.png" in end.said.text


def test_near_duplicates(make):
    make("near_duplicates")
    table = "table: {path: splits.csv, key: image}\nsplits:\n  few: {column: side, labelled: [labelled], unlabelled: [pool], val: [val], test: [test]}\n"
    made.settings(made.DATASET.split("splits:")[0].replace("[48, 48]", "[96, 96]") + table)
    said = dissent("check", "cells", "--settings", "settings")
    for pair in (("i00", "i22"), ("i07", "i23")):
        assert any(all(name in line for name in pair) for line in said.text.splitlines()), said.text


def test_part_of_a_group(make):
    make("part_of_a_group")
    end = way("--group", r"^(pat\d+)")
    assert end.stage == "done", end.text
    folder = next(Path("data/cells/splits").iterdir())
    sides = {side: [row["id"] for row in read_table(folder / f"{side}.csv")] for side in made.SIDES}
    assert sum(len(sides[side]) for side in ("labelled", "unlabelled", "val", "test")) <= 60
    patients = [
        {name[:5] for name in names} for names in (sides["labelled"] + sides["unlabelled"], sides["val"], sides["test"])
    ]
    assert not any(one & other for i, one in enumerate(patients) for other in patients[:i])
    masked = {path.stem for path in Path("raw/masks").iterdir()}
    assert {name for name in masked if name[:5] in patients[0]} == set(sides["labelled"])
