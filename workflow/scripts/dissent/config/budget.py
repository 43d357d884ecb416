"""How many pairs and steps a student of a run has, from the number of images on each side of the split. No torch."""

from collections.abc import Mapping

from dissent.config.resolve import Run


def pairs_and_steps(run: Run, generation: int, sides: Mapping[str, int]) -> tuple[int, int]:
    """Pairs at most, as pseudo-labels may be dropped, and the steps that follow. `sides`: labelled, unlabelled, hidden."""
    recipe = run.at(generation)
    people = sides["labelled"] + (sides["hidden"] if recipe["labels"] == "all" else 0)
    seen = min(people, max(1, round(people * recipe["label_share"])))  # as training/data.py
    own = seen * (1 + recipe["labelled_copies"])
    pairs = own + (sides["unlabelled"] * (recipe["originals"] + recipe["copies"]) if generation else 0)
    return pairs, run.network.student_steps(recipe["budget_of"], pairs, people, sides["unlabelled"])
