"""What a student should see where its teachers disagree: every combination of input, target and filter, one generation.

    python benchmarks/studies/doubt.py [--epochs 43] [--cells keep-ignore-all ...] [--cores 2] [--seed 1]

Writes settings to work/doubt/, has Snakemake do the runs (what is done already is not done again; all of them start from the
same students), and prints a table in Markdown, then the mean of every level over the others: students of one cell differ
by more than cells do, so it is these means that tell. Everything else is `isic_small` with `im_clean`.
"""

import argparse
import itertools
import json
import statistics
import subprocess
import sys
from pathlib import Path

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
    args = parser.parse_args()
    runs = {cell: write_settings(cell, args) for cell in args.cells}
    targets = [f"results/{run}/gen1/{name}.json" for run in runs.values() for name in ("metrics", "audit")]
    command = ["snakemake", "--cores", args.cores, "--config", f"config_dir={SETTINGS}", "--", *targets]
    if code := subprocess.run(command, check=False).returncode:
        return code
    print_table(runs)
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


def print_table(runs: dict[str, str]) -> None:
    """One line a cell: scores of the students, of their ensemble, and what was kept."""
    print("| input | target | filter | val | test mean ± sd | ensemble | kept |\n|---|---|---|---|---|---|---|")
    for cell, run in runs.items():
        found = json.loads(Path(f"results/{run}/gen1/metrics.json").read_text("utf-8"))
        val, test = (100 * found[subset]["pool"]["iou"]["mean"] for subset in ("val", "test"))
        sd, ensemble = found["test"]["pool"]["iou"]["sd"], found["test"]["ensemble"]["iou"]["value"]
        kept = found["pseudo_labels"]["kept"]
        what, target, select = cell.split("-")
        scores = f"{val:.1f} | {test:.1f} ± {100 * (sd or 0):.1f} | {100 * ensemble:.1f}"
        print(f"| {what} | {target} | {select} | {scores} | {kept} |")
    print("\n| level | cells | test mean | standard error |\n|---|---|---|---|")
    for level in (*INPUTS, *TARGETS, *FILTERS):
        values = [score(run) for cell, run in runs.items() if level in cell.split("-")]
        if len(values) > 1:
            error = statistics.stdev(values) / len(values) ** 0.5
            print(f"| {level} | {len(values)} | {statistics.mean(values):.1f} | {error:.1f} |")


def score(run: str) -> float:
    """Mean test IoU of a run's students, in percent."""
    return 100 * json.loads(Path(f"results/{run}/gen1/metrics.json").read_text("utf-8"))["test"]["pool"]["iou"]["mean"]


if __name__ == "__main__":
    sys.exit(main())
