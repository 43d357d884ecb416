"""The images of a run that may go out to be labelled: those of its pool that have no corrected mask."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from dissent.config.resolve import Run
from dissent.core.files import UserError, read_table
from dissent.core.places import SHIPPED
from dissent.core.words import some
from dissent.datasets.items import Item
from dissent.datasets.problems import Problems
from dissent.datasets.raw import find_items, find_raw


@dataclass(frozen=True)
class Free:
    """What is unlabelled in a split, and what of it is free."""

    pool: dict[str, str]
    """id of each unlabelled image or tile of the split -> path of the image that it is of"""
    items: dict[str, Item]
    """that path -> the raw image"""
    sources: list[str]
    """paths of those without a corrected mask, in the order of the split"""

    @classmethod
    def of(cls, about: Run) -> "Free":
        """Of the split of a run; UserError where none is left."""
        data = Path("data", about.dataset_name)
        sources = {row["id"]: row["source"] for row in read_table(data / "files.csv", ("id", "source"))}
        table = data / "splits" / about.split / "unlabelled.csv"
        pool = {row["id"]: sources[row["id"]] for row in read_table(table)}
        problems = Problems()
        raw = find_raw(about.dataset.raw, SHIPPED)
        items = {item.source: item for item in find_items(about.dataset, raw, problems)}
        problems.stop(raw)
        free = [source for source in pool.values() if source in items and not items[source].own]
        if not free:
            raise UserError(f"{about.name} has no unlabelled image without a corrected mask: there is nothing to label")
        return cls(pool, items, list(dict.fromkeys(free)))

    def source_of(self, name: str) -> str | None:
        """The path of the image with this id, of an image or of one of its tiles."""
        return self.pool.get(name) or self._by_item.get(name)

    @cached_property
    def _by_item(self) -> dict[str, str]:
        return {self.items[source].id: source for source in self.pool.values() if source in self.items}

    def uncorrected(self, sources: Sequence[str]) -> list[str]:
        """Each once, without those that have a corrected mask, which are told; UserError where none is left."""
        free = set(self.sources)
        wanted = [source for source in dict.fromkeys(sources) if source in free]
        if done := [source for source in dict.fromkeys(sources) if source not in free]:
            print(f"left out: {len(done)} images that have a corrected mask already: {some(done)}")
        if not wanted:
            raise UserError("each of the images that are named has a corrected mask: there is nothing to label")
        return wanted
