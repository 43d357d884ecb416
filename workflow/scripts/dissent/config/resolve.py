"""From the name of a run to everything that it needs: experiment, dataset, split, network, method, seed."""

import re
from functools import lru_cache
from pathlib import Path

from dissent.config.automatic import cap
from dissent.config.base import nearest, read_yaml, validate
from dissent.config.compatibility import check_together
from dissent.config.dataset import Dataset
from dissent.config.experiment import Experiment
from dissent.config.fractions import with_split
from dissent.config.layering import cut, lay_over
from dissent.config.method import SHARED, Method
from dissent.config.network import Network
from dissent.config.run import Run as Run
from dissent.config.schedule import at
from dissent.config.study import experiment_of, read_study
from dissent.core.files import UserError

FOLDERS = ("experiments", "datasets", "networks", "methods")


class Config:
    """The YAML files of one or more config folders; a name is looked up in the first folder that has it."""

    def __init__(self, *folders: str | Path):
        self.folders = [Path(folder) for folder in folders]
        self.used: set[Path] = set()
        """the files that were read so far"""
        self.run = lru_cache(maxsize=None)(self._run)
        self.dataset = lru_cache(maxsize=None)(self._dataset)
        self.study = lru_cache(maxsize=None)(lambda name: read_study(self, name))

    def names(self, kind: str) -> list[str]:
        """Names of the files of one kind (`experiments`, `datasets`, `networks`, `methods`, `studies`)."""
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

    def read(self, path: Path) -> dict:
        """A settings file as plain data; `used` remembers it."""
        self.used.add(path)
        return read_yaml(path)

    def _dataset(self, name: str) -> Dataset:
        path = self.path("datasets", name)
        return validate(Dataset, self.read(path), path)

    def network(self, name: str) -> Network:
        """One file of config/networks."""
        path = self.path("networks", name)
        return validate(Network, self.read(path), path)

    def method(self, name: str, changes: dict | None = None, source: str | Path | None = None) -> Method:
        """One file of config/methods, with `changes` (an experiment's method keys) laid over it."""
        path = self.path("methods", name)
        values = self.read(path)
        method = validate(Method, values, path)
        if not changes:
            return method
        values = cut(values, cap(changes["generations"]) if "generations" in changes else None)
        return validate(Method, lay_over(values, changes), source or path)

    def experiment(self, name: str) -> tuple[Experiment, dict]:
        """An experiment and the method keys that it sets anew; `STUDY.EXPERIMENT`: what a study makes of it."""
        if "." in name:
            return experiment_of(self, name)
        path = self.path("experiments", name)
        values = self.read(path)
        changes = {key: value for key, value in values.items() if key in Method.model_fields}
        own = {key: value for key, value in values.items() if key not in changes}
        words = [*Experiment.model_fields, *Method.model_fields]
        return validate(Experiment, own, path, words), changes

    def rated_networks(self, run: Run) -> int:
        """How many networks the pools have whose masks thresholds are measured on."""
        return sum(self.run(name).at(0)["students"] for name in run.rated_pools)

    def controls(self, name: str) -> list[Run]:
        """The runs that an experiment names as its controls, with the seed of run `name`."""
        run = self.run(name)
        return [self.run(run.sibling(method)) for method in run.controls]

    def _trainings(self, experiment: str, method: Method, shared: dict) -> int:
        """How many generations' steps a student of this method takes: one, unless `steps_from: all_generations`."""
        if method.steps_from != "all_generations":
            return 1
        study, _, cell = experiment.partition(".")
        names = self.study(study)[0].methods if cell else [self.experiment(experiment)[0].method]
        others = [self.study(study)[0].method_of(name)[0] if cell else name for name in names]
        runs = [
            self.run(f"{experiment}.{name}")
            for name, of in zip(names, others, strict=True)
            if self.method(of).steps_from != "all_generations"
        ]
        return 1 + max((run.method.last for run in runs), default=cap(shared.get("generations", 0)) or 0)

    def _run(self, name: str) -> Run:
        """Resolve `[{study}.]{experiment}[.{method}][.s{seed}]`; UserError says what is wrong with which file."""
        first, *rest = name.split(".")
        kind = "studies" if first in self.names("studies") else "experiments"
        if kind == "studies" and len(rest) < 2:
            raise UserError(
                f"`{name}` is no run but a study: results/studies/{name}/table.html; its runs are called STUDY.EXPERIMENT.METHOD.s1"
            )
        experiment_name = first if kind == "experiments" else f"{first}.{rest.pop(0)}"
        experiment, changes = self.experiment(experiment_name)
        path = self.path(kind, first)
        seed = experiment.seed
        if rest and re.fullmatch(r"s\d{1,9}", rest[-1]):
            seed = int(rest.pop()[1:])
        if len(rest) > 1:
            raise UserError(
                f"`{name}` is no run; runs are called EXPERIMENT, EXPERIMENT.METHOD or EXPERIMENT.METHOD.s2"
            )
        method_name = rest[0] if rest else experiment.method
        study = self.study(first)[0] if kind == "studies" else None
        of, own = study.method_of(method_name) if study else (method_name, {})
        for other in (*experiment.controls, *experiment.methods):
            self.path("methods", other)
        if experiment.method in experiment.methods:
            raise UserError(
                f"`methods.{experiment.method}` in {path} is the experiment's own: its keys stand at the top"
            )
        shared = {key: value for key, value in changes.items() if key in SHARED}
        if method_name != experiment.method:
            changes = dict(shared)
            if not self.method(of).last:
                changes.pop("generations", None)
                changes |= {"students": at(shared["students"], 0)} if "students" in shared else {}
        if not isinstance(self.method(of).width_factor, list):
            changes.pop("width_factor", None)  # an experiment says how far networks grow, a method whether they do
        limit = (changes | own).get("generations")
        mine = cut(experiment.methods.get(of, {}), None if limit is None else cap(limit))
        method = self.method(of, lay_over(lay_over(changes, mine), own), path)
        if method.steps_from == "all_generations" != self.method(of).steps_from:
            raise UserError(
                f"`steps_from: all_generations` of {name} is for a method's own file: name the method `ldt_equal_compute`, or write a "
                f"file of config/methods ({path})"
            )
        start = None
        if method.start is not None:
            others = {
                key: value for key, value in shared.items() if key not in ("students", "generations", "width_factor")
            }
            others = {"students": at(method.students, 0)} | others
            start = self.method(method.start, lay_over(others, experiment.methods.get(method.start, {})), path)
            if start.start is not None:
                raise UserError(f"`start: {method.start}` of {name} has a start itself; name the one that has none")
            if start.steps_from == "all_generations":
                raise UserError(
                    f"`start: {method.start}` of {name} takes the steps of all generations; name `ldt_equal_steps`"
                )
        for other in method.quality.of if method.rates else []:
            self.path("methods", other)
        network = (study.network_of(method_name, method.start) if study else None) or experiment.network
        dataset = self.dataset(experiment.dataset)
        dataset = with_split(dataset, experiment.split, experiment.dataset, f"`split: {experiment.split}` in {path}")
        run = Run(
            name=name,
            experiment=experiment_name,
            method_name=method_name,
            dataset_name=experiment.dataset,
            split=experiment.split,
            network_name=network,
            dataset=dataset,
            network=self.network(network).times(self._trainings(experiment_name, method, shared)),
            method=method,
            evalnet=self.network(experiment.evalnet) if method.rates and method.quality.by == "evalnets" else None,
            start=start,
            seed=seed,
            controls=[] if rest else experiment.controls,
            shards=experiment.shards,
            external_teachers=experiment.external_teachers if method.last else [],
        )
        check_together(run, path)
        return run
