"""Why an image was chosen, in plain words for the person who is to label it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LACKS = 1.25
"""a label is named as lacking from this need on"""
APART = 1.25
"""an image is called unlike the others from this many times the usual distance on"""


@dataclass(frozen=True)
class Facts:
    """What is known of all images together."""

    labels: Sequence[str]
    doubt: float
    """share of an image's pixels where teachers differ, in the middle of the pool"""
    labelled_L: np.ndarray
    """share of the pixels that each label has in the labelled images"""
    pool_L: np.ndarray
    """the same in the pool, as teachers say"""
    need_L: np.ndarray


def reason(
    facts: Facts, doubt: float, worth_L: np.ndarray, stands_for: int, distance: float | None, nearest: str
) -> str:
    """One line. `doubt`: share of its pixels where teachers differ; `nearest`: the image that `distance` is to."""
    parts, most = [], int(worth_L.argmax())
    several, name = len(facts.labels) > 1, facts.labels[most]
    if doubt > 0:
        about = f", most of all about {name}" if several and worth_L[most] > 0 else ""
        parts.append(f"teachers differ on {percent(doubt)} of its pixels (usual: {percent(facts.doubt)}){about}")
    elif worth_L[most] > 0:
        parts.append(f"teachers see {name} in it")
    if several and worth_L[most] > 0 and facts.need_L[most] >= LACKS:
        here, there = percent(facts.labelled_L[most]), percent(facts.pool_L[most])
        parts.append(f"labelled images have little {name}: {here} of their pixels, the others {there}")
    if stands_for:
        several_are = "other unlabelled image looks" if stands_for == 1 else "other unlabelled images look"
        parts.append(f"{stands_for:,} {several_are} most like it")
    if distance is not None:
        far = (
            "not like any labelled image or any above; the nearest is"
            if distance >= APART
            else "the nearest one that is labelled or above is"
        )
        parts.append(f"{far} {nearest}, {distance:.1f} times as far as usual")
    return "; ".join(parts) or "nothing tells it apart from the others"


def percent(share: float) -> str:
    """A share with as many decimals as say something."""
    return f"{100 * share:.1f} %" if share >= 0.001 or not share else f"{100 * share:.3f} %"
