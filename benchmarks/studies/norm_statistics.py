"""What BatchNorm statistics of all unlabelled images are worth (`norm_statistics: unlabelled`), for networks that a study has trained.

    python benchmarks/studies/norm_statistics.py STUDY ... [--methods ldt_equal_steps] [--csv FOLDER]

The key changes nothing while a network learns: its statistics are measured once more at the end. So networks that learned without it are taken
from results/, and are scored as they are, and with new statistics. A line is a method of a study. Differences are paired by seed, with Student's
interval over the seeds. `--csv` writes FOLDER/norm_statistics.csv, as docs/results/data has it.
"""

import argparse
import copy
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "workflow" / "scripts"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from tables import Row, markdown, number, span

from dissent.config.run import Run
from dissent.core.files import write_table
from dissent.planning.paths import Plan
from dissent.runtime.devices import prepare_process

SUBSETS = ("val", "test")
COLUMNS = ("study", "dataset", "split", "method", "seeds", "val", "val_new", "mean", "new_mean", "against_old")
ENDS = ("against_old_low", "against_old_high")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("studies", nargs="+", metavar="STUDY")
    parser.add_argument("--methods", nargs="+", default=["ldt_equal_steps"])
    parser.add_argument("--csv", type=Path, metavar="FOLDER")
    args = parser.parse_args()
    prepare_process(2)
    plan = Plan({}, str(Path(__file__).resolve().parents[2]))
    rows = []
    for study in args.studies:
        for method in args.methods:
            runs = [run for run in plan.cells(study) if run.method_name == method]
            for split in dict.fromkeys(run.split for run in runs):
                of_split = [run for run in runs if run.split == split]
                rows.append({"study": study, "split": split, "method": method} | line(plan, of_split))
    print(markdown(rows, [*COLUMNS]))
    if args.csv:
        write_table(args.csv / "norm_statistics.csv", rows, (*COLUMNS, *ENDS), keeper=False)


def line(plan: Plan, runs: Sequence[Run]) -> Row:
    """Means over the seeds' pools as they are and with new statistics, and the difference on test images."""
    found = {str(run.seed): pool(plan, run) for run in runs}
    before, after = ({name: [one[name][turn] for one in found.values()] for name in SUBSETS} for turn in (0, 1))
    row = {"dataset": runs[0].dataset_name, "seeds": " ".join(found)}
    row |= {"val": number(statistics.mean(before["val"])), "val_new": number(statistics.mean(after["val"]))}
    row |= {"mean": number(statistics.mean(before["test"])), "new_mean": number(statistics.mean(after["test"]))}
    return row | span("against_old", [b - a for a, b in zip(before["test"], after["test"], strict=True)])


def pool(plan: Plan, run: Run) -> dict[str, tuple[float, float]]:
    """Of each subset the mean score of a run's last pool as it is, and with new statistics."""
    from dissent import networks
    from dissent.core.task import Task
    from dissent.evaluation import metrics
    from dissent.evaluation.counting import count_all
    from dissent.training.data import load_labelled, load_unlabelled
    from dissent.training.inference import masks
    from dissent.training.norm_statistics import measure_norm

    scores: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in SUBSETS}
    task = Task(run.dataset.task.model_dump(mode="json"))
    score, size = metrics.scorer(task.score, task.spec), run.network.batch_size
    tables = {name: plan.subset(run, name) for name in (*SUBSETS, "unlabelled")}
    paths = [Path(path).parent for path in plan.students(run, run.method.last, "model.json")]
    loaded = [networks.load(path) for path in paths]
    channels = loaded[0][1]["channels"]
    unlabelled = load_unlabelled(tables["unlabelled"], channels)
    labelled = {name: load_labelled(tables[name], channels, "scores are of them") for name in SUBSETS}
    for network, _ in loaded:
        other = copy.deepcopy(network)
        measure_norm(other, unlabelled, size, "cpu", "fp32")
        for name, (images, labels) in labelled.items():
            for one, into in zip((network, other), scores[name], strict=True):
                counted = count_all(masks(one, images, task, "cpu", "fp32", 32), labels, task.spec)
                into.append(score(counted)["value"])
    return {name: (statistics.mean(plain), statistics.mean(new)) for name, (plain, new) in scores.items()}


if __name__ == "__main__":
    sys.exit(main())
