"""Seals: every changed byte of a JSON file, a table or a page is seen; what spreadsheets would run is quoted."""

import csv
import json
import logging
from pathlib import Path

import pytest

from dissent.core import checked, seal
from dissent.core.files import UserError, join_tables, read_json, read_rows, read_table, write_json, write_table

VALUE = {"score": 0.25, "names": ["é", "b"], "none": None, "deep": {"a": [1, 2]}}


def test_json_comes_back_without_its_seal_and_anyone_can_read_it(in_tmp):
    for value in (VALUE, {}):
        write_json("a.json", value)
        assert read_json("a.json") == value
        text = json.loads(Path("a.json").read_text("utf-8"))
        assert list(text) == [*value, "seal"] and len(text["seal"]) == 64
    write_json("b.json", [1, 2])
    assert json.loads(Path("b.json").read_text()) == [1, 2]


def test_every_flipped_bit_of_json_is_refused(in_tmp):
    write_json("a.json", VALUE)
    content = Path("a.json").read_bytes()
    silent = []
    for at in range(len(content)):
        for bit in range(8):
            changed = bytearray(content)
            changed[at] ^= 1 << bit
            if seal.holds(bytes(changed)) is not False:
                silent.append((at, bit))
    assert silent == []
    for end in range(1, len(content)):
        Path("a.json").write_bytes(content[:end])
        with pytest.raises(UserError, match=r"a\.json is not"):
            read_json("a.json")


def test_what_an_earlier_version_wrote_is_read_with_one_word(in_tmp, caplog, monkeypatch):
    monkeypatch.setattr(checked, "_told", set())
    Path("old.json").write_text(json.dumps({"a": 1, "sha256": "0" * 64}, indent=1) + "\n")
    Path("old.csv").write_text("id\n1\n")
    with caplog.at_level(logging.WARNING):
        assert read_json("old.json")["a"] == 1 and read_table("old.csv") == [{"id": "1"}]
    assert caplog.text.count("carries no digest") == 1


def test_a_table_knows_its_rows_and_its_bytes(in_tmp):
    folder = Path("results/tiny/gen1")
    rows = [{"id": f"i{number}", "n": number} for number in range(4)]
    write_table(folder / "pairs.csv", rows, ("id", "n"))
    assert read_json(folder / "pairs.json")["tables"]["pairs.csv"]["rows"] == 4
    assert [row["id"] for row in read_rows(folder / "pairs.csv", part=(2, 2))] == ["i2", "i3"]
    lines = Path(folder, "pairs.csv").read_text().splitlines(keepends=True)
    remedy = "make it again with: snakemake --cores 2 --force results/tiny/gen1/pairs.csv"
    for changed, words in (
        (lines[:-1], "has 3 rows where 4 were written"),
        ([*lines, lines[-1]], "has 5 rows where 4 were written"),
        ([lines[0], lines[2], lines[1], *lines[3:]], "is not the table that was written"),
        ([lines[0], "i9,0\n", *lines[2:]], "is not the table that was written"),
    ):
        Path(folder, "pairs.csv").write_text("".join(changed))
        for read in (read_table, lambda path: join_tables([path], "all.csv")):
            with pytest.raises(UserError, match=words) as told:
                read(folder / "pairs.csv")
            assert f"{folder}/pairs.csv" in str(told.value) and remedy in str(told.value)
    Path(folder, "pairs.csv").write_text("".join(lines))
    keeper = Path(folder, "pairs.json")
    keeper.write_text(keeper.read_text().replace('"rows": 4', '"rows": 5'))
    with pytest.raises(UserError, match=r"pairs.json, which keeps its digest, is not as it was written; make it again"):
        read_table(folder / "pairs.csv")


def test_joined_tables_know_their_rows(in_tmp):
    for number in (1, 2):
        write_table(f"{number}.csv", [{"id": f"a{number}"}, {"id": "b,\n"}], ("id",))
    join_tables(["1.csv", "2.csv"], "all.csv")
    assert len(read_table("all.csv")) == 4 == read_json("all.json")["tables"]["all.csv"]["rows"]


CELLS = ["=HYPERLINK(1)", "+a", "-a", "@a", "\ta", "\ra", "'=a", "''@", "'a", "-0.5", "+1e-3", "a=b", "", "-", "-1-1"]


def test_cells_that_a_spreadsheet_would_run_are_quoted_and_come_back(in_tmp):
    write_table("a.csv", [{"id": cell, "n": -1.5} for cell in CELLS], ("id", "n"))
    with open("a.csv", newline="", encoding="utf-8") as stream:
        written = list(csv.DictReader(stream))
    assert [row["id"] for row in read_table("a.csv")] == CELLS and {row["n"] for row in written} == {"-1.5"}
    dangerous = [row["id"] for row in written if row["id"][:1] in tuple("=+-@\t\r")]
    assert dangerous == ["-0.5", "+1e-3"], "numbers alone begin so"
    Path("user.csv").write_text("id\n'=a\n")
    assert read_table("user.csv", sealed=False) == [{"id": "'=a"}], "a user's table is read as it stands"


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, '{"a": ' * 5_000 + "1" + "}" * 5_000, '{"a": NaN}', '{"a": -Infinity}', '{"a": 1e999}', '{"a": 1' + "0" * 5000 + "}"],
    ids=["brackets", "objects", "nan", "infinity", "float", "digits"],
)  # fmt: skip
def test_json_that_only_python_would_take_is_named(in_tmp, text):
    Path("a.json").write_text(text)
    with pytest.raises(UserError, match=r"a\.json is not readable JSON"):
        read_json("a.json")


def test_pages_carry_what_they_were_made_from_and_their_digest():
    page = seal.seal_page("<html></html>\n", {"results/a--b/gen0/metrics.json": "5" * 64})
    content = page.encode()
    assert seal.page_holds(content) and seal.made_from(content) == {"results/a--b/gen0/metrics.json": "5" * 64}
    assert "--" not in page.split("<!--")[1].split("-->")[0]
    assert seal.page_holds(b"<html></html>\n") is None
    silent = [
        at for at in range(len(content)) if seal.page_holds(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    ]
    assert silent == [] and seal.page_holds(content[:-20]) is not True
