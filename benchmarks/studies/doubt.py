"""What a student should see where its teachers disagree: every combination of input, target and filter, one generation.

    python benchmarks/studies/doubt.py [--epochs 43] [--cells keep-ignore-all ...] [--cores 2] [--seed 1]
        [--csv FOLDER]

Writes settings to work/doubt/, has Snakemake do the runs (what is done already is not done again; all of them start from the
same students), and prints a table in Markdown, then the mean of every level over the others: students of one cell differ
by more than cells do, so it is these means that tell. `--csv` writes both tables as FOLDER/doubt.csv and FOLDER/doubt_levels.csv, as
docs/results/data has them. Everything else is `isic_small` with `im_clean`.
"""

import argparse
import itertools
import statistics
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "workflow" / "scripts"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from tables import Row, markdown, number

from dissent.core.files import write_table
from dissent.report.run_results import Generation

INPUTS, TARGETS, FILTERS = ("block", "mean", "noise", "keep"), ("background", "ignore"), ("all", "larger")
SETTINGS = Path("work/doubt")


def main() -> int:
    """Write the settings, run them, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    every = ["-".join(cell) for cell in itertools.product(INPUTS, TARGETS, FILTERS)]
    parser.add_argument("--cells", nargs="+", default=every, choices=every, metavar="INPUT-TARGET-FILTER")
    parser.add_argument(
        "--epochs",
        type=int,
        help="of all images, 93 steps each, for every student; its teachers see the labelled images alone as often (9 steps "
        "each). Default: 465 steps for both",
    )
    parser.add_argument("--pool", type=int, default=1, help="students of a cell")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cores", default="2")
    parser.add_argument("--csv", type=Path, metavar="FOLDER")
    args = parser.parse_args()
    runs = {cell: write_settings(cell, args) for cell in args.cells}
    targets = [f"results/{run}/gen1/{name}.json" for run in runs.values() for name in ("metrics", "audit")]
    command = ["snakemake", "--cores", args.cores, "--config", f"config_dir={SETTINGS}", "--", *targets]
    if code := subprocess.run(command, check=False).returncode:
        return code
    cells = rows_of_cells(runs)
    levels = rows_of_levels(cells)
    print(markdown(cells, ["input", "target", "filter", "val", "mean", "ensemble", "kept"]))
    print(markdown(levels, ["level", "cells", "mean", "standard_error"]))
    for name, rows in (("doubt", cells), ("doubt_levels", levels)):
        if args.csv and rows:
            write_table(args.csv / f"{name}.csv", rows, list(rows[0]))
    return 0


def write_settings(cell: str, args: argparse.Namespace) -> str:
    """Write the experiment of one cell (and a network of `--epochs`); returns the run's name."""
    what, target, select = cell.split("-")
    network, name = "unet1x1_small", f"doubt_{what}_{target}_{select}"
    more = ""
    if args.epochs:
        text = Path("config/networks/unet1x1_small.yaml").read_text("utf-8")
        lines = [line for line in text.splitlines() if not line.startswith(("epochs", "least_steps", "validate_every"))]
        network, name = f"unet1x1_{args.epochs}_epochs", f"{name}_{args.epochs}_epochs"
        write("networks", network, "\n".join([*lines, f"epochs: {args.epochs}\n"]))
        more = "start: ldt\nsteps_from: all_images\n"
    text = f"dataset: isic_small\nsplit: small\nnetwork: {network}\nmethod: im_clean\ngenerations: 1\naugmentation: strong\n"
    text += f"students: [3, {args.pool}]\nselect: {select}\ninconsistency: {{input: {what}, target: {target}}}\n"
    write("experiments", name, text + more)
    return f"{name}.s{args.seed}"


def write(kind: str, name: str, text: str) -> None:
    """Write one settings file, unless it says this already."""
    path = SETTINGS / kind / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text("utf-8") != text:
        path.write_text(text, "utf-8")


def rows_of_cells(runs: dict[str, str]) -> list[Row]:
    """One row a cell: scores of its students and of their ensemble, and what was kept."""
    rows = []
    for cell, run in runs.items():
        end = Generation(Path("results", run, "gen1"))
        test, pseudo = end.metrics["test"], end.metrics["pseudo_labels"]
        row = dict(zip(("input", "target", "filter"), cell.split("-"), strict=True)) | {"steps": str(max(end.steps))}
        row |= {"val": number(end.metrics["val"]["pool"]["iou"]["mean"]), "mean": number(test["pool"]["iou"]["mean"])}
        row |= {"sd": number(test["pool"]["iou"]["sd"]), "ensemble": number(test["ensemble"]["iou"]["value"])}
        rows.append(row | {"kept": str(pseudo["kept"]), "images": str(pseudo["images"])})
    return rows


def rows_of_levels(cells: list[Row]) -> list[Row]:
    """One row a level of input, target or filter: the mean over all cells that have it."""
    rows = []
    for level in (*INPUTS, *TARGETS, *FILTERS):
        values = [float(cell["mean"]) for cell in cells if level in (cell["input"], cell["target"], cell["filter"])]
        if len(values) > 1:
            row = {"level": level, "cells": str(len(values)), "mean": number(statistics.mean(values))}
            rows.append(row | {"standard_error": number(statistics.stdev(values) / len(values) ** 0.5)})
    return rows


if __name__ == "__main__":
    sys.exit(main())
