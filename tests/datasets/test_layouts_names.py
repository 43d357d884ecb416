"""How raw files are found, paired, named and grouped."""

import os
import unicodedata

import numpy as np
import pytest
from raw_data import BINARY, ids, label, pairs, photo, prepared, refused, save

from dissent.config.dataset import Source
from dissent.core.files import UserError, read_table
from dissent.datasets import find_raw, raw_digest
from dissent.datasets.listing import Census
from dissent.datasets.problems import Problems
from dissent.datasets.raw import find_items


def test_suffixes_and_folders_in_folders(in_tmp):
    raw = in_tmp / "raw"
    save(raw / "leftImg8bit/train/aachen/a_1_leftImg8bit.png", photo(1))
    save(raw / "gtFine/train/aachen/a_1_gtFine_labelIds.png", ids(1))
    save(raw / "gtFine/train/aachen/a_1_gtFine_color.png", photo(2))
    parts = [{"name": "train", "images": "leftImg8bit/train", "masks": "gtFine/train"}]
    keys = {"image_suffix": "_leftImg8bit", "mask_suffix": "_gtFine_labelIds"}
    assert "leave_out: ['*_color.png']" in refused(raw, in_tmp / "out", parts=parts, **keys)
    _, rows = prepared(raw, in_tmp / "out", parts=parts, leave_out=["*_color.png"], **keys)
    assert rows["a_1"]["source"] == "leftImg8bit/train/aachen/a_1_leftImg8bit.png"
    assert np.array_equal(label(rows, "a_1"), ids(1))


def test_images_and_masks_in_one_folder(in_tmp):
    save(in_tmp / "raw/all/a.jpg", photo(1))
    save(in_tmp / "raw/all/a_mask.png", ids(1))
    _, rows = prepared(
        in_tmp / "raw", in_tmp / "out", parts=[{"name": "x", "images": "all", "masks": "all"}], mask_suffix="_mask"
    )
    assert list(rows) == ["a"] and np.array_equal(label(rows, "a"), ids(1))


def test_equal_names_in_two_parts(in_tmp):
    parts = []
    for seed, name in enumerate(("train", "val")):
        save(in_tmp / f"raw/{name}/images/1.png", photo(seed))
        save(in_tmp / f"raw/{name}/masks/1.png", ids(seed))
        parts.append({"name": name, "images": f"{name}/images", "masks": f"{name}/masks"})
    assert "say `names: path`" in refused(in_tmp / "raw", in_tmp / "out", parts=parts)
    _, rows = prepared(in_tmp / "raw", in_tmp / "out", parts=parts, names="path")
    assert {name: row["part"] for name, row in rows.items()} == {"train__images__1": "train", "val__images__1": "val"}


def test_partners_that_lack_are_all_named(in_tmp):
    raw = pairs(in_tmp / "raw", ["a", "b", "c", "D"])
    (raw / "masks/b.png").unlink()
    (raw / "images/c.png").unlink()
    (raw / "masks/D.png").rename(raw / "masks/d.png")
    text = refused(raw, in_tmp / "out")
    assert "4 problems" in text
    assert (
        "images/b.png: has no mask; `allow_unlabelled: true`" in text
        and "masks/c.png: no image belongs to this mask" in text
    )
    assert "images/D.png: has no mask (but d.png is there: upper and lower case differ)" in text


def test_unlabelled_images_need_no_mask(in_tmp):
    raw = pairs(in_tmp / "raw", ["a", "b"])
    (raw / "masks/b.png").unlink()
    about, rows = prepared(raw, in_tmp / "out", allow_unlabelled=True)
    assert (about["images"], about["labels"]) == (2, 1)
    assert rows["b"]["label"] == rows["b"]["label_sha256"] == rows["b"]["present"] == ""
    assert not (in_tmp / "out/labels/b.png").exists()


def test_a_part_without_masks(in_tmp):
    pairs(in_tmp / "raw", ["a"])
    save(in_tmp / "raw/more/u.png", photo(9))
    parts = [{"name": "labelled"}, {"name": "free", "images": "more", "masks": None}]
    _, rows = prepared(in_tmp / "raw", in_tmp / "out", parts=parts)
    assert rows["u"]["label"] == "" and rows["u"]["part"] == "free" and rows["a"]["label"]


def test_two_files_of_one_name_are_refused(in_tmp):
    raw = pairs(in_tmp / "raw", ["a"])
    save(raw / "images/a.jpg", photo(3))
    assert "images/a.png: has the same name as images/a.jpg" in refused(raw, in_tmp / "out")


