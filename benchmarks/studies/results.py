"""The tables and pictures of docs/results/, made from the numbers in docs/results/data/.

    python benchmarks/studies/results.py [--pictures FOLDER]

A page asks for a table in a comment. It names a file, the columns, and if need be which rows. This command writes the table below:

    <!-- table: demo.csv | method mean against_aldt | generation=2 -->
    <!-- end -->

`every` in place of a file means the end of each shipped method, from all files. Scores are fractions in the files and percent in the
tables, as in the files of the study rule. Texts around the tables are written by hand.
"""

import argparse
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "workflow" / "scripts"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from figures import draw_all

from dissent.files import UserError, read_table, write_atomic

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "results"
DATA = PAGES / "data"
ALONE = "against_ldt_equal_steps"

# Where one method was measured twice in as many steps, the index shows the row of more seeds, else of the first file.
FILES = (
    "demo", "demo_multiclass", "demo_multilabel", "study_overlap", "study_small_seeds", "study_small", "isic_small", "study_long",
    "dsb_multilabel_small", "camvid_small", "study_own", "own",
)  # fmt: skip
HOME = {
    "nuclei": "demo", "nuclei_multiclass": "demo", "nuclei_multilabel": "demo", "isic_small": "isic_small",
    "dsb_multilabel_small": "dsb_multilabel_small", "camvid_small": "camvid_small",
}  # fmt: skip
"""{data set: its page}"""

HEADS = {
    "dataset": "data set", "val": "val mean", "mean": "test mean ± sd", "best_by_val": "best by val", "low": "95 % interval",
    "alone_mean": "labels alone", ALONE: "against `ldt_equal_steps`", "against_aldt": "against `aldt`", "cpu_seconds": "CPU s",
    "wrong_of_teacher": "teacher wrong", "wrong": "wrong of what is learned", "mean_800": "in 800 steps",
    "plain_mean": "without averages", "what": "what is different", "group": "part",
}  # fmt: skip
"""titles of the columns whose names say too little"""

PERCENT = {
    "val",
    "best_by_val",
    "ensemble",
    "mean_800",
    "seed_1",
    "seed_2",
    "seed_3",
    "gen0",
    "gen1",
    "gen2",
    "standard_error",
}
SHARES = {"wrong_of_teacher", "doubt", "precision", "recall", "wrong_outside", "wrong"}
SPREAD = {"mean": "sd", "alone_mean": "alone_sd", "plain_mean": "plain_sd"}
WHOLE = {"cpu_seconds", "steps"}

Row = dict[str, str]


def _percent(text: str, form: str = ".1f") -> str:
    return f"{100 * float(text):{form}}" if text else ""


def _share(text: str) -> str:
    """`55 %`, `5.5 %`, `5.5 to 5.6 %`: with a decimal where the file has one."""
    return " to ".join(_percent(part, ".0f" if len(part) < 5 else ".1f") for part in text.split("..")) + " %"


def difference(row: Row, column: str) -> str:
    """A difference with its interval, in points; empty for a control against itself."""
    value, low, high = (_percent(row.get(f"{column}{end}", ""), "+.1f") for end in ("", "_low", "_high"))
    return f"{value} ({low} to {high})" if low else value


def name_of(row: Row) -> str:
    """The method with its generation, and what has to be known of it."""
    notes = (" (upper bound)" if row.get("upper_bound") == "1" else "") + (
        " °" if row.get("earlier_machine") == "1" else ""
    )
    generation = f" gen{row['generation']}" if row.get("generation") else ""
    return f"`{row['method']}`{generation}{notes}"


def cell(row: Row, column: str) -> str:
    """What a table shows of a row."""
    text = row.get(column, "")
    if column == "method":
        return name_of(row)
    if column == "dataset":
        return f"[`{text}`]({HOME[text]}.md)"
    if column.startswith("against_"):
        return difference(row, column)
    if column in SPREAD:
        spread = row.get(SPREAD[column], "")
        return _percent(text) + (f" ± {_percent(spread)}" if spread else "")
    if column == "low":
        return f"{_percent(text)} to {_percent(row['high'])}"
    if column in SHARES:
        return _share(text) if text else "none" if column == "doubt" else ""
    if column == "kept":
        return f"{text} of {row['images']}"
    if column in ("seeds", "seed"):
        return str(len(text.split())) if column == "seeds" else row["seeds"]
    if column in PERCENT:
        return _percent(text)
    if column in ("experiment", "input", "target", "filter", "level"):
        return f"`{text}`"
    return f"{int(text):,}" if column in WHOLE and text else text


def numbers(file: str) -> list[Row]:
    """The rows of a file of numbers."""
    return read_table(DATA / f"{file}.csv")


def joined(rows: list[Row]) -> list[Row]:
    """Rows in which the lowest and the highest of several seeds are one row: `low..high`."""
    found: list[Row] = []
    for row in rows:
        if row.get("of_seeds") == "highest":
            found[-1] |= {name: f"{found[-1][name]}..{row[name]}" for name in SHARES & row.keys()}
        else:
            found.append(dict(row))
    return found


def rows_of(file: str, where: str) -> list[Row]:
    """The rows of a file in which every `column=value` of `where` holds; UserError where none are left."""
    rows = index() if file == "every" else joined(numbers(file.removesuffix(".csv")))
    wanted = dict(part.split("=") for part in where.split())
    rows = [row for row in rows if all(row.get(name) == value for name, value in wanted.items())]
    if not rows:
        raise UserError(f"no row of {file} is `{where}`; look at the comment above the table")
    return rows


def index() -> list[Row]:
    """The last generation of every shipped method on every data set, by data set and steps."""
    shipped = {path.stem for path in (ROOT / "config" / "methods").glob("*.yaml")}
    best: dict[tuple[str, int, str], Row] = {}
    for file in FILES:
        for row in ends(numbers(file)):
            key = (row["dataset"], int(row["steps"]), row["method"])
            better = key not in best or len(row["seeds"].split()) > len(best[key]["seeds"].split())
            if row["method"] in shipped and row[ALONE] and better:
                best[key] = row | {"generation": ""}
    places = list(HOME)
    return [best[key] for key in sorted(best, key=lambda key: (places.index(key[0]), *key[1:]))]


def ends(rows: list[Row]) -> list[Row]:
    """Without the generations before the last one."""
    last = {(row["dataset"], row["method"]): row.get("generation", "") for row in rows}
    return [row for row in rows if row.get("generation", "") == last[row["dataset"], row["method"]]]


def table(file: str, columns: str, where: str = "") -> str:
    """A table in Markdown."""
    names = columns.split()
    lines = [[HEADS.get(name, name.replace("_", " ")) for name in names], ["---"] * len(names)]
    lines += [[cell(row, name) for name in names] for row in rows_of(file, where)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def filled(page: str) -> str:
    """The page with every table made anew."""

    def make(found: re.Match) -> str:
        return f"{found[1]}\n{table(*(part.strip() for part in found[2].split('|')))}<!-- end -->"

    return re.sub(r"(<!-- table: (.*?) -->)\n.*?<!-- end -->", make, page, flags=re.DOTALL)


def main() -> None:
    """Write tables and pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", default=ROOT / "docs" / "images", type=Path, metavar="FOLDER")
    args = parser.parse_args()
    for path in sorted(PAGES.glob("*.md")):
        write_atomic(path, filled(path.read_text("utf-8")).encode())
    draw_all(DATA, args.pictures)


if __name__ == "__main__":
    main()
