"""The jobs of a study as Snakemake will plan them, each once however many methods need it. No torch."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from dissent.plan import Plan
from dissent.spec.run import Run


@dataclass(frozen=True)
class Job:
    """A rule, and what tells its jobs apart."""

    rule: str
    where: str
    """a run, with /shard{s} behind it; a data set and a split"""
    generation: int = 0
    member: int = 0
    """of a student or an EvalNet"""

    @property
    def output(self) -> str:
        """A file that says that it was done, of jobs that take their time; else nothing."""
        run, _, shard = self.where.partition("/")
        part, g = f"/{shard}" if shard else "", self.generation
        place = {
            "train": f"gen{g}/students/{self.member}/model.safetensors",
            "train_evalnet": f"evalnets/{self.member}/model.safetensors",
            "predict": f"gen{g}/predictions{part}.csv",
            "build_masks": f"gen{g}/masks{part}.csv",
            "score_pairs": f"gen{g}/scores.csv",
            "evaluate": f"gen{g}/metrics.json",
        }.get(self.rule)
        return f"results/{run}/{place}" if place else ""

    @property
    def trains(self) -> bool:
        """Whether a network is trained."""
        return self.rule in ("train", "train_evalnet")


def jobs_of(plan: Plan, study: str) -> set[Job]:
    """All of them, done or not."""
    found = {Job("tabulate_study", study)}
    if plan.config.study(study)[0].label_fractions:
        found.add(Job("plot_labels", study))
    for run in plan.cells(study):
        found |= _of_data(run)
        for g in range(run.recipe.generations + 1):
            found |= _pool(plan, run, g) | {Job(rule, run.name, g) for rule in ("evaluate", "cost")}
            if g:
                found |= _labelling(plan, run, g)
            if plan.stop(run, g):
                found.add(Job("decide", run.name, g))
        if run.recipe.rates:
            found |= _rating(plan, run)
    return found


def _of_data(run: Run) -> set[Job]:
    found = {Job("prepare", run.dataset_name), Job("split", f"{run.dataset_name}/{run.split}")}
    return found | ({Job("fetch", run.dataset.raw)} if run.dataset.fetch else set())


def _pool(plan: Plan, run: Run, generation: int) -> set[Job]:
    """A pool's students where they are trained, and its ranking."""
    found = {Job("rank_students", run.name, generation)}
    for path in plan.students(run, generation, "model.safetensors"):
        _, home, _, _, member, _ = Path(path).parts
        found |= {Job("train", home, generation, int(member)), Job("assemble_pairs", home, generation)}
    return found


def _labelling(plan: Plan, run: Run, generation: int) -> set[Job]:
    parts = plan.parts(run)
    found = {Job(rule, run.name + part, generation) for rule in ("predict", "build_masks") for part in parts}
    joined = ["masks", *(["predictions"] if run.recipe.rates == "predictions" else [])] if parts != [""] else []
    found |= {Job("join_shards", f"{run.name}/{table}", generation) for table in joined}
    return found | ({Job("score_pairs", run.name, generation)} if run.recipe.rates else set())


def _rating(plan: Plan, run: Run) -> set[Job]:
    found = {Job("measure_thresholds", run.name)}
    for name in run.rated_pools:
        found |= _pool(plan, plan.config.run(name), 0)
    if run.evalnet:
        found.add(Job("rank_evalnets", run.name))
        for path in plan.evalnets(run, "model.safetensors"):
            _, home, _, member, _ = Path(path).parts
            found.add(Job("train_evalnet", home, 0, int(member)))
    return found


def counted(jobs: set[Job]) -> dict[str, int]:
    """{rule: number of jobs}, the most first; shards under the name of the rule that they shard."""
    return dict(Counter(job.rule for job in jobs).most_common())
