"""The tables and pictures of docs/results/, made from the numbers in docs/results/data/.

    python benchmarks/studies/results.py [--copy STUDY ...] [--pictures FOLDER]

`--copy` first copies results/studies/STUDY/table.csv, byte for byte, to docs/results/data/STUDY.csv, and writes STUDY_audit.csv from those
generations of its runs that have an audit.json.

A page asks for a table in a comment. It names a file, the columns, and if need be which rows. This command writes the table below:

    <!-- table: demo.csv | method mean against_aldt | generation=2 -->
    <!-- end -->

A column alone in place of `column=value` means the rows that have something there. `every` in place of a file means the end of each
shipped method, from all files. `few` means four agreeing teachers in each study of few labels. Scores are fractions in the files and percent in the
tables, as in the files of the study rule. Texts around the tables are written by hand.
"""

import argparse
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "workflow" / "scripts"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from compare import audit
from figures import draw_all
from tables import ALONE, HOME, SHARES, Row, markdown

from dissent.core.files import UserError, read_json, read_table, sha256, write_atomic, write_table
from dissent.planning.paths import Plan

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "results"
DATA = PAGES / "data"

# Where one method was measured twice in as many steps, the index shows the row of more seeds, else of the first file.
FILES = (
    "demo", "demo_14", "demo_multiclass", "demo_multilabel", "study_overlap", "study_small_seeds", "study_small", "isic_small", "study_long",
    "dsb_multilabel_small", "camvid_small", "study_own", "own",
)  # fmt: skip

FEW = (
    "study_tiny_nuclei",
    "study_tiny_isic",
    "study_tiny_isic_long",
    "study_tiny_dsb",
    "study_tiny_camvid",
    "study_lite0",
)


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
    """The rows of a file in which every part of `where` holds; UserError where none are left."""
    together = {"every": index, "few": few}
    rows = together[file]() if file in together else joined(numbers(file.removesuffix(".csv")))
    for name, equals, value in (part.partition("=") for part in where.split()):
        rows = [row for row in rows if (row.get(name) == value if equals else row.get(name))]
    if not rows:
        raise UserError(f"no row of {file} is `{where}`; look at the comment above the table")
    return rows


def index() -> list[Row]:
    """The last generation of every shipped method on every data set, by data set and steps."""
    shipped = {path.stem for path in (ROOT / "config" / "methods").glob("*.yaml")}
    best: dict[tuple[str, int, str], Row] = {}
    for file in FILES:
        for row in ends(numbers(file)):
            key = (row["dataset"], int(re.split(r"\D", row["steps"])[0]), row["method"])
            better = key not in best or len(row["seeds"].split()) > len(best[key]["seeds"].split())
            if row["method"] in shipped and row[ALONE] and better:
                best[key] = row | {"generation": ""}
    places = list(HOME)
    return [best[key] for key in sorted(best, key=lambda key: (places.index(key[0]), *key[1:]))]


def few() -> list[Row]:
    """A row of each study of few labels: what agreement gave, and what all labels are worth there."""
    found = []
    for file in FEW:
        rows = {row["method"]: row for row in numbers(file)}
        worth = {
            name.replace(ALONE, "against_all"): rows["fdt"][name] for name in (ALONE, f"{ALONE}_low", f"{ALONE}_high")
        }
        found.append(rows["agree_4"] | worth)
    return found


def ends(rows: list[Row]) -> list[Row]:
    """Without the generations before the last one."""
    last = {(row["dataset"], row["method"]): row.get("generation", "") for row in rows}
    return [row for row in rows if row.get("generation", "") == last[row["dataset"], row["method"]]]


def table(file: str, columns: str, where: str = "") -> str:
    """A table of a file's rows, in Markdown. UserError where no row of the file has a column."""
    rows, names = rows_of(file, where), columns.split()
    known = {name for row in rows for name in row} | {"seed"}
    if lost := [name for name in names if name not in known and f"{name}_low" not in known]:
        raise UserError(f"{file} has no column `{lost[0]}`; look at the comment above the table")
    return markdown(rows, names)


def filled(page: str) -> str:
    """The page with every table made anew."""

    def make(found: re.Match) -> str:
        return f"{found[1]}\n\n{table(*(part.strip() for part in found[2].split('|')))}\n<!-- end -->"

    return re.sub(r"(<!-- table: (.*?) -->)\n.*?<!-- end -->", make, page, flags=re.DOTALL)


def copy(study: str, plan: Plan) -> None:
    """Copy the table of a study, which has to be what the rule wrote, and the audits of its runs."""
    table = Path("results", "studies", study, "table.csv")
    told = read_json(table.with_suffix(".json"))["files"][table.name]
    if sha256(table) != told:
        raise UserError(f"{table} is not what tabulate_study wrote; remove it and run: snakemake {table} --cores 2")
    write_atomic(DATA / f"{study}.csv", table.read_bytes())
    audits = [
        {"study": study} | audit(run.method_name, run, g)
        for run in plan.cells(study)
        for g in range(1, run.method.last + 1)
        if Path("results", run.name, f"gen{g}", "audit.json").exists()
    ]
    if audits:
        write_table(DATA / f"{study}_audit.csv", audits, list(audits[0]))


def main() -> None:
    """Write tables and pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", default=ROOT / "docs" / "images", type=Path, metavar="FOLDER")
    parser.add_argument("--copy", nargs="+", default=[], metavar="STUDY")
    args = parser.parse_args()
    for study in args.copy:
        copy(study, Plan({}, str(ROOT)))
    for path in sorted(PAGES.glob("*.md")):
        write_atomic(path, filled(path.read_text("utf-8")).encode())
    draw_all(DATA, args.pictures)


if __name__ == "__main__":
    main()
