"""What Inconsistency Masks on top of a learner add to the learner alone, of a study that has both.

    python benchmarks/studies/on_top.py STUDY [--csv FOLDER]

Differences of NAME_im to NAME are paired over images and seeds, with intervals by the rule of reports and studies. The last line is the mean of all
differences, with Student's interval over the learners, which share images and seeds. `--csv` writes FOLDER/STUDY_on_top.csv, as docs/results/data
has it.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "workflow" / "scripts"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from compare import number
from next_images import span
from tables import Row, markdown

from dissent.core.files import write_table
from dissent.planning.paths import Plan
from dissent.planning.tabulation import tabulation
from dissent.report.study.cells import Block, difference, read_block

ALL = "all"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("study")
    parser.add_argument("--csv", type=Path, metavar="FOLDER")
    args = parser.parse_args()
    plan = Plan({}, str(Path(__file__).resolve().parents[2]))
    blocks = tabulation(plan.config, args.study, lambda *names: "")["blocks"]
    rows = [row for block in blocks for row in rows_of(read_block(block))]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    print(markdown(rows, ["method", "seeds", "base_mean", "mean", "against_base"]))
    if args.csv:
        write_table(args.csv / f"{args.study}_on_top.csv", rows, columns, keeper=False)


def rows_of(block: Block) -> list[Row]:
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
