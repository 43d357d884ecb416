"""One job that Snakemake plans: its rule, what tells its jobs apart, and the file that says that it was done. No torch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Job:
    """A rule, and what tells its jobs apart."""

    rule: str
    where: str
    """a run, with /shard{s} behind it; a data set and a split"""
    generation: int = 0
    member: int = 0
    """of a student or an EvalNet"""

    @property
    def run(self) -> str:
        """Name of the run."""
        return self.where.partition("/")[0]

    @property
    def part(self) -> str:
        """/shard{s}, by which the files of a shard are told apart; "" for other jobs."""
        _, slash, shard = self.where.partition("/")
        return slash + shard

    @property
    def output(self) -> str:
        """A file that says that it was done; nothing of jobs that join, or fetch, or decide."""
        if self.rule in ("prepare", "split"):
            dataset, _, split = self.where.partition("/")
            return f"data/{dataset}/splits/{split}/split.json" if split else f"data/{dataset}/dataset.json"
        g = self.generation
        place = {
            "train": f"gen{g}/students/{self.member}/model.safetensors",
            "train_evalnet": f"evalnets/{self.member}/model.safetensors",
            "predict": f"gen{g}/predictions{self.part}.csv",
            "build_masks": f"gen{g}/masks{self.part}.csv",
            "score_pairs": f"gen{g}/scores.csv",
            "evaluate": f"gen{g}/metrics.json",
            "assemble_pairs": f"gen{g}/pairs.csv",
            "rank_students": f"gen{g}/teachers.json",
            "cost": f"gen{g}/cost.json",
            "audit": f"gen{g}/audit.json",
            "report": "report.html",
            "browse": "browse.html",
        }.get(self.rule)
        return f"results/{self.run}/{place}" if place else ""

    @property
    def trains(self) -> bool:
        """Whether a network is trained."""
        return self.rule in ("train", "train_evalnet")
