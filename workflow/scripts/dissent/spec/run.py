"""From the name of a run to everything that it needs: experiment, dataset, split, network, recipe, seed."""

import re
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import Field

from dissent.files import UserError
from dissent.spec.base import Model, nearest, read_yaml, validate
from dissent.spec.dataset import Dataset
from dissent.spec.network import Network
from dissent.spec.recipe import SHARED, Recipe

FOLDERS = ("experiments", "datasets", "networks", "methods")


class Experiment(Model):
    """A dataset, a split, a network, a method and a seed, with a name (a file of config/experiments)."""

    dataset: str
    """name of a file in config/datasets"""
    split: str
    """name of a split in that file"""
    network: str
    """name of a file in config/networks"""
    method: str
    """name of a file in config/methods"""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 1
    """all randomness of training follows from it; the split has a seed of its own"""
    controls: list[str] = []
    """methods to run beside it under the same conditions, e.g. [ldt_equal_steps, aldt]"""
    shards: Annotated[int, Field(ge=1, le=9999)] = 1
    """parts in which the unlabelled images are labelled, each a job of its own (docs/scaling.md); results do not depend on it"""


class Settings(Model):
    """config/config.yaml, and what `snakemake --config` says in its place."""

    experiments: list[str] = ["demo"]
    """names of runs whose report `snakemake` makes when no target is named; `dvc repro` builds the experiment of dvc.yaml"""
    settings: str = "config"
    """a folder of your own with experiments/, datasets/, networks/, methods/: its files come before the shipped ones"""


class Run(Model):
    """What one folder under results/ holds."""

    name: str
    experiment: str
    method: str
    dataset_name: str
    split: str
    network_name: str
    dataset: Dataset
    network: Network
    recipe: Recipe
    start: Recipe | None
    """the recipe of generation 0 where `recipe.start` names another method"""
    seed: int
    controls: list[str]
    shards: int

    def at(self, generation: int) -> dict:
        """The recipe of one generation as a plain dict: gen0 is the start's where there is one."""
        if not 0 <= generation <= self.recipe.generations:
            raise UserError(
                f"{self.name} has generations 0 to {self.recipe.generations}, not {generation}; "
                f"`generations: {generation}` in config/experiments/{self.experiment}.yaml makes more"
            )
        flat = self.recipe.at(generation)
        if generation == 0 and self.start is not None:
            flat = self.start.at(0) | {key: flat[key] for key in ("pool", "teachers")}
        return flat


