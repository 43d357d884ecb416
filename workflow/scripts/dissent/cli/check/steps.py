"""How much a run is: steps of training. No torch."""

from dissent.config.budget import pairs_and_steps
from dissent.config.resolve import Run


def steps_of(run: Run, subsets: dict[str, int]) -> list[object]:
    """A line of the table: run, generations, students, pairs of the last, steps of one student, steps of all students."""
    pairs, students, total = 0, 0, 0
    steps: set[int] = set()
    for generation in range(run.method.last + 1):
        flat = run.at(generation)
        pairs, taken = pairs_and_steps(run, generation, subsets)
        steps.add(taken)
        students += flat["students"]
        total += taken * flat["students"]
    each = f"{min(steps):,}" if len(steps) == 1 else f"{min(steps):,} to {max(steps):,}"
    generations = run.method.last
    most = generations if run.method.patience is None else f"at most {generations}"
    return [run.name, most, students, f"{pairs:,}", each, f"{total:,}"]
