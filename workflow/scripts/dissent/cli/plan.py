"""How much a run is: steps of training, and jobs of the workflow. No torch."""

from dissent.spec.budget import pairs_and_steps
from dissent.spec.run import Run


def steps_of(run: Run, sides: dict[str, int]) -> list[object]:
    """A line of the table: run, generations, students, pairs of the last, steps of one student, steps of all students."""
    pairs, steps, students, total = 0, set(), 0, 0
    for generation in range(run.recipe.generations + 1):
        flat = run.at(generation)
        pairs, each = pairs_and_steps(run, generation, sides)
        steps.add(each)
        students += flat["pool"]
        total += each * flat["pool"]
    each = f"{min(steps):,}" if len(steps) == 1 else f"{min(steps):,} to {max(steps):,}"
    generations = run.recipe.generations
    most = generations if run.recipe.patience is None else f"at most {generations}"
    return [run.name, most, students, f"{pairs:,}", each, f"{total:,}"]


def jobs_of(run: Run, controls: list[Run]) -> int:
    """Jobs of Snakemake for the report of a run that has nothing yet, its data included."""
    data = 3 if run.dataset.fetch else 2
    return data + _of_run(run, every=True) + sum(_of_run(one, every=False) for one in controls) + 1


def _of_run(run: Run, every: bool) -> int:
    """`every`: each generation is audited, as those of a control are not."""
    generations = run.recipe.generations
    jobs = sum(run.at(g)["pool"] + 2 for g in range(generations + 1))  # train, assemble_pairs, rank_students
    jobs += 2 * generations  # predict, build_masks
    if run.recipe.rates:
        # score_pairs, thresholds, EvalNets and their ranking, and the pools of which they learn
        jobs += generations + 1 + (run.recipe.quality.trained + 1 if run.evalnet else 0)
        jobs += len(run.rated_pools) * (run.at(0)["pool"] + 2)
    if run.recipe.patience is not None:
        jobs += generations - run.recipe.patience  # decide
    # evaluate, cost; audit
    return jobs + 2 * (generations + 1) + (generations if every else 0)
