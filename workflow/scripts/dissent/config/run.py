"""A run: one experiment, one method, one seed, with everything that its folder below results/ is made from."""

import re

from pydantic import PrivateAttr

from dissent.config.base import Model
from dissent.config.dataset import Dataset
from dissent.config.external_teacher import ExternalTeacher
from dissent.config.method import ONE_TEACHER, Method
from dissent.config.network import Network
from dissent.config.unlabelled import Options
from dissent.core.files import UserError


class Run(Model):
    """What one folder under results/ holds."""

    name: str
    experiment: str
    method_name: str
    dataset_name: str
    split: str
    network_name: str
    dataset: Dataset
    network: Network
    method: Method
    evalnet: Network | None
    """of EvalNets, where the method has any"""
    start: Method | None
    """the method of generation 0 where `method.start` names another method"""
    seed: int
    controls: list[str]
    shards: int
    external_teachers: list[ExternalTeacher] = []
    """none where nothing is labelled"""

    _flat: dict[int, dict] = PrivateAttr(default_factory=dict)

    def at(self, generation: int) -> dict:
        """The method of one generation as a plain dict, not to be changed: gen0 is the start's where there is one."""
        if generation not in self._flat:
            self._flat[generation] = self._at(generation)
        return self._flat[generation]

    def _at(self, generation: int) -> dict:
        if not 0 <= generation <= self.method.last:
            source = f"studies/{self.study}" if self.study else f"experiments/{self.experiment}"
            raise UserError(
                f"{self.name} has generations 0 to {self.method.last}, not {generation}; "
                f"`generations: {generation}` in config/{source}.yaml makes more"
            )
        flat = self.method.at(generation)
        if generation == 0 and self.start is not None:
            flat = self.start.at(0) | {
                key: flat[key] for key in ("students", "teachers", "diversify", "keep_checkpoints")
            }
        return flat

    def learner(self, generation: int) -> Options:
        """How students of a generation learn: those of gen0 as the start says, where there is one."""
        return (self.start if generation == 0 and self.start is not None else self.method).learn

    def at_member(self, generation: int, member: int) -> dict:
        """The method of one student of a generation's pool, from 1: `diversify` says in what those who teach differ."""
        flat = self.at(generation)
        if generation == self.method.last:
            return flat
        augmentations = flat["diversify"]["augmentations"] or [flat["augmentation"]]
        widths = flat["diversify"]["widths"] or [1]
        turn = member - 1
        return flat | {
            "augmentation": augmentations[turn % len(augmentations)],
            "width_factor": flat["width_factor"] * widths[turn % len(widths)],
        }

    def network_at(self, generation: int, member: int | None = None) -> Network:
        """The network of one student: `width_factor` times as wide. Without `member`: of the widest of the generation's pool."""
        members = range(1, self.at(generation)["students"] + 1) if member is None else [member]
        factor = max(self.at_member(generation, one)["width_factor"] for one in members)
        return self.network if factor == 1 else self.network.model_copy(update={"width": self.network.width * factor})

    def voters(self, generation: int) -> int:
        """How many predictions of each image a generation has: of its teachers, or of the views of one, and from outside."""
        return len(self.voter_names(generation))

    def voter_names(self, generation: int) -> list[str]:
        """What the voters of a generation are called, in the order of their numbers in predictions.csv, from 1."""
        method = self.at(generation)
        tta, kept = method["tta"], method["keep_checkpoints"]
        own = [f"teacher {number + 1}" for number in range(self.at(generation - 1)["teachers"])]
        if tta["mode"] in ONE_TEACHER:  # as pseudolabels/tta.py makes them
            own = [f"view {number + 1}" for number in range(tta["number"] + (tta["mode"] == "cumulative"))]
        if method["voters"] == "checkpoints":
            own = [f"checkpoint {number}" for number in range(kept, 0, -1)]
        return own + [one.name for one in self.external_teachers]

    def first(self, generation: int) -> str:
        """What predictions.csv calls teacher 0: `mean` of all who vote, `best` teacher beside its checkpoints, or "" for none."""
        method = self.at(generation)
        if method["pseudo_label"] == "mean" or method["soft_labels"] != "none":
            return "mean"
        return "best" if method["pseudo_label"] == "best" and method["voters"] == "checkpoints" else ""

    def passes(self, generation: int) -> float:
        """How many times networks see an image, whole and once, to label it for a generation."""
        tta, voters = self.at(generation)["tta"], self.voters(generation) - len(self.external_teachers)
        averaged = tta["mode"] == "averaged"
        looks = sum(scale * scale for scale in tta["scales"]) * (1 + tta["mirrored"]) if averaged else 1
        if self.at(generation)["voters"] == "checkpoints":
            return voters + looks * (self.first(generation) == "best")
        return voters * looks

    @property
    def rater(self) -> Network:
        """The network file of the EvalNets, of a run that has some."""
        assert self.evalnet is not None, f"{self.name} rates without EvalNets"
        return self.evalnet

    @property
    def rated_pools(self) -> list[str]:
        """Names of the runs whose generation 0 makes the masks that EvalNets and thresholds are made from."""
        return [self.sibling(method) for method in self.method.quality.of] if self.method.rates else []

    @property
    def study(self) -> str:
        """The study of which this run is a cell; "" of other runs."""
        return self.experiment.partition(".")[0] if "." in self.experiment else ""

    def sibling(self, method: str) -> str:
        """Name of the run of another method in the same experiment, with the same seed."""
        return f"{self.experiment}.{method}{self._seed_of_name}"

    @property
    def own(self) -> str:
        """Name of the run of the experiment's own method, with the same seed; not of runs of a study, which have none."""
        return f"{self.experiment}{self._seed_of_name}"

    @property
    def _seed_of_name(self) -> str:
        found = re.search(r"\.s\d{1,9}$", self.name)
        return found[0] if found else ""
