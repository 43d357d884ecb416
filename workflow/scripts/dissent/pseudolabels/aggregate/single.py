"""Labels that are one given mask: the mean's (model ensemble, section 5, 5), the best teacher's (noisy student, 5, 7)."""

import numpy as np

from dissent.consensus import areas


def single(
    votes: np.ndarray, kind: str, erode: int = 0, dilate: int = 0, background: int | None = 0
) -> tuple[np.ndarray, np.ndarray, int, int]:
    """The first mask of `votes`, without doubt; the areas tell how far the others, who voted, disagree."""
    label, voters = votes[0], votes[1:]
    if len(voters) == 1:
        voters = np.repeat(voters, 2, 0)
    return label, np.zeros(votes.shape[-2:], np.uint8), *areas(voters, kind, background)
