"""Whether images that folders or names show to be of one source lie in several subsets of a split: a part of `dissent check`."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from dissent.config.dataset import Dataset
from dissent.core.columns import DISJOINT
from dissent.core.files import read_table
from dissent.core.words import nfc, some
from dissent.datasets.groups import suggested
from dissent.datasets.naming import bare


def check_grouped(dataset: Dataset, split: str, prepared: Path, tables: Path) -> list[str]:
    """A note, where the settings do not group images; `tables`: the folder of the split.

    Where a person names the subsets, folders alone tell, as names are often no more than numbers and kinds.
    """
    plan = dataset.splits[split]
    if dataset.group is not None:
        return []
    drawn = plan.lists is None and plan.column is None
    keys = keys_of(dataset, read_table(prepared / "files.csv", ("id", "source", "part")))
    found = suggested(sorted(set(keys.values())), names=drawn)
    if found is None:
        return []
    found_in: dict[str, set[str]] = {group: set() for group in found.images}
    for subset in DISJOINT:
        for row in read_table(tables / f"{subset}.csv", ("id",)):
            found_in[found.of(keys[row["id"]])].add("train" if subset.endswith("labelled") else subset)
    torn = sorted(group for group, subsets in found_in.items() if len(subsets) > 1)
    if not torn:
        return []
    return [
        f"images look like {len(found_in)} sources of several images each, and those of {len(torn)} are in two subsets of the split "
        f"({some(torn)}): if they are patients, videos or slides, scores are too good, and `group: {{pattern: "
        f"'{found.pattern}'}}` keeps each in one subset"
    ]


def keys_of(dataset: Dataset, rows: Iterable[Mapping]) -> dict[str, str]:
    """{id: path below the folder of images, without extension and suffix} of rows of files.csv."""
    folders = {part.name: part.images for part in dataset.parts}
    keys = {row["id"]: nfc(bare(row["source"])).removeprefix(f"{folders[row['part']]}/") for row in rows}
    return {name: dataset.image_ends.off(key) for name, key in keys.items()}
