"""How many pairs and steps a student of a run has, from the number of images in each subset of the split. No torch."""

from collections.abc import Mapping

from dissent.config.resolve import Run
from dissent.core.seeds import count_of


def pairs_and_steps(run: Run, generation: int, subsets: Mapping[str, int]) -> tuple[int, int]:
    """Pairs at most, as pseudo-labels may be dropped, and the steps that follow. `subsets`: labelled, unlabelled, hidden."""
    method = run.at(generation)
    people = subsets["labelled"] + (subsets["hidden"] if method["use_hidden_masks"] else 0)
    seen = count_of(method["labelled_subset"], people)
    own = seen * (1 + method["labelled_noise_copies"])
    pairs = own + (subsets["unlabelled"] * (method["keep_originals"] + method["noise_copies"]) if generation else 0)
    return pairs, run.network.student_steps(method["steps_from"], pairs, people, subsets["unlabelled"])
