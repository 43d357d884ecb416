"""How much a run is: steps of training. No torch."""

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
