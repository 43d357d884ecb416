"""A note on names that look like several images of one source."""

from collections.abc import Iterable

from dissent.datasets.groups import suggested


def told(keys: Iterable[str]) -> str:
    """A note for the terminal, "" where names do not look like that."""
    found = suggested(keys)
    if found is None:
        return ""
    name, count = found.images.most_common(1)[0]
    return (
        f"images look like {len(found.images)} sources of several images each ({count} of {name}); if they are patients, videos or "
        f"slides, say --group '{found.pattern}', which keeps those of one source together (with --anew, once settings are written)"
    )
