"""The table of an experiment's methods: scores of every generation, what they cost, and differences to the controls.

    python benchmarks/studies/compare.py EXPERIMENT [METHOD ...] [--seeds 1 2 3] [--against ldt_equal_steps aldt] [--run]

Reads what lies in results/ (`--run` has Snakemake make it first). A line is one generation of one method: mean ± sd over
students (and seeds), the student that is best by validation, the ensemble, steps of a student and CPU seconds of its jobs. Differences
are of the pools' test scores, with a 95 % interval (evaluation/intervals.py). The audit's lines follow where hidden masks exist.
`--csv FOLDER` writes the same numbers as FOLDER/EXPERIMENT.csv and FOLDER/EXPERIMENT_audit.csv, as docs/results/data has them.
"""

import argparse
import statistics
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "workflow" / "scripts"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from tables import Row, markdown, number

from dissent.config.resolve import Config, Run
from dissent.core.files import read_json, write_table
from dissent.evaluation.bootstrap import difference
from dissent.report.run_results import Generation

SHOWN = ("wrong_of_teacher", "doubt", "precision", "recall", "wrong_outside")


def main() -> int:
    """Print the tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("experiment")
    parser.add_argument("methods", nargs="*")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--against", nargs="*", default=["ldt_equal_steps", "aldt"])
    parser.add_argument("--run", action="store_true")
    parser.add_argument("--csv", type=Path, metavar="FOLDER")
    args = parser.parse_args()
    config = Config("config")
    own = config.run(args.experiment).method_name
    methods = args.methods or [*args.against, own]
    runs = {method: [config.run(name_of(args, config, method, seed)) for seed in args.seeds] for method in methods}
    if args.run and (code := make(runs, args.against, own)):
        return code
    scores = [
        line(method, of_seeds, g, [(m, runs.get(m)) for m in args.against])
        for method, of_seeds in runs.items()
        for g in range(min(last(run).made for run in of_seeds) + 1)
    ]
    audits = [
        audit(method, run, g)
        for method, found in runs.items()
        for run in found
        for g in range(1, last(run).made + 1)
        if read_json(folder(run, g) / "audit.json")["hidden_masks"]
    ]
    against = [f"against_{name}" for name in args.against]
    print(markdown(scores, ["method", "val", "mean", "best_by_val", "ensemble", *against, "steps", "cpu_seconds"]))
    print(markdown(audits, ["method", "seed", *SHOWN, "kept"]))
    if args.csv:
        for name, rows in ((args.experiment, scores), (f"{args.experiment}_audit", audits)):
            if rows:
                write_table(args.csv / f"{name}.csv", rows, list(rows[0]))
    return 0


def name_of(args: argparse.Namespace, config: Config, method: str, seed: int) -> str:
    """The run of a method: the experiment itself for its own method and seed."""
    plain = config.run(args.experiment)
    if method == plain.method_name and seed == plain.seed:
        return args.experiment
    return f"{args.experiment}.{method}" + ("" if seed == plain.seed else f".s{seed}")


def make(runs: dict[str, list[Run]], against: list[str], own: str) -> int:
    """Have Snakemake make every generation's metrics, cost and audit."""
    targets = []
    for found in runs.values():
        for run in found:
            for g in range(run.method.last + 1):
                names = ("metrics", "cost", "audit") if g else ("metrics", "cost")
                targets += [f"results/{run.name}/gen{g}/{name}.json" for name in names]
    return subprocess.run(["snakemake", *targets, "--cores", "2"], check=False).returncode


def folder(run: Run, g: int) -> Path:
    """Where a generation lies."""
    return Path("results", run.name, f"gen{g}")


def last(run: Run) -> Generation:
    """The last planned generation, which knows how many were made and which is kept (docs/explanation/stopping.md)."""
    return Generation(folder(run, run.method.last))


def line(method: str, runs: list[Run], g: int, against: list[tuple[str, list[Run] | None]]) -> Row:
    """One generation of one method, over the seeds."""
    rows = [read_json(folder(run, g) / "metrics.json") for run in runs]
    score = rows[0]["score"]
    students = [one[score]["value"] for row in rows for one in row["test"]["students"].values()]
    costs = [read_json(folder(run, g) / "cost.json") for run in runs]
    steps = sorted({one["steps"] for cost in costs for one in cost["jobs"].values() if "steps" in one})
    found = about(runs) | {"subset": "test", "score": score, "n": str(len(students)), "method": method}
    found["generation"] = str(g) if runs[0].method.last else ""
    found["upper_bound"] = str(int(rows[0].get("upper_bound", runs[0].method.upper_bound)))
    found["val"] = number(statistics.mean(row["val"]["pool"][score]["mean"] for row in rows))
    found["mean"] = number(statistics.mean(students))
    found["sd"] = number(statistics.stdev(students) if len(students) > 1 else 0.0)
    found["best_by_val"] = number(statistics.mean(row["test"]["best"][score]["value"] for row in rows))
    found["ensemble"] = number(statistics.mean(row["test"]["ensemble"][score]["value"] for row in rows))
    for name, other in against:
        found |= apart(f"against_{name}", runs, g, other if name != method else None, score)
    found["steps"] = "-".join(map(str, steps))
    return found | {"cpu_seconds": f"{statistics.mean(cost['total']['cpu_seconds'] for cost in costs):.0f}"}


def about(runs: list[Run]) -> Row:
    """What the runs of several seeds have in common."""
    return {"dataset": runs[0].dataset_name, "seeds": " ".join(str(run.seed) for run in runs)}


def apart(column: str, runs: list[Run], g: int, others: list[Run] | None, score: str) -> Row:
    """Difference of the pools, with its interval; empty without others."""
    found = (None, None, None)
    if others:
        task = runs[0].dataset.task.model_dump(mode="json")
        ours = [folder(run, g) / "counts.csv" for run in runs]
        theirs = [last(other).kept.folder / "counts.csv" for other in others]
        found = difference(ours, theirs, "test", score, task)
    return {f"{column}{end}": number(one) for end, one in zip(("", "_low", "_high"), found, strict=True)}


def audit(method: str, run: Run, g: int) -> Row:
    """What the audit says of one generation's labels."""
    found = read_json(folder(run, g) / "audit.json")["all_images"]
    pseudo = read_json(folder(run, g) / "metrics.json")["pseudo_labels"]
    row = about([run]) | {"method": method, "generation": str(g)}
    row |= {key: number(found[key] or 0) for key in SHOWN}
    return row | {"kept": str(pseudo["kept"]), "images": str(pseudo["images"])}


if __name__ == "__main__":
    sys.exit(main())
