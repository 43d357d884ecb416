"""What views of an image, several networks and other BatchNorm statistics are worth at test time, for trained networks.

    python benchmarks/studies/at_test_time.py STUDY ... [--methods ldt_equal_steps] [--csv FOLDER]

Takes the last pool of each run of the studies from results/, and trains nothing. `statistics` measures mean and variance of BatchNorm on all
unlabelled images, as `norm_statistics: unlabelled` does at the end of a training. `mirrored` is the mean of an image and its mirror image,
`flips` of four: mirrored, upside down, both. A score is the mean over a pool and over seeds, `ensemble` that of the pool together. Differences
are paired by seed, with Student's interval over the seeds. `--csv` writes FOLDER/at_test_time.csv, as docs/results/data has it.
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

PLAIN, STATISTICS = "as they are", "statistics"
VIEWS = {PLAIN: 1, STATISTICS: 1, "mirrored": 2, "flips": 4}
"""of each way the views of an image, as `dissent predict --views` counts them"""
SUBSETS = ("val", "test")
COLUMNS = ("study", "dataset", "split", "method", "way", "seeds", "val", "mean", "ensemble")
APART = ("against_plain", "ensemble_against_plain")
ENDS = tuple(f"{name}{end}" for name in APART for end in ("", "_low", "_high"))
BATCH = 32

Scores = dict[str, dict[str, tuple[float, float]]]
"""{way: {subset: the mean of a pool, and the pool together}}"""


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
                rows += [{"study": study, "split": split, "method": method} | row for row in lines(plan, of_split)]
    print(markdown(rows, [*COLUMNS, *APART]))
    if args.csv:
        write_table(args.csv / "at_test_time.csv", rows, (*COLUMNS, *ENDS), keeper=False)


def lines(plan: Plan, runs: Sequence[Run]) -> list[Row]:
    """A line a way: means over seeds, and differences to how the networks are."""
    found = {str(run.seed): scores(plan, run) for run in runs}
    rows = []
    for way in VIEWS:
        of_seeds = [one[way] for one in found.values()]
        row = dict.fromkeys(ENDS, "") | {"dataset": runs[0].dataset_name, "way": way, "seeds": " ".join(found)}
        row["val"] = number(statistics.mean(one["val"][0] for one in of_seeds))
        for which, (name, apart) in enumerate(zip(("mean", "ensemble"), APART, strict=True)):
            tested = [one["test"][which] for one in of_seeds]
            row[name] = number(statistics.mean(tested))
            plain = [one[PLAIN]["test"][which] for one in found.values()]
            if way != PLAIN:
                row |= span(apart, [value - base for value, base in zip(tested, plain, strict=True)])
        rows.append(row)
    return rows


def scores(plan: Plan, run: Run) -> Scores:
    """What a run's last pool scores, in each way."""
    import torch

    from dissent import networks
    from dissent.core.task import Task
    from dissent.evaluation import metrics
    from dissent.evaluation.counting import count_all
    from dissent.training.data import load_labelled, load_unlabelled, to_tensor
    from dissent.training.inference import flipped
    from dissent.training.norm_statistics import measure_norm

    task = Task(run.dataset.task.model_dump(mode="json"))
    score = metrics.scorer(task.score, task.spec)
    pool = [networks.load(Path(path).parent) for path in plan.students(run, run.method.last, "model.json")]
    plain, channels = [network.eval() for network, _ in pool], pool[0][1]["channels"]
    other = [copy.deepcopy(network) for network in plain]
    unlabelled = load_unlabelled(plan.subset(run, "unlabelled"), channels)
    for network in other:
        measure_norm(network, unlabelled, run.network.batch_size, "cpu", "fp32")
    labelled = {name: load_labelled(plan.subset(run, name), channels, "scores are of them") for name in SUBSETS}

    def said(network: torch.nn.Module, images, views: int) -> torch.Tensor:
        """The mean probabilities of all images, over the views."""
        parts = (to_tensor(images[at : at + BATCH], "cpu") for at in range(0, len(images), BATCH))
        return torch.cat([flipped(network, part, task, "cpu", "fp32", views) for part in parts])

    def reached(probabilities: torch.Tensor, labels) -> float:
        counted = count_all(task.decide(probabilities).numpy(), labels, task.spec)
        return float(score(counted)["value"])

    found: Scores = {way: {} for way in VIEWS}
    with torch.inference_mode():
        for way, views in VIEWS.items():
            for name, (images, labels) in labelled.items():
                all_said = [said(one, images, views) for one in (other if way == STATISTICS else plain)]
                each = [reached(one, labels) for one in all_said]
                found[way][name] = statistics.mean(each), reached(torch.stack(all_said).mean(0), labels)
    return found


if __name__ == "__main__":
    sys.exit(main())
