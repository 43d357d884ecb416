"""Tables and lists as people's tools write them: right, or refused with the file, the line and the remedy."""

from pathlib import Path

import pytest
from raw_data import pairs, prepared
from split_data import divided, lists, not_divided

from dissent.core.files import UserError
from dissent.datasets.naming import Names, bare
from dissent.datasets.tables import table_of

PLAN = {"column": "subset", "labelled": ["train"], "unlabelled": [], "val": ["val"]}
KEYS = {"table": {"path": "splits.csv", "key": "image"}}
RIGHT = {"labelled": ["a", "b"], "val": ["c"]}


def subsets_of(content: bytes) -> dict[str, list[str]]:
    """Subsets of a, b, c by a table of these bytes."""
    raw = pairs(Path("raw"), ["a", "b", "c"])
    (raw / "splits.csv").write_bytes(content)
    prepared(raw, Path("out"), **KEYS)
    found = divided(PLAN, **KEYS)
    return {subset: found[subset] for subset in RIGHT}


COMMAS = "image,subset,site\na,train,Köln\nb,train,x\nc,val,y\n"
READ = {
    "utf-8": COMMAS.encode(),
    "with its mark": COMMAS.encode("utf-8-sig"),
    "utf-16 with its mark": COMMAS.replace("Köln", "aĀ").encode("utf-16"),
    "crlf": COMMAS.replace("\n", "\r\n").encode(),
    "old mac": COMMAS.replace("\n", "\r").encode(),
    "semicolons": COMMAS.replace(",", ";").encode(),
    "tabs": COMMAS.replace(",", "\t").encode(),
    "excel's own line": b"sep=;\r\n" + COMMAS.replace(",", ";").replace("\n", "\r\n").encode(),
    "empty rows": COMMAS.replace("\n", "\n\n,,\n").encode(),
    "trailing columns": COMMAS.replace("\n", ",,\n").encode(),
    "blanks": COMMAS.replace(",", " , ").encode(),
    "quotes": b'"image","subset","site"\n"a","train","K\xc3\xb6ln, south"\n"b","train","two\nlines"\n"c","val","say ""x"""\n',
    "pandas' unnamed column": b",image,subset\n0,a,train\n1,b,train\n2,c,val\n",
    "paths": b"image,subset\nimages/a.png,train\n./images/b.png,train\nimages/c,val\n",
    "backslashes": b"image,subset\nimages\\a.png,train\nD:\\scans\\old\\b.png,train\nc.jpg,val\n",
}


@pytest.mark.parametrize("way", READ)
def test_tables_that_are_read_right(in_tmp, way):
    assert subsets_of(READ[way]) == RIGHT


REFUSED = {
    "cp1252": (COMMAS.encode("cp1252"), ["splits.csv, line 2", "byte 0xf6", "cp1252", "save it as UTF-8"]),
    "utf-16 without its mark": (COMMAS.encode("utf-16-le"), ["splits.csv, line", "UTF-16"]),
    "utf-16 big": (COMMAS.encode("utf-16-be"), ["splits.csv, line", "UTF-16"]),
    "utf-32": (COMMAS.encode("utf-32"), ["splits.csv, line 1", "UTF-32"]),
    "a workbook": (b"PK\x03\x04....", ["splits.csv is a spreadsheet's own file"]),
    "upper case": (COMMAS.replace("image", "Image").encode(), ["line 1: has no column image", "is `Image` meant?"]),
    "two columns of a name": (b"image,subset,subset\na,train,x\n", ["line 1: has two columns called subset"]),
    "columns that look alike": (
        b"image,subset, Subset\na,train,x\n",
        ["line 1: has columns subset and Subset, which look alike"],
    ),
    "a short row": (COMMAS.replace("b,train,x", "b").encode(), ["has 3 cells, but line 3 has 1 cells"]),
    "a long row": (COMMAS.replace("b,train,x", "b,train,x,z").encode(), ["line 3 has 4 cells"]),
    "an open quote": (b'image,subset\n"a,train\nb,train\nc,val\n', ["splits.csv", "quotation mark"]),
    "a row twice": (COMMAS.replace("\nb", "\na,train,x\nb").encode(), ["a stands twice in it (lines 2 and 3)"]),
    "twice by its path": (
        COMMAS.replace("\nb", "\nimages/a.png,val,x\nb").encode(),
        ["images/a.png stands twice in it (lines 2 and 3)"],
    ),
    "another case": (COMMAS.replace("\na", "\nA").encode(), ["no image for its row A (line 2) (but a is there"]),
    "an empty file": (b"", ["line 1: has no column image; it has none"]),
}


@pytest.mark.parametrize("way", REFUSED)
def test_tables_that_are_refused_by_line(in_tmp, way):
    content, words = REFUSED[way]
    with pytest.raises(UserError) as caught:
        subsets_of(content)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_a_table_of_many_columns_keeps_its_separator(in_tmp):
    Path("t.csv").write_text("image;a,b\n1;2,5\n")
    [line] = table_of(Path("t.csv"), ["image"])
    assert line.cells == {"image": "1", "a,b": "2,5"} and line.number == 2


