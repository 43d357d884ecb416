"""The table of an experiment's methods: scores of every generation, what they cost, and differences to the controls.

    python benchmarks/studies/compare.py EXPERIMENT [METHOD ...] [--seeds 1 2 3] [--against ldt_equal_steps aldt] [--run]

Reads what lies in results/ (`--run` has Snakemake make it first). A line is one generation of one method: mean ± sd over
students (and seeds), the student that is best by validation, the ensemble, steps of a student and CPU seconds of its jobs. Differences
are of the pools' test scores, with a 95 % bootstrap interval over seeds, students and images. The audit's lines follow where hidden masks exist.
"""

import argparse
import statistics
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "workflow" / "scripts"))

from dissent.files import read_json
from dissent.pools import difference
from dissent.report.story import Generation
from dissent.spec.run import Config, Run

SHOWN = ("wrong_of_teacher", "doubt", "precision", "recall", "wrong_outside")


def main() -> int:
    """Print the tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("experiment")
    parser.add_argument("methods", nargs="*")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--against", nargs="*", default=["ldt_equal_steps", "aldt"])
    parser.add_argument("--run", action="store_true")
    args = parser.parse_args()
    config = Config("config")
    own = config.run(args.experiment).method
    methods = args.methods or [*args.against, own]
    runs = {method: [config.run(name_of(args, config, method, seed)) for seed in args.seeds] for method in methods}
    if args.run and (code := make(runs, args.against, own)):
        return code
    print(
        "| run | val mean | test mean ± sd | best by val | ensemble | "
        + "".join(f"against `{m}` | " for m in args.against)
        + "steps | CPU s |"
    )
    print("|---|---|---|---|---|" + "---|" * len(args.against) + "---|---|")
    for method, of_seeds in runs.items():
        for g in range(min(last(run).made for run in of_seeds) + 1):
            print(line(method, of_seeds, g, [(m, runs.get(m)) for m in args.against]))
    audited = [
        (method, run, g) for method, found in runs.items() for run in found for g in range(1, last(run).made + 1)
    ]
    print(
        "\n| run | teacher wrong | doubt | precision | recall | wrong outside | kept |\n|---|---|---|---|---|---|---|"
    )
    for method, run, g in audited:
        print(audit(method, run, g))
    return 0


def name_of(args: argparse.Namespace, config: Config, method: str, seed: int) -> str:
    """The run of a method: the experiment itself for its own method and seed."""
    plain = config.run(args.experiment)
    if method == plain.method and seed == plain.seed:
        return args.experiment
    return f"{args.experiment}.{method}" + ("" if seed == plain.seed else f".s{seed}")


def make(runs: dict[str, list[Run]], against: list[str], own: str) -> int:
    """Have Snakemake make every generation's metrics, cost and audit."""
    targets = []
    for found in runs.values():
        for run in found:
            for g in range(run.recipe.generations + 1):
                names = ("metrics", "cost", "audit") if g else ("metrics", "cost")
                targets += [f"results/{run.name}/gen{g}/{name}.json" for name in names]
    return subprocess.run(["snakemake", *targets, "--cores", "2"], check=False).returncode


def folder(run: Run, g: int) -> Path:
    """Where a generation lies."""
    return Path("results", run.name, f"gen{g}")


def last(run: Run) -> Generation:
    """The last planned generation, which knows how many were made and which is kept (docs/stopping.md)."""
    return Generation(folder(run, run.recipe.generations))


def line(method: str, runs: list[Run], g: int, against: list[tuple[str, list[Run] | None]]) -> str:
    """One generation of one method, over the seeds."""
    rows = [read_json(folder(run, g) / "metrics.json") for run in runs]
    score = rows[0]["score"]
    students = [one[score]["value"] for row in rows for one in row["test"]["students"].values()]
    mean = 100 * statistics.mean(students)
    sd = 100 * statistics.stdev(students) if len(students) > 1 else 0.0
    val = 100 * statistics.mean(row["val"]["pool"][score]["mean"] for row in rows)
    best = 100 * statistics.mean(row["test"]["best"][score]["value"] for row in rows)
    ensemble = 100 * statistics.mean(row["test"]["ensemble"][score]["value"] for row in rows)
    costs = [read_json(folder(run, g) / "cost.json") for run in runs]
    seconds = statistics.mean(cost["total"]["cpu_seconds"] for cost in costs)
    steps = sorted({one["steps"] for cost in costs for one in cost["jobs"].values() if "steps" in one})
    differences = [told(runs, g, other, score) if other and name != method else "" for name, other in against]
    upper = " (upper bound)" if rows[0].get("upper_bound", runs[0].recipe.upper_bound) else ""
    name = f"`{method}` gen{g}" if runs[0].recipe.generations else f"`{method}`{upper}"
    cells = [name, f"{val:.1f}", f"{mean:.1f} ± {sd:.1f}", f"{best:.1f}", f"{ensemble:.1f}", *differences]
    return f"| {' | '.join(cells)} | {'-'.join(map(str, steps))} | {seconds:,.0f} |"


def told(runs: list[Run], g: int, others: list[Run], score: str) -> str:
    """Difference of the pools, with its interval."""
    task = runs[0].dataset.task.model_dump(mode="json")
    ours = [folder(run, g) / "counts.csv" for run in runs]
    theirs = [last(other).kept.folder / "counts.csv" for other in others]
    value, low, high = (100 * number for number in difference(ours, theirs, "test", score, task))
    return f"{value:+.1f} ({low:+.1f} to {high:+.1f})"


def audit(method: str, run: Run, g: int) -> str:
    """What the audit says of one generation's labels."""
    found = read_json(folder(run, g) / "audit.json")
    pseudo = read_json(folder(run, g) / "metrics.json")["pseudo_labels"]
    if not found["hidden_masks"]:
        return f"| {run.name} gen{g} | no hidden masks |"
    numbers = [f"{100 * (found['all_images'][key] or 0):.1f} %" for key in SHOWN]
    seed = f" seed {run.seed}" if run.name.split(".")[-1].startswith("s") else ""
    return f"| `{method}`{seed} gen{g} | {' | '.join(numbers)} | {pseudo['kept']} of {pseudo['images']} |"


if __name__ == "__main__":
    sys.exit(main())
