"""What learners told while they learned, of a study: do sure pixels collapse, is the averaged teacher worse than its student?

    python benchmarks/studies/learners.py STUDY [--csv FOLDER]

Reads history.csv of every student of the last generation of each method that told anything. `begin` is the first validation, `end` the mean
of the last five; a line is the mean over a pool and over seeds. `other` is a further network (its column in history.csv), and `ahead` says
by how much the kept one scores more on validation. `--csv` writes FOLDER/STUDY_told.csv, as docs/results/data has it.
"""

import argparse
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "workflow" / "scripts"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from tables import Row, markdown

from dissent.core.files import read_table, write_table
from dissent.planning.paths import Plan

TOLD = ("sure", "agreement", "unlabelled_loss")
OTHERS = ("student_score", "second_score", "senior_score")
LAST = 5  # validations
COLUMNS = ("method", *(f"{name}_{when}" for name in TOLD for when in ("begin", "end")), "other", "ahead")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("study")
    parser.add_argument("--csv", type=Path, metavar="FOLDER")
    args = parser.parse_args()
    plan = Plan({}, str(Path(__file__).resolve().parents[2]))
    folders: dict[str, list[Path]] = {}
    for run in plan.cells(args.study):
        pool = Path("results", run.name, f"gen{run.method.last}", "students")
        folders.setdefault(run.method_name, []).extend(sorted(pool.glob("*/history.csv")))
    rows = [row for method, paths in folders.items() if (row := line(method, [read_table(path) for path in paths]))]
    print(markdown(rows, list(COLUMNS)))
    if args.csv:
        write_table(args.csv / f"{args.study}_told.csv", rows, COLUMNS, keeper=False)


def line(method: str, histories: Sequence[Sequence[Row]]) -> Row | None:
    """The line of a method; None where its students told nothing."""
    names = [name for name in (*TOLD, *OTHERS) if histories and name in histories[0][0]]
    if not names:
        return None
    found = {name: [means(history, name) for history in histories] for name in (*names, "score")}
    row = dict.fromkeys(COLUMNS, "") | {"method": method}
    for name in TOLD:
        if name in names:
            row |= {f"{name}_begin": mean(found[name], 0), f"{name}_end": mean(found[name], 1)}
    for name in OTHERS:
        if name in names:
            ahead = statistics.mean(kept[1] - other[1] for kept, other in zip(found["score"], found[name], strict=True))
            row |= {"other": name, "ahead": f"{ahead:.4f}"}
    return row


def means(history: Sequence[Row], name: str) -> tuple[float, float]:
    """The first value, and the mean of the last five."""
    values = [float(row[name]) for row in history if row[name]]
    return values[0], statistics.mean(values[-LAST:])


def mean(found: Sequence[tuple[float, float]], which: int) -> str:
    """As text, over the students."""
    return f"{statistics.mean(values[which] for values in found):.4f}"


if __name__ == "__main__":
    main()
