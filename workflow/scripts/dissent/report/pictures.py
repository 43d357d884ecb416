"""Small pictures of a run's files, each checked against the table that names it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dissent.core.files import read_image, read_mask, verify
from dissent.report import tiles
from dissent.report.run_results import Story


@dataclass(frozen=True)
class Tile:
    """One small picture."""

    name: str
    source: str
    """data URI"""
    width: int
    height: int


class Pictures:
    """Draws tiles of at most `side` pixels."""

    def __init__(self, story: Story, side: int):
        self.story, self.side = story, side

    def tile(self, name: str, pixels: np.ndarray, source: str) -> Tile:
        """A tile that has the shape of `pixels`."""
        return Tile(name, source, pixels.shape[1], pixels.shape[0])

    def photo(self, pixels: np.ndarray) -> Tile:
        """The image itself."""
        return self.tile("image", pixels, tiles.photo(pixels, self.side))

    def plain_mask(self, name: str, mask_HW: np.ndarray) -> Tile:
        """A mask in its colours."""
        return self.tile(name, mask_HW, tiles.mask(mask_HW, self.story.params["palette"], self.side))

    def pixels_of(self, row: dict, subset: str) -> np.ndarray:
        """The image of a row of a subset's table."""
        verify(row["image"], row["image_sha256"], self.story.data[subset])
        return read_image(row["image"], self.story.params["channels"])

    def mask_of(self, row: dict, column: str, digest: str, table: str | Path) -> np.ndarray:
        """The mask that a row of a table names."""
        verify(row[column], row[digest], table)
        return read_mask(row[column])
