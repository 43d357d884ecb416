"""What tables and patterns say of images: which are used, and which stay in one subset."""

import unicodedata

import pytest
from raw_data import pairs, prepared, refused


def write_table(raw, text):
    (raw / "splits.csv").write_text(text, "utf-8")


def test_a_table_chooses_and_groups(in_tmp):
    raw = pairs(in_tmp / "raw", ["a", "b", "c"])
    write_table(raw, "stem,kind,video\na,fluo,v1\nb.png,stained,v1\nc,fluo,v2\n")
    keys = {"table": {"path": "splits.csv"}, "keep": {"kind": ["fluo"]}, "group": {"column": "video"}}
    _, rows = prepared(raw, in_tmp / "out", **keys)
    assert {name: row["group"] for name, row in rows.items()} == {"a": "v1", "c": "v2"}
    assert rows["a"]["table_kind"] == "fluo"


def test_what_is_wrong_with_a_table_is_named(in_tmp):
    raw = pairs(in_tmp / "raw", ["a", "b", "c"])
    write_table(raw, "stem,video\na,v1\na,v1\nb,\nx,v2\n")
    text = refused(raw, in_tmp / "out", table={"path": "splits.csv"}, group={"column": "video"})
    assert "a stands twice" in text and "images/b.png: has no video" in text
    assert "images/c.png: has no row in splits.csv" in text and "no image for its row x" in text
    assert "has no column film" in refused(raw, in_tmp / "out", table={"path": "splits.csv"}, group={"column": "film"})


def test_a_pattern_groups(in_tmp):
    raw = pairs(in_tmp / "raw", ["p1_1", "p1_2", "p2_1"])
    _, rows = prepared(raw, in_tmp / "out", group={"pattern": r"^(p\d+)_"})
    assert [row["group"] for row in rows.values()] == ["p1", "p1", "p2"]
    pairs(raw, ["x"])
    assert "images/x.png: does not fit" in refused(raw, in_tmp / "other", group={"pattern": r"^(p\d+)_"})


@pytest.mark.parametrize(
    ("pattern", "groups"),
    [
        (r"^([^/]+)/", ["p1", "p1", "train"]),  # a folder
        (r"^(p\d+)", ["p1", "p1", "p2"]),  # a folder or a name, whichever fits
        (r"^([^_]+)_", ["f", "f", "p2"]),  # without a / it reaches over none
        (r"^([^_]+/[^_]+)_", ["p1/f", "p1/f", "train/p2"]),
    ],
)
def test_a_pattern_is_searched_in_folders_too(in_tmp, pattern, groups):
    raw = pairs(in_tmp / "raw", ["p1/f_0", "p1/f_1", "train/p2_0"])
    _, rows = prepared(raw, in_tmp / "out", group={"pattern": pattern})
    assert [row["group"] for row in rows.values()] == groups


@pytest.mark.parametrize(("pattern", "warned"), [(r"^(.+)$", True), (r"^(p\d+)", False)])
def test_groups_of_one_image_each_are_told(in_tmp, caplog, pattern, warned):
    prepared(pairs(in_tmp / "raw", ["p1_1", "p1_2", "p2_1"]), in_tmp / "out", group={"pattern": pattern})
    assert ("so it keeps nothing together" in caplog.text) == warned


def test_a_bracket_that_finds_nothing_is_no_group(in_tmp):
    raw = pairs(in_tmp / "raw", ["p1_1", "x1", "x2"])
    text = refused(raw, in_tmp / "out", group={"pattern": r"(p\d+)?_?\d"})
    assert "images/x1.png: does not fit" in text and "images/x2.png: does not fit" in text and "p1_1" not in text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        *[("0", "0.0"), ("7", "007"), ("A b", "a  b"), ("-1.50", "-1.5"), ("A1", "Ａ1"), ("ab", "a\u00adb")],
        *[("pat01", "Pat 1"), ("pat_1", "pat-01"), ("2020-01-05", "2020-1-5"), ("s1_p02", "S01-P2")],
    ],
)
def test_groups_that_look_like_one_are_named(in_tmp, one, other):
    raw = pairs(in_tmp / "raw", ["a", "b", "c", "d"])
    write_table(raw, f"stem,pat\na,{one}\nb,{other}\nc,10\nd,1\n")
    text = refused(raw, in_tmp / "out", table={"path": "splits.csv"}, group={"column": "pat"})
    other = ascii(other) if "\xad" in other else repr(other)
    assert f"images/b.png: is of group {other}, and images/a.png has {one!r}: write one of them" in text
    assert "1 problem" in text


@pytest.mark.parametrize(
    "value", ["nan", "NA", "#N/A", "#REF!", "#DIV/0!", "<NA>", "None", "-", "1.23457E+11", "5e+03"]
)
def test_cells_that_say_nothing_are_no_groups(in_tmp, value):
    raw = pairs(in_tmp / "raw", ["a", "b", "c"])
    write_table(raw, f"stem,pat\na,1\nb,{value}\nc,10e3\n")
    text = refused(raw, in_tmp / "out", table={"path": "splits.csv"}, group={"column": "pat"})
    assert "1 problem" in text and f"images/b.png: has {value!r}, " in text and "as its pat in splits.csv" in text


def test_composed_and_decomposed_words_are_the_same_word(in_tmp):
    raw = pairs(in_tmp / "raw", ["a", "b", "c"])
    one, other = unicodedata.normalize("NFC", "é"), unicodedata.normalize("NFD", "é")
    write_table(raw, f"stem,{one}\na,{one}\nb,{other}\nc,x\n")
    keys = {"table": {"path": "splits.csv"}, "group": {"column": other}}
    _, rows = prepared(raw, in_tmp / "out", **keys, keep={other: [other, "x"]})
    assert [row["group"] for row in rows.values()] == [one, one, "x"]


def test_a_row_means_one_image(in_tmp):
    raw = pairs(in_tmp / "raw", ["x/a", "y/a"])
    write_table(raw, "stem\na\n")
    text = refused(raw, in_tmp / "out", table={"path": "splits.csv"}, names="path")
    assert "line 2: a is the name of several images: images/x/a.png, images/y/a.png; write the path" in text


def test_what_keep_asks_for_and_the_table_has_is_told(in_tmp):
    raw = pairs(in_tmp / "raw", ["a", "b", "c"])
    write_table(raw, "stem,ok\na,yes\nb,Yes\nc,no\n")
    table = {"path": "splits.csv"}
    text = refused(raw, in_tmp / "out", table=table, keep={"ok": [1]})
    assert "splits.csv: no image is chosen: `keep` asks for ok 1, and there are Yes, no, yes" in text
    text = refused(raw, in_tmp / "out", table=table, keep={"ok": ["yes"]})
    assert "images/b.png: has 'Yes' as ok in splits.csv, where `keep` asks for 'yes': write them alike" in text
