"""Names that look like several images of one source: a regular expression for `group` that was tried on all of them."""

import re
from collections import Counter
from collections.abc import Iterable

_PATTERNS = (
    r"^(.+)[-_. ][^-_. ]*\d[^-_. ]*$",  # pat00_f1, a_1_2, scan3-07b: all but the last part, which holds a number
    r"^(.+?)\d+$",  # a1, a2, b1
    r"^(.+?)(?:[-_. ][^-_. ]*\d[^-_. ]*)?$",  # the first, where some names have no such part
)
_FEWEST = 3  # two are rather old and new images, or two cameras


def suggested(names: Iterable[str]) -> tuple[str, Counter[str]] | None:
    """A pattern that fits every name and finds fewer groups than names, with the images of each group; None: no such."""
    every = list(names)
    for pattern in _PATTERNS:
        found = [re.search(pattern, name) for name in every]
        if not all(found):
            continue
        groups = Counter(match[1] for match in found)
        if _FEWEST <= len(groups) <= len(every) // 2:
            return pattern, groups
    return None


def told(names: Iterable[str]) -> str:
    """A note for the terminal, "" where names do not look like that."""
    found = suggested(names)
    if found is None:
        return ""
    pattern, groups = found
    name, count = groups.most_common(1)[0]
    return (
        f"names look like {len(groups)} sources of several images each ({count} of {name}); if they are patients, videos or "
        f"slides, say --group '{pattern}', which keeps those of one source together (with --anew, once settings are written)"
    )