def test_names_that_differ_in_case_only_are_refused(in_tmp):
    raw = pairs(in_tmp / "raw", ["cell", "Cell"])
    assert "differ in upper and lower case only" in refused(raw, in_tmp / "out")


def test_composed_and_decomposed_names_are_the_same_name(in_tmp):
    raw = in_tmp / "raw"
    save(raw / "images" / (unicodedata.normalize("NFD", "é") + ".png"), photo(1))
    save(raw / "masks" / (unicodedata.normalize("NFC", "é") + ".png"), ids(1))
    _, rows = prepared(raw, in_tmp / "out")
    assert list(rows) == [unicodedata.normalize("NFC", "é")] and np.array_equal(label(rows, "é"), ids(1))
    save(raw / "images" / (unicodedata.normalize("NFC", "é") + ".png"), photo(2))
    assert "has the same name as" in refused(raw, in_tmp / "other")


NAMES = ["a b", "a#b", "100%", "{x}", "it's", "a,b", 'say "so"', "細胞", "🔬", "خلية", "a" * 170, "x.y.z", "$HOME", "*"]


@pytest.mark.parametrize("name", NAMES)
def test_odd_names_survive(in_tmp, name):
    _, rows = prepared(pairs(in_tmp / "raw", [name]), in_tmp / "out")
    assert list(rows) == [name] and np.array_equal(label(rows, name), ids(0))
    assert read_table(in_tmp / "out/files.csv")[0]["source"] == f"images/{name}.png"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a\nb", r"'\n'"),
        ("a\u202eb", r"'\u202e'"),
        ("-rf", "begins with one of"),
        ("=1+1", "begins with one of"),
        ("@x", "begins with one of"),
        ("a ", "blank at an end"),
        ("a\\b", r"'\\'"),
        ("a\nb/c", r"'\n'"),
        ("a" * 240, "longer than 180 bytes"),
    ],
)
def test_names_that_harm_are_refused(in_tmp, name, said):
    text = refused(pairs(in_tmp / "raw", [name]), in_tmp / "out")
    assert said in text and "\n  " in text and len(text.splitlines()) == 2


def test_names_of_broken_bytes_are_refused(in_tmp):
    raw = pairs(in_tmp / "raw", ["a"])
    for folder in ("images", "masks"):
        os.rename(raw / folder / "a.png", os.fsencode(raw / folder) + b"/\xff\xfe.png")
    text = refused(raw, in_tmp / "out")
    assert r"\udcff" in text and text.encode()
    assert len(raw_digest(raw)) == 64


# the raw folder


def test_junk_is_passed_over(in_tmp):
    raw = pairs(in_tmp / "raw", ["a"])
    for name in (".DS_Store", "._a.png", "Thumbs.db", "LICENSE.txt", "ATTRIBUTION.txt", ".ipynb_checkpoints/a.png"):
        (raw / "images" / name).parent.mkdir(exist_ok=True)
        (raw / "images" / name).write_bytes(b"x")
    (raw / "__MACOSX").mkdir()
    _, rows = prepared(raw, in_tmp / "out")
    assert list(rows) == ["a"]


def test_folders_have_the_name_that_is_no_link(in_tmp):
    raw = pairs(in_tmp / "raw", ["m/1", "m/2"])
    for link in ("a", "z", "m/loop"):
        (raw / "images" / link).symlink_to(raw / "images/m")
    _, rows = prepared(raw, in_tmp / "out")
    assert [row["source"] for row in rows.values()] == ["images/m/1.png", "images/m/2.png"]


@pytest.mark.parametrize(
    ("link", "target", "said"),
    [
        ("up", "../..", "images/up: is a link to a folder that this one lies in"),
        ("masks", "../masks", "images/masks/a.png: is a link to the mask a.png"),
        ("b.png", "../masks/a.png", "images/b.png: is a link to the mask a.png"),
    ],
)
def test_links_from_images_to_what_is_none_are_refused(in_tmp, link, target, said):
    raw = pairs(in_tmp / "raw", ["a"])
    (raw / "images" / link).symlink_to(target)
    text = refused(raw, in_tmp / "out", allow_unlabelled=True)
    assert said in text and "1 problem" in text


