"""What the runs of a study reached: scores of every student, with intervals as `evaluation/intervals.py` has them.

Legend of shapes: S students, R rounds of the bootstrap.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from dissent.core.seeds import generator
from dissent.evaluation import metrics
from dissent.evaluation.bootstrap import Counted, same_images, scores_of
from dissent.evaluation.intervals import Interval, Scores, interval, rounds
from dissent.report.run_results import Generation

ROUNDS = 1000


@dataclass(frozen=True)
class Cell:
    """A method on the experiment of a block, over its seeds."""

    method: str
    upper_bound: bool
    remark: str
    """what stands behind its name, or nothing"""
    labels_alone: bool
    """whether it learns from labelled images alone: a control"""
    ends: dict[str, Generation]
    """seed: the generation that stands for the run, its last or the one that is kept"""
    made: dict[str, list[Generation]]
    """seed: all generations"""
    whole: dict[str, list[float | None]]
    """seed: score of each student"""
    scores: dict[str, Scores]
    """seed: the same with those on the images of each round, which all cells of an experiment share"""
    block: str
    """with the method's name the key of the draws of students, which nothing has in common"""

    @property
    def shown(self) -> str:
        """The method's name, with what a reader has to know of it behind it."""
        marks = [self.remark] * bool(self.remark) + ["upper bound"] * self.upper_bound
        return f"{self.method} ({', '.join(marks)})" if marks else self.method

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
        """The mean in each round: `(R,)`."""
        return rounds([[self.scores[seed]] for seed in seeds], generator("study students", self.block, self.method))

    @cached_property
    def interval(self) -> Interval:
        """The mean with its interval."""
        return interval([[one] for one in self.scores.values()])


def all_known(values: Sequence[float | None]) -> list[float]:
    """The values; none where one lacks."""
    known = [value for value in values if value is not None]
    return known if len(known) == len(values) else []


def mean_known(values: Sequence[float | None]) -> float | None:
    """Their mean; None where one lacks."""
    known = all_known(values)
    return float(np.mean(known)) if known else None


def pool_mean(one: Generation, subset: str, score: str) -> float | None:
    """Mean score of a generation's students; None without images, or where a student has no score."""
    found = one.metrics[subset]
    return mean_known([student[score]["value"] for student in found["students"].values()]) if found else None


def difference(ours: Cell, theirs: Cell) -> Interval:
    """Mean of `ours` minus that of `theirs` over the seeds that both have, on the same images in every round."""
    seeds = [seed for seed in ours.whole if seed in theirs.whole]
    if not seeds:
        return None, None, None
    return interval([[ours.scores[seed], theirs.scores[seed]] for seed in seeds])


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

    @property
    def counted(self) -> str:
        """How many images were scored, and of how many groups, in words."""
        return next(iter(self.cells[0].ends.values())).counted(self.subset)

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
        scores = {}
        for seed in ends:
            pool = next(counted)
            images = len(pool.ids)
            scores[seed] = _scores(pool, about, rounds)
        flags = {name: row[name] for name in ("upper_bound", "remark", "labels_alone")}
        cells.append(
            Cell(
                row["method"],
                **flags,
                ends=ends,
                made=made,
                whole={seed: _known(one.whole_S) for seed, one in scores.items()},
                scores=scores,
                block=about["name"],
            )
        )
    return Block(about, subset, images, cells)


def _scores(pool: Counted, about: dict, rounds: int) -> Scores:
    scorer = metrics.scorer(about["task"]["score"], about["task"])
    random = generator("study images", about["experiment"])
    [scores] = scores_of([pool.counts_SNL4], scorer, random, rounds, pool.groups)
    return scores


def _known(whole_S: np.ndarray) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in whole_S]
