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

from dissent.core.columns import SUBSETS
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


def refused_by_init(*words: str, size: int = 48, flags: tuple = ()) -> None:
    """Init stops with these words, and nothing was written."""
    end = way(*flags, size=size)
    assert end.stage == "init" and end.said.code == 2, end.text
    assert all(word in end.text for word in words) and "Traceback" not in end.text, end.text
    assert not Path("data").exists() and not list(Path("settings").rglob("*.yaml"))


def test_raw_in_data(make):
    make("raw_in_data")
    Path("raw/data").rename("data")
    before = made.snapshot("data")
    Path("settings").mkdir()
    said = dissent("init", "data/cells", "--config-dir", "settings")
    assert said.code == 2 and "data/cells" in said.text and "Traceback" not in said.text
    assert made.snapshot("data") == before and len(before) == 30


def test_endings(make):
    make("endings")
    end = way()
    assert end.stage == "done", end.text
    rows = read_table("data/cells/files.csv")
    assert (len(rows), sum(bool(row["label"]) for row in rows)) == (40, 12)
    assert "no mask 28 images count as unlabelled: new12, new13" in end.text


def test_misspelt(make):
    make("misspelt")
    refused_by_init("masks/i05_msk.png", "masks/i07-mask.png", "--leave-out")


def test_palettes(make):
    black, red, blue = counts(make("palettes"))
    end = way()
    assert end.stage == "done" and "palettes differ" in end.text, end.text
    assert made.pixels_of() == {"background": black, "class_255_0_0": red, "class_0_0_200": blue}


def test_two_colour_bmp(make):
    background, label = counts(make("two_colour_bmp"))
    end = way(size=64)
    assert end.stage == "done", end.text
    assert made.pixels_of() == {"background": background, "object": label}


@pytest.mark.parametrize(
    ("case", "words", "size"),
    [
        ("white_is_zero", ("masks/i01.tif", "has white as zero", "and 6 more"), 48),
        ("five_samples", ("masks/i00.tif", "5 samples a pixel", "and 13 more"), 64),
        ("jpeg_in_tiff", ("JPEG inside", "--threshold"), 48),
        ("damaged_png", ("masks/i03.png", "checksum (CRC)"), 256),
    ],
)
def test_masks_that_cannot_be_trusted_are_refused(make, case, words, size):
    make(case)
    refused_by_init(*words, size=size)


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
    make("binary_background")
    flags = ("--kind", "binary", "--labels", "background")
    refused_by_init("`labels: [background]`", "a binary task has a background", flags=flags)


def test_empty_validation(make):
    make("empty_validation")
    table = "table: {path: splits.csv, key: image}\nsplits:\n  few: {column: side, labelled: [labelled], unlabelled: [pool], val: [val], test: [test]}\n"
    made.settings(made.DATASET.split("splits:")[0] + table)
    said = dissent("check", "cells", "--config-dir", "settings")
    assert "none of 3 validation images shows" in said.text and "none of 3 test images shows" in said.text, said.text


def test_sparse_16_bits(make):
    make("sparse_16_bits")
    end = way(size=128)
    assert end.stage == "done" and "percentiles 0.1 and 99.9 of the 16-bit images lie at 0 and 0" in end.text, end.text
    dim, bright = [], []
    for path in Path("raw/images").iterdir():
        raw, ours = (np.array(Image.open(one)) for one in (path, f"data/cells/images/{path.name}"))
        dim, bright = [*dim, *ours[raw == 300]], [*bright, *ours[raw == 60000]]
    assert (min(dim), max(dim), min(bright)) == (1, 1, 255)


def test_cp1252_table(make):
    make("cp1252_table")
    table = "table: {path: splits.csv, key: image}\nsplits:\n  few: {column: side, train: [train], labelled: 3, val: [val]}\n"
    made.settings(made.DATASET.split("splits:")[0] + table)
    said = dissent("check", "cells", "--config-dir", "settings")
    assert said.code == 1 and "raw/splits.csv, line 2: byte 0xf6 is no UTF-8" in said.text and "cp1252" in said.text
    table = Path("raw/splits.csv")
    table.write_bytes(table.read_bytes().decode("cp1252").encode("utf-16"))
    assert dissent("check", "cells", "--config-dir", "settings").code == 0
    assert made.prepared().code == 0
    assert [row["id"] for row in read_table("data/cells/splits/few/val.csv")] == ["i04", "i05"]


def test_near_duplicates(make):
    make("near_duplicates")
    table = "table: {path: splits.csv, key: image}\nsplits:\n  few: {column: side, labelled: [labelled], unlabelled: [pool], val: [val], test: [test]}\n"
    made.settings(made.DATASET.split("splits:")[0].replace("[48, 48]", "[96, 96]") + table)
    said = dissent("check", "cells", "--config-dir", "settings")
    for pair in (("i00", "i22"), ("i07", "i23")):
        assert any(all(name in line for name in pair) for line in said.text.splitlines()), said.text


def test_part_of_a_group(make):
    make("part_of_a_group")
    end = way("--group", r"^(pat\d+)")
    assert end.stage == "done", end.text
    folder = next(Path("data/cells/splits").iterdir())
    subsets = {subset: [row["id"] for row in read_table(folder / f"{subset}.csv")] for subset in SUBSETS}
    used = [name for subset in ("labelled", "unlabelled", "val", "test") for name in subsets[subset]]
    patients = [
        {name[:5] for name in names}
        for names in (subsets["labelled"] + subsets["unlabelled"], subsets["val"], subsets["test"])
    ]
    assert not any(one & other for i, one in enumerate(patients) for other in patients[:i])
    masked, every = ({path.stem for path in Path("raw", one).iterdir()} for one in ("masks", "images"))
    # without a mask an image is no use for validation or the test, nor for training, as its patient is there
    assert len(used) == len(set(used)) and set(used) == {
        name for name in every if name[:5] in patients[0] or name in masked
    }
    assert {name for name in masked if name[:5] in patients[0]} == set(subsets["labelled"])