def test_an_image_that_is_its_mask_is_refused(in_tmp):
    raw = pairs(in_tmp / "raw", ["a", "b"])
    for folder in ("images", "masks"):  # nothing to see, and nothing found: an image all the same
        save(raw / folder / "c.png", np.zeros((16, 24), np.uint8))
    (raw / "images/a.png").write_bytes((raw / "masks/a.png").read_bytes())
    text = refused(raw, in_tmp / "out")
    assert "images/a.png: has the same bytes as its mask" in text and "1 problem" in text


def test_folders_that_are_left_out(in_tmp):
    raw = pairs(in_tmp / "raw", ["a", "old/b", ".hid/c"])
    census = Census()
    save(raw / "images/a[1].png", photo(7))
    keys = {"leave_out": ["*[1].png", "images/old", "masks/old/", "*.PNG", "image/old"]}
    _, rows = prepared(raw, in_tmp / "out", **keys)
    find_items(Source.model_validate({"task": BINARY, "raw": "raw", "size": [16, 24]} | keys), raw, Problems(), census)
    told = census.told()
    assert list(rows) == ["a"] and "7 files: 1 images (1 with a mask), 1 masks, 5 left out" in told
    assert "left out: 2, hidden files: c.png, c.png" in told
    assert "`leave_out: *.PNG` fits no file" in told and "`leave_out: image/old` fits no file" in told
    assert told.count("fits no file") == 2


def test_a_folder_that_lacks_is_named(in_tmp):
    with pytest.raises(UserError, match="raw does not exist: put the raw files there"):
        prepared(in_tmp / "raw", in_tmp / "out")
    (in_tmp / "raw/images").mkdir(parents=True)
    assert "masks: there is no such folder" in refused(in_tmp / "raw", in_tmp / "out")
    (in_tmp / "raw/masks").mkdir(parents=True)
    assert "no image lies in images" in refused(in_tmp / "raw", in_tmp / "out")


def test_raw_folders_may_be_links_and_lie_below_a_root(in_tmp):
    pairs(in_tmp / "far/set", ["a"])
    os.symlink(in_tmp / "far/set", in_tmp / "here")
    assert list(prepared(in_tmp / "here", in_tmp / "out")[1]) == ["a"]
    assert find_raw("set", in_tmp / "far") == in_tmp / "far/set"
    assert str(find_raw("absent", in_tmp / "far")) == "absent"


def test_the_raw_digest_sees_names_and_contents(in_tmp):
    raw = pairs(in_tmp / "raw", ["a", "b"])
    first = raw_digest(raw)
    (raw / "x.zip").write_bytes(b"1")
    (raw / "fetched.json").write_bytes(b"1")
    (raw / ".hidden").write_bytes(b"1")
    assert raw_digest(str(raw)) == first
    content = (raw / "images/a.png").read_bytes()
    (raw / "images/a.png").write_bytes(content + b"1")
    assert raw_digest(raw) != first
    (raw / "images/a.png").write_bytes(content[:-1] + b"1")  # of the same size, as an edited BMP is
    assert raw_digest(raw) != first
    (raw / "images/a.png").write_bytes(content)
    assert raw_digest(raw) == first
    (raw / "images/a.png").rename(raw / "images/c.png")
    assert raw_digest(raw) != first
    assert raw_digest(in_tmp / "absent") == "absent"


def test_what_lies_beside_the_folders_of_a_data_set_prepares_nothing_anew(in_tmp):
    raw = pairs(in_tmp / "raw", ["a", "b"])
    source = Source.model_validate({"task": BINARY, "raw": "raw", "size": [16, 24], "table": {"path": "t.csv"}})
    (raw / "t.csv").write_text("stem\na\nb\n")
    first = raw_digest(raw, source)
    save(raw / "predictions/masks/a.png", ids(1))
    (raw / "images/notes.txt").write_text("x")
    (raw / "README.md").write_text("x")
    assert raw_digest(raw, source) == first
    (raw / "t.csv").write_text("stem\nb\na\n")
    second = raw_digest(raw, source)
    save(raw / "images/more/c.png", photo(7))
    third = raw_digest(raw, source)
    (raw / "masks/c.gif").write_text("refused by name")
    assert len({first, second, third, raw_digest(raw, source)}) == 4


@pytest.mark.parametrize("names", ["stem", "path"])
def test_an_image_in_two_parts_is_named(in_tmp, names):
    raw = pairs(in_tmp / "raw", ["more/a", "b"])
    parts = [{"name": "all"}, {"name": "more", "images": "images/more", "masks": None}]
    assert "images/more/a.png: is in two of the `parts`, all and more" in refused(
        raw, in_tmp / "out", parts=parts, names=names
    )
