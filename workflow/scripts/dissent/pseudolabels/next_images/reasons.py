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
        parts.append(f"labelled images lack {name}: {here} of the pixels, in the others {there}")
    if stands_for:
        parts.append(f"stands for {stands_for} more that {'is' if stands_for == 1 else 'are'} like it")
    if distance is not None:
        far = "unlike what is labelled or above, even" if distance >= APART else "most like"
        parts.append(f"{far} {nearest} ({distance:.1f} times the usual distance)")
    return "; ".join(parts) or "nothing tells it apart from the others"


def percent(share: float) -> str:
    """A share with as many decimals as say something."""
    return f"{100 * share:.1f} %" if share >= 0.001 or not share else f"{100 * share:.3f} %"