def test_rows_by_path_tell_equal_names_apart(in_tmp):
    raw = pairs(in_tmp / "raw", ["x/a", "y/a"])
    (raw / "splits.csv").write_text("image,subset\nx/a.png,train\ny/a.png,val\n")
    _, rows = prepared(raw, in_tmp / "out", names="path", **KEYS)
    assert {name: row["table_subset"] for name, row in rows.items()} == {"images__x__a": "train", "images__y__a": "val"}


def test_a_dot_belongs_to_the_name(in_tmp):
    """The list names a.rot, which is an image of its own and not `a` with an ending."""
    prepared(pairs(Path("raw"), ["a", "a.rot", "b", "b.rot", "c", "d"]), Path("out"))
    found = divided(lists(labelled=["a.rot", "b.rot"], val=["c", "d.png"]))
    assert (found["labelled"], found["val"]) == (["a.rot", "b.rot"], ["c", "d"])
    assert "line 1: c.rot is no image of it" in not_divided(lists(labelled=["c.rot"], val=["d"]))
    both = divided(lists(labelled=["images/a.rot.png masks/a.rot.png"], val=["x/c.jpg y/c.mat"]))
    assert (both["labelled"], both["val"]) == (["a.rot"], ["c"])
    assert "pairs images/a.rot.png with masks/a.png" in not_divided(
        lists(labelled=["images/a.rot.png masks/a.png"], val=["c"])
    )


@pytest.mark.parametrize("between", [" ", "\t", ",", ", ", ";"])
def test_pairs_of_a_list_fit_whatever_stands_between(in_tmp, between):
    prepared(pairs(Path("raw"), ["a", "b,c", "d", "e f"]), Path("out"))
    line = [f"images/{name}.png{between}masks/{name}.png" for name in ("a", "b,c", "d", "e f")]
    found = divided(lists(labelled=line[:2], val=line[2:]))
    assert (found["labelled"], found["val"]) == (["a", "b,c"], ["d", "e f"])
    wrong = not_divided(lists(labelled=[f"images/a.png{between}masks/d.png"], val=["e f"]))
    assert "line 1: pairs images/a.png with masks/d.png" in wrong
    assert "line 1: " in not_divided(lists(labelled=[f"a{between}d"], val=["e f"]))


def test_endings_within_names():
    names = Names([("images/a.jpg.png", "a.jpg"), ("images/b.jpg.png", "b.jpg"), ("images/b.png", "b")])
    assert bare("x/a.jpg.png") == "x/a.jpg" and bare("a.rot") == "a.rot"
    assert names.exact("a.jpg") == names.exact("a.jpg.png") == names.exact("images/a.jpg") == {"images/a.jpg.png"}
    assert names.exact("b.jpg") == {"images/b.jpg.png", "images/b.png"}  # either may be meant: the line is refused
    assert names.exact("images/b.png") == {"images/b.png"} and not names.exact("a.rot")
    assert names.find("D:\\old\\a.jpg.png") == {"images/a.jpg.png"} and not names.exact("old/a.jpg.png")


def test_paths_of_another_computer_mean_their_ends():
    names = Names([("images/x/1.png", "x__1"), ("images/x/2.png", "x__2"), ("images/y/1.png", "y__1")])
    assert names.find("C:\\d\\images\\y\\1.png") == names.find("/d/y/1.jpg") == {"images/y/1.png"}
    assert not names.find("/d/images/y/2.png")  # of x is another image
    assert not names.find("z/2.png") and names.find("2.png") == {"images/x/2.png"}  # a folder that never came
    assert names.hint("z/2.png") == " (but images/x/2.png is there)"


def test_a_name_that_is_close_is_told():
    names = Names([("images/x/001.png", "001"), ("images/x/Ab.png", "Ab")])
    assert names.hint("1") == names.hint("1.0") == names.hint("y/01.png") == " (but 001 is there: write it alike)"
    assert names.hint("ab.png") == " (but Ab is there: upper and lower case differ)"
    assert names.hint("y/Ab") == " (but images/x/Ab.png is there)" and not names.hint("2")


def test_a_folder_that_is_known_is_meant():
    names = Names([("images/x/1.png", "1"), ("images/x/2.png", "2"), ("images/y/3.png", "3")])
    assert names.find("y/2.png") == names.find("images/y/2.png") == set()  # it lacks; that of x is another image
    assert names.find("z/2.png") == names.find("2") == {"images/x/2.png"}


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16-le"])
def test_lists_of_another_encoding_are_refused_by_line(in_tmp, encoding):
    prepared(pairs(Path("raw"), ["a", "é"]), Path("out"))
    plan = lists(labelled=["a"], val=["a", "é"])
    Path("lists/val.txt").write_bytes("a\né\n".encode(encoding))
    text = not_divided(plan)
    assert "lists/val.txt, line" in text and "save it as UTF-8" in text
