"""What the runs of a study reached: scores of every student, and bootstrap draws over seeds, students and images.

Legend of shapes: S students, N images, R rounds of the bootstrap, K seeds, L labels and 4 counts as in evaluation/metrics.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from dissent.core.seeds import generator
from dissent.evaluation import metrics
from dissent.evaluation.bootstrap import mean_of_drawn, same_images, scores_on_draws
from dissent.report.run_results import Generation

ROUNDS = 1000
Interval = tuple[float, float, float] | tuple[None, None, None]
"""a value, and the ends of its 95 % interval; Nones where there is no score"""


@dataclass(frozen=True)
class Cell:
    """A method on the experiment of a block, over its seeds."""

    method: str
    upper_bound: bool
    labels_alone: bool
    """whether it learns from labelled images alone: a control"""
    ends: dict[str, Generation]
    """seed: the generation that stands for the run, its last or the one that is kept"""
    made: dict[str, list[Generation]]
    """seed: all generations"""
    whole: dict[str, list[float | None]]
    """seed: score of each student"""
    drawn: dict[str, np.ndarray]
    """seed: scores of each student on the images of each round (S, R)"""
    experiment: str
    """key of the draws of images and seeds: cells of one experiment see the same ones in a round, whatever was labelled"""
    block: str
    """with the method's name the key of the draws of students, which nothing has in common"""

    @property
    def students(self) -> list[float]:
        """Scores of all students of all seeds; empty where one has none."""
        return all_known([value for pool in self.whole.values() for value in pool])

    @property
    def mean(self) -> float | None:
        """Mean over seeds of the pools' means."""
        return self.mean_of(list(self.whole)) if self.students else None

    @property
    def sd(self) -> float | None:
        """Standard deviation of the scores of all students of all seeds."""
        return float(np.std(self.students, ddof=1)) if len(self.students) > 1 else None

    def mean_of(self, seeds: Sequence[str]) -> float:
        """Mean over some seeds of the pools' means."""
        return float(np.mean([np.mean(all_known(self.whole[seed])) for seed in seeds]))

    def means(self, seeds: Sequence[str]) -> np.ndarray:
        """The mean in each round: `(R,)`.

        Students of each seed, and seeds, are drawn with replacement, as `bootstrap.paired` does.
        """
        rounds = next(iter(self.drawn.values())).shape[1]
        seeds_KR = generator("study seeds", self.experiment, *seeds).integers(len(seeds), size=(len(seeds), rounds))
        random = generator("study students", self.block, self.method)
        pools_KR = np.stack([mean_of_drawn(self.drawn[seed], random) for seed in seeds])
        return np.take_along_axis(pools_KR, seeds_KR, 0).mean(0)

    @cached_property
    def interval(self) -> Interval:
        """The mean with its interval."""
        if self.mean is None:
            return None, None, None
        return self.mean, *_ends(self.means(list(self.whole)))


def all_known(values: Sequence[float | None]) -> list[float]:
    """The values; none where one lacks."""
    known = [value for value in values if value is not None]
    return known if len(known) == len(values) else []


def difference(ours: Cell, theirs: Cell) -> Interval:
    """Mean of `ours` minus that of `theirs` over the seeds that both have, the same images and seeds in every round."""
    seeds = [seed for seed in ours.whole if seed in theirs.whole]
    if not seeds or ours.mean is None or theirs.mean is None:
        return None, None, None
    value = ours.mean_of(seeds) - theirs.mean_of(seeds)
    return value, *_ends(ours.means(seeds) - theirs.means(seeds))


def _ends(values_R: np.ndarray) -> tuple[float, float]:
    low, high = np.nanquantile(values_R, [0.025, 0.975])
    return float(low), float(high)


@dataclass(frozen=True)
class Block:
    """An experiment under one label fraction: the cells of one table."""

    about: dict
    """of `planning.tabulation`"""
    subset: str
    images: int
    cells: list[Cell]

    @property
    def score(self) -> str:
        """Name of the score: the task's."""
        return self.about["task"]["score"]

    def cell(self, method: str) -> Cell | None:
        """The cell of a method, if it has one."""
        return next((cell for cell in self.cells if cell.method == method), None)


def read_block(about: dict, rounds: int = ROUNDS) -> Block:
    """Read the runs of a block. UserError where two were scored on different images."""
    runs = [
        {
            seed: [Generation(Path(folder, f"gen{g}")) for g in range(row["generations"] + 1)]
            for seed, folder in row["folders"].items()
        }
        for row in about["rows"]
    ]
    kept = [{seed: generations[-1].kept for seed, generations in made.items()} for made in runs]
    every = [end for ends in kept for end in ends.values()]
    subset = "test" if every and every[0].metrics["test"] else "val"
    counted = same_images((end.folder / "counts.csv" for end in every), subset)
    images, cells = 0, []
    for row, made, ends in zip(about["rows"], runs, kept, strict=True):
        whole, drawn = {}, {}
        for seed in ends:
            counts_SNL4 = next(counted)
            images = counts_SNL4.shape[1]
            whole[seed], drawn[seed] = _scores(counts_SNL4, about, rounds)
        flags = {name: row[name] for name in ("upper_bound", "labels_alone")}
        cells.append(
            Cell(
                row["method"],
                **flags,
                ends=ends,
                made=made,
                whole=whole,
                drawn=drawn,
                experiment=about["experiment"],
                block=about["name"],
            )
        )
    return Block(about, subset, images, cells)


def _scores(counts_SNL4: np.ndarray, about: dict, rounds: int) -> tuple[list[float | None], np.ndarray]:
    scorer = metrics.scorer(about["task"]["score"], about["task"])
    [drawn] = scores_on_draws([counts_SNL4], scorer, generator("study images", about["experiment"]), rounds)
    return [scorer(counts)["value"] for counts in counts_SNL4], drawn
