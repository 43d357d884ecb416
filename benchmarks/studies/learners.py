"""What a study says of learners: what they told while they learned, and what Inconsistency Masks on top add to each.

    python benchmarks/studies/learners.py STUDY [--csv FOLDER]

The first table is made of history.csv of every student of the last generation of each method that told anything: do sure pixels collapse, is the
averaged teacher worse than its student? `begin` is the first validation, `end` the mean of the last five; a line is the mean over a pool and over
seeds. `other` is a further network (its column in history.csv), and `ahead` says by how much the kept one scores more on validation.

The second table compares NAME_im with NAME, paired over images and seeds, with intervals by the rule of reports and studies. Its last line is the
mean of all differences, with Student's interval over the learners, which share images and seeds.

`--csv` writes FOLDER/STUDY_told.csv and FOLDER/STUDY_on_top.csv, as docs/results/data has them.
"""

import argparse
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "workflow" / "scripts"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from tables import Row, markdown, number, span

from dissent.core.files import read_table, write_table
from dissent.planning.paths import Plan
from dissent.planning.tabulation import tabulation
from dissent.report.study.cells import Block, difference, read_block

TOLD = ("sure", "agreement", "unlabelled_loss")
OTHERS = ("student_score", "second_score", "senior_score")
LAST = 5  # validations
COLUMNS = ("method", *(f"{name}_{when}" for name in TOLD for when in ("begin", "end")), "other", "ahead")


ALL = "all"


def main() -> None:
    """Print both tables."""
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
    blocks = tabulation(plan.config, args.study, lambda *names: "")["blocks"]
    added = [row for block in blocks for row in on_top(read_block(block))]
    print(markdown(added, ["method", "seeds", "base_mean", "mean", "against_base"]))
    for file, found, columns in (("told", rows, COLUMNS), ("on_top", added, tuple(added[0]) if added else ())):
        if args.csv and found:
            write_table(args.csv / f"{args.study}_{file}.csv", found, columns, keeper=False)


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


def on_top(block: Block) -> list[Row]:
    """A line for each learner that the block has alone and with IM on top, and one for all of them."""
    rows, apart = [], []
    for cell in block.cells:
        alone = block.cell(cell.method.removesuffix("_im")) if cell.method.endswith("_im") else None
        if alone is None or cell.mean is None or alone.mean is None:
            continue
        value, low, high = difference(cell, alone)
        shared = [seed for seed in cell.whole if seed in alone.whole]
        row = {"dataset": block.about["dataset"], "method": cell.method, "seeds": " ".join(shared)}
        row |= {"base_mean": number(alone.mean_of(shared)), "mean": number(cell.mean_of(shared))}
        row |= {"against_base": number(value), "against_base_low": number(low), "against_base_high": number(high)}
        rows.append(row)
        apart.append(value)
    if len(apart) > 1:
        lines = {"dataset": block.about["dataset"], "method": ALL, "seeds": "", "base_mean": "", "mean": ""}
        rows.append(lines | span("against_base", [one for one in apart if one is not None]))
    return rows


if __name__ == "__main__":
    main()
