"""Which files of a raw folder are used, by number: the counts add up, and what is left out is said with the reason."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from dissent.config.dataset import Source
from dissent.datasets.decode import EXTENSIONS
from dissent.datasets.listing import Census, walk
from dissent.datasets.problems import Problems
from dissent.datasets.raw import find_items


def seen_files(source: Source, raw: Path) -> str:
    """Lines for the terminal: files in the folders of images and masks, and images that lie beside these folders."""
    census = Census()
    find_items(source, raw, Problems(), census)
    folders = [folder for part in source.parts for folder in (part.images, part.masks) if folder is not None]
    return told_files(census, raw, folders)


def told_files(census: Census, raw: Path, folders: Iterable[str]) -> str:
    """The lines of `seen_files`, where the files are counted already."""
    return "\n".join([census.told(), *_beside(raw, {raw / folder for folder in folders})])


def _beside(raw: Path, folders: set[Path]) -> list[str]:
    """A line for image files in other folders."""
    others = [
        path.relative_to(raw)
        for path in walk(raw)[0]
        if path.suffix.lower() in EXTENSIONS and not folders & set(path.parents)
    ]
    counts = Counter(path.parts[0] + "/" if len(path.parts) > 1 else "the folder itself" for path in others)
    told = ", ".join(f"{count} in {name}" for name, count in sorted(counts.items()))
    return (
        [
            f"        not looked at, as they lie beside the folders of images and masks: {told}; move in what is to "
            "be used (init: --unlabelled DIR)"
        ]
        if told
        else []
    )