class Config:
    """The YAML files of one or more config folders; a name is looked up in the first folder that has it."""

    def __init__(self, *folders: str | Path):
        self.folders = [Path(folder) for folder in folders]
        self.run = lru_cache(maxsize=None)(self._run)
        self.dataset = lru_cache(maxsize=None)(self._dataset)

    def names(self, kind: str) -> list[str]:
        """Names of the files of one kind (`experiments`, `datasets`, `networks`, `methods`)."""
        return sorted({path.stem for folder in self.folders for path in (folder / kind).glob("*.yaml")})

    def path(self, kind: str, name: str) -> Path:
        """The file that `name` means; UserError lists the names there are."""
        for folder in self.folders:
            if name in {path.stem for path in (folder / kind).glob("*.yaml")}:
                return folder / kind / f"{name}.yaml"
        names = self.names(kind)
        raise UserError(
            f"`{name}` is none of the {kind} in {' or '.join(str(f / kind) for f in self.folders)}"
            f"{nearest(name, names)} (there are: {', '.join(names)})"
        )

    def _dataset(self, name: str) -> Dataset:
        path = self.path("datasets", name)
        return validate(Dataset, read_yaml(path), path)

    def network(self, name: str) -> Network:
        """One file of config/networks."""
        path = self.path("networks", name)
        return validate(Network, read_yaml(path), path)

    def recipe(self, name: str, changes: dict | None = None, source: str | Path | None = None) -> Recipe:
        """One file of config/methods, with `changes` (an experiment's recipe keys) laid over it."""
        path = self.path("methods", name)
        values = read_yaml(path)
        recipe = validate(Recipe, values, path)
        return validate(Recipe, _lay_over(values, changes), source or path) if changes else recipe

    def experiment(self, name: str) -> tuple[Experiment, dict]:
        """An experiment and the recipe keys that it sets anew."""
        path = self.path("experiments", name)
        values = read_yaml(path)
        changes = {key: value for key, value in values.items() if key in Recipe.model_fields}
        own = {key: value for key, value in values.items() if key not in changes}
        words = [*Experiment.model_fields, *Recipe.model_fields]
        return validate(Experiment, own, path, words), changes

    def controls(self, name: str) -> list[Run]:
        """The runs that an experiment names as its controls, with the seed of run `name`."""
        run = self.run(name)
        seed = f".s{run.seed}" if re.search(r"\.s\d{1,9}$", name) else ""
        return [self.run(f"{run.experiment}.{method}{seed}") for method in run.controls]

    def _run(self, name: str) -> Run:
        """Resolve `{experiment}[.{method}][.s{seed}]`; UserError says what is wrong with which file."""
        experiment_name, *rest = name.split(".")
        experiment, changes = self.experiment(experiment_name)
        path = self.path("experiments", experiment_name)
        seed = experiment.seed
        if rest and re.fullmatch(r"s\d{1,9}", rest[-1]):
            seed = int(rest.pop()[1:])
        if len(rest) > 1:
            raise UserError(
                f"`{name}` is no run; runs are called EXPERIMENT, EXPERIMENT.METHOD or EXPERIMENT.METHOD.s2"
            )
        method = rest[0] if rest else experiment.method
        for control in experiment.controls:
            self.path("methods", control)
        shared = {key: value for key, value in changes.items() if key in SHARED}
        if method != experiment.method:
            changes = dict(shared)
            if not self.recipe(method).generations:
                changes.pop("generations", None)
                if isinstance(shared.get("pool"), list):
                    changes["pool"] = shared["pool"][
                        0
                    ]  # of a schedule, a method without generations has the first entry
        recipe = self.recipe(method, changes, path)
        start = None
        if recipe.start is not None:
            pool = recipe.pool[0] if isinstance(recipe.pool, list) else recipe.pool
            others = {key: value for key, value in shared.items() if key not in ("pool", "generations")}
            start = self.recipe(recipe.start, {"pool": pool} | others, path)
            if start.start is not None:
                raise UserError(f"`start: {recipe.start}` of {name} has a start itself; name the one that has none")
        dataset = self.dataset(experiment.dataset)
        if experiment.split not in dataset.splits:
            raise UserError(
                f"`split: {experiment.split}` in {path} is no split of the data set {experiment.dataset}"
                f"{nearest(experiment.split, list(dataset.splits))} (there are: {', '.join(dataset.splits)})"
            )
        run = Run(
            name=name,
            experiment=experiment_name,
            method=method,
            dataset_name=experiment.dataset,
            split=experiment.split,
            network_name=experiment.network,
            dataset=dataset,
            network=self.network(experiment.network),
            recipe=recipe,
            start=start,
            seed=seed,
            controls=[] if rest else experiment.controls,
            shards=experiment.shards,
        )
        _check_together(run, path)
        return run


def _lay_over(base: dict, changes: dict) -> dict:
    result = dict(base)
    for key, value in changes.items():
        below = result.get(key)
        same_learner = (
            key != "learn" or not isinstance(value, dict) or value.get("name") in (None, (below or {}).get("name"))
        )
        nested = isinstance(below, dict) and isinstance(value, dict) and same_learner
        result[key] = _lay_over(below, value) if nested else value
    return result


def _check_together(run: Run, path: Path) -> None:
    """What no single file can tell: whether dataset, network and recipe fit each other."""
    kind, network, (height, width) = run.dataset.task.kind, run.network, run.dataset.size
    if fault := network.misfit(height, width):
        raise UserError(f"network {run.network_name} and data set {run.dataset_name} do not fit: {fault} ({path})")
    if len(set(run.controls)) < len(run.controls) or run.method in run.controls:
        raise UserError(f"`controls` in {path} names a method twice, or the experiment's own")
    if kind == "multiclass" and "bce" in run.network.loss:
        raise UserError(
            f"`loss: bce` of network {run.network_name} is for binary and multilabel tasks; use ce ({path})"
        )
    for recipe in (run.recipe, run.start):
        if recipe and recipe.doubt.target == "own_class" and not run.dataset.task.doubt_class:
            raise UserError(
                f"`doubt.target: own_class` needs `doubt_class: true` in data set {run.dataset_name} ({path})"
            )
