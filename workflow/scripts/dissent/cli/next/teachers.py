"""What the teachers of a run said of each image of its pool, read from the tables of a generation. No torch."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from dissent.cli.machine import cores
from dissent.cli.unlabelled import Free
from dissent.config.resolve import Run
from dissent.core.columns import PREDICTIONS
from dissent.core.files import UserError, read_mask, read_table, verify
from dissent.core.rebuild_hint import again
from dissent.core.task import Task
from dissent.core.words import some
from dissent.pseudolabels.next_images import features
from dissent.pseudolabels.next_images.scores import Said, said


@dataclass(frozen=True)
class Teachers:
    """Of N images (of tiles the mean): what teachers say, and where."""

    table: Path
    sources: list[str]
    """paths of the images, as the raw folder has them"""
    tiles: dict[str, list[str]]
    """path -> the ids of its prepared images: one, or its tiles"""
    doubt_N: np.ndarray
    differs_NL: np.ndarray
    said_NL: np.ndarray
    places_NF: np.ndarray
    """where labels lie (pseudolabels/next_images/features.py)"""
    alone: bool
    """whether only one teacher said anything"""

    def take(self, kept: Sequence[int]) -> "Teachers":
        """Those images alone."""
        names, index = [self.sources[place] for place in kept], list(kept)
        return replace(
            self,
            sources=names,
            tiles={name: self.tiles[name] for name in names},
            doubt_N=self.doubt_N[index],
            differs_NL=self.differs_NL[index],
            said_NL=self.said_NL[index],
            places_NF=self.places_NF[index],
        )


def teachers_of(about: Run, where: Path, free: Free, wanted: bool) -> Teachers | None:
    """What they say of the free images; where no generation has said anything, UserError if that is `wanted`, else None.

    The teachers of the generation in `where` labelled the pool for the next one. Where that was not made, those before it count.
    """
    table = _table(where)
    if table is None:
        if not wanted:
            return None
        last = where.parent / f"gen{max(1, about.method.last)}" / "predictions.csv"
        if about.method.last < 1:
            raise UserError(
                f"{about.name} learns from given labels alone (method {about.method_name}), so no teacher has looked at the unlabelled "
                "images: name a run with generations, or the images with --pick"
            )
        raise UserError(f"{last} does not exist, so nothing tells on which images teachers disagree; {again(last)}")
    task = Task(about.dataset.task.model_dump(mode="json"))
    rows: dict[str, list[dict]] = {}
    for row in read_table(table, PREDICTIONS):
        if int(row["teacher"]):  # teacher 0 is the mean of the others, or the best again
            rows.setdefault(row["id"], []).append(row)
    tiles: dict[str, list[str]] = {}
    for name, source in free.pool.items():
        tiles.setdefault(source, []).append(name)
    seen = [source for source in free.sources if all(name in rows for name in tiles[source])]
    if unseen := [source for source in free.sources if source not in set(seen)]:
        print(f"note    {len(unseen)} images came after {table}, so no teacher has seen them: {some(unseen)}")
    if not seen and wanted:
        raise UserError(f"{table} names no image that can be labelled; {again(table)}")
    if not seen:
        return None
    with ThreadPoolExecutor(cores()) as workers:
        read = workers.map(lambda source: _of_image([rows[name] for name in tiles[source]], table, task), seen)
        found = list(tqdm(read, "teachers", len(seen), unit=" images", disable=None, leave=False))
    doubt, differs, says, places = (np.stack([one[part] for one in found]) for part in range(4))
    alone = max(len(rows[name]) for source in seen for name in tiles[source]) < 2
    return Teachers(table, seen, {source: tiles[source] for source in seen}, doubt, differs, says, places, alone)


def _table(where: Path) -> Path | None:
    """predictions.csv of the generation that the one in `where` labelled, or of the last before it."""
    number = int(where.name.removeprefix("gen"))
    tables = [where.with_name(f"gen{one}") / "predictions.csv" for one in range(number + 1, 0, -1)]
    return next((table for table in tables if table.is_file()), None)


def _of_image(tiles: Sequence[Sequence[dict]], table: Path, task: Task) -> list[np.ndarray]:
    """Doubt, differs_L, said_L and where labels lie, of one image: the means of its tiles."""
    every = [_of_tile(rows, table, task) for rows in tiles]
    parts = [[np.array(one.doubt), one.differs_L, one.said_L, features.of_labels(one.planes_LHW)] for one in every]
    return [np.mean([part[which] for part in parts], axis=0) for which in range(4)]


def _of_tile(rows: Sequence[dict], table: Path, task: Task) -> Said:
    for row in rows:
        verify(row["prediction"], row["sha256"], table)
    return said([read_mask(row["prediction"]) for row in rows], task)
