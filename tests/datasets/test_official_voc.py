"""The shipped Pascal VOC file on a miniature of the official layout: palette masks, borders that are nobody's, lists of others."""

from pathlib import Path

import numpy as np
import pytest
from official import divided, prepared, shipped, voc
from raw_data import label

from dissent.config.resolve import Config
from dissent.core.files import UNKNOWN, UserError, write_text

NAMES = {"2007_000032": True, "2007_000039": True, "2008_000002": False, "2009_000001": True, "2011_003276": True}
LISTS = {
    "92/labeled": "JPEGImages/2007_000032.jpg SegmentationClass/2007_000032.png\n",
    "92/unlabeled": "JPEGImages/2008_000002.jpg SegmentationClass/2008_000002.png\n2009_000001\n",
    "val": "JPEGImages/2011_003276.jpg SegmentationClass/2011_003276.png\n",
}


def test_masks_with_palettes_and_borders(root, in_tmp):
    voc(Path("raw"), NAMES)
    about, rows = prepared(shipped(root, "voc", size=[60, 80]))
    assert about["images"] == 5 and about["nobody_knows"] > 0 and len(about["pixels"]) == 21
    seen = label(rows, "2007_000039")
    assert set(np.unique(seen).tolist()) == {0, 2, UNKNOWN} and (seen[8] == UNKNOWN).sum() == 40
    assert rows["2008_000002"]["label"] == ""


def test_the_lists_of_the_field_are_read_as_they_are(root, in_tmp):
    """An image in a list of unlabelled ones may be named with a mask that is not there."""
    voc(Path("raw"), NAMES)
    source = shipped(root, "voc", size=[60, 80])
    prepared(source)
    for name, text in LISTS.items():
        write_text(f"data/raw/voc_splits/{name}.txt", text)
    found = divided(source, "fine_92")
    assert found == {
        "labelled": ["2007_000032"],
        "unlabelled": ["2008_000002", "2009_000001"],
        "val": ["2011_003276"],
        "test": [],
        "hidden": ["2009_000001"],
    }
    with pytest.raises(UserError, match="they are at github"):
        divided(source, "all_662")


def test_labelled_and_unlabelled_are_all_training_images(root):
    for name, split in Config(root / "config").dataset("voc").splits.items():
        assert split.images["labelled"] == int(name.split("_")[1]) and split.images["val"] == 1449
        assert split.images["labelled"] + split.images["unlabelled"] == 10582
