"""A study: experiments x methods x seeds as one table, and score against label fraction. No torch.

Its cells are runs called `{study}.{experiment}.{method}.s{seed}`, with `-5pct` behind the experiment for 5 % of labels,
or the name of a split.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from dissent.config.base import Model, nearest, validate
from dissent.config.fractions import with_share
from dissent.config.method import SHARED
from dissent.core.files import UserError

if TYPE_CHECKING:
    from dissent.config.experiment import Experiment
    from dissent.config.resolve import Config

Seed = Annotated[int, Field(ge=0, lt=2**31)]
Names = Annotated[list[str], Field(min_length=1)]


class Variant(Model):
    """A method with some of its keys set anew, as a row of its own. Beside `of` it may set any key of a method."""

    model_config = ConfigDict(extra="allow")

    of: str
    """name of a file in config/methods"""


class Study(Model):
    """A table of methods on experiments, and what they are worth in labels (a file of config/studies)."""

    experiments: Names
    """names of files in config/experiments: data set, split, network, and the keys that hold for every method"""
    methods: Names
    """names of files in config/methods, or of `variants`: the rows of the table"""
    seeds: Annotated[list[Seed], Field(min_length=1)] = [1]
    """each method runs with each of them"""
    more_seeds: dict[str, list[Seed]] = {}
    """method: further seeds for it alone; it is compared over the seeds that both have"""
    more_seeds_by: Literal["beforehand", "validation", "test"] = "beforehand"
    """how the methods of `more_seeds` were chosen, which the table says; beforehand: before anything was run; validation: by the validation means of the first seeds; test: by their test means, which flatters what was lucky there"""
    label_fractions: list[Annotated[float, Field(gt=0, lt=1)]] = []
    """shares of the training images that are labelled, e.g. [0.02, 0.05, 0.1]: nested sets, a table for each and a figure; none: as the split says"""
    splits: list[str] = []
    """splits of the data set that take the place of the experiments' own, with a table each, and score against labelled images; none: as each experiment says"""
    networks: dict[str, str] = {}
    """method: a file of config/networks for it, and for the methods that start from it, in place of the experiment's"""
    variants: dict[str, Variant] = {}
    """name: {of: METHOD, and keys of it}, e.g. {im_3: {of: im, teachers: 3}}"""

    @model_validator(mode="after")
    def _check(self) -> "Study":
        lists = {name: getattr(self, name) for name in ("experiments", "methods", "seeds", "label_fractions", "splits")}
        lists |= {f"more_seeds.{name}": [*self.seeds, *seeds] for name, seeds in self.more_seeds.items()}
        for name, values in lists.items():
            if twice := sorted({value for value in values if values.count(value) > 1}):
                raise ValueError(f"`{name}` names {twice[0]} twice")
        if self.splits and self.label_fractions:
            raise ValueError("give `splits` or `label_fractions`: a share is drawn from the experiment's own split")
        for key in ("more_seeds", "variants", "networks"):
            if unknown := [name for name in getattr(self, key) if name not in self.methods]:
                close = nearest(unknown[0], self.methods)
                raise ValueError(f"`{key}` speaks of {unknown[0]}, which is not in `methods`{close}")
        return self

    @property
    def blocks(self) -> list["Block"]:
        """One table each: the experiments, each under each label fraction or split."""
        parts: list[dict] = [{"share": share} for share in self.label_fractions]
        parts += [{"split": split} for split in self.splits]
        return [Block(name, **part) for name in self.experiments for part in parts or [{}]]

    @property
    def draws_labels(self) -> bool:
        """Whether its blocks differ in the number of labelled images, as far as a plan can say."""
        return bool(self.label_fractions) or len(self.splits) > 1

    def curve_of(self, block: "Block") -> str | None:
        """The panel of score against labels that a block belongs to; splits that differ in their final number alone share one."""
        if not self.draws_labels:
            return None
        if block.split is None:
            return block.experiment
        families = {name.rstrip("0123456789").rstrip("_-") for name in self.splits}
        own = block.split.rstrip("0123456789").rstrip("_-")
        return f"{block.experiment}, {own}" if len(families) > 1 else block.experiment

    def seeds_of(self, method: str) -> list[int]:
        """Seeds of one method."""
        return [*self.seeds, *self.more_seeds.get(method, [])]

    def network_of(self, *methods: str | None) -> str | None:
        """The network file of the first of these methods that has one of its own here."""
        return next((self.networks[method] for method in methods if method in self.networks), None)

    def method_of(self, method: str) -> tuple[str, dict]:
        """The file of config/methods that a row is made from, and the keys that it sets anew."""
        variant = self.variants.get(method)
        return (method, {}) if variant is None else (variant.of, dict(variant.model_extra or {}))


@dataclass(frozen=True)
class Block:
    """An experiment under one label fraction or on one split of the study (None: its own)."""

    experiment: str
    share: float | None = None
    split: str | None = None

    @property
    def name(self) -> str:
        """The block's name, as it is a part of the names of its runs."""
        if self.split is not None:
            return f"{self.experiment}-{self.split}"
        return self.experiment if self.share is None else with_share(self.experiment, self.share)


def read_study(config: "Config", name: str) -> tuple[Study, dict]:
    """A study and the method keys that it sets for all its methods; UserError names the file, the value, the nearest name."""
    path = config.path("studies", name)
    values = config.read(path)
    shared = {key: value for key, value in values.items() if key in SHARED}
    own = {key: value for key, value in values.items() if key not in shared}
    study = validate(Study, own, path, [*Study.model_fields, *SHARED])
    methods = config.names("methods")
    of = {method: study.method_of(method)[0] for method in study.methods}
    wanted = {
        "experiments": (study.experiments, config.names("experiments")),
        "methods": (of.values(), methods),
        "networks": (study.networks.values(), config.names("networks")),
    }
    for kind, (given, there) in wanted.items():
        for unknown in [one for one in given if one not in there]:
            raise UserError(
                f"`{unknown}` in {path} is none of the {kind}{nearest(unknown, there)} (there are: {', '.join(there)})"
            )
    if taken := [one for one in study.variants if one in methods or "." in one]:
        raise UserError(f"`variants.{taken[0]}` in {path} is the name of a method, or has a dot: choose another")
    if name in config.names("experiments"):
        raise UserError(f"{path} is called like the experiment {name}, and both would write results/{name}: rename one")
    return study, shared


def experiment_of(config: "Config", name: str) -> tuple["Experiment", dict]:
    """The experiment `{study}.{experiment}[-5pct|-SPLIT]`: that of the file with what the study says of it, and shared keys."""
    study_name, _, cell = name.partition(".")
    study, shared = config.study(study_name)
    blocks = {block.name: block for block in study.blocks}
    if cell not in blocks:
        names = list(blocks)
        raise UserError(
            f"`{cell}` is no experiment of the study {study_name}{nearest(cell, names)} (there are: {', '.join(names)}); "
            "its runs are called STUDY.EXPERIMENT.METHOD.s1"
        )
    block = blocks[cell]
    experiment, changes = config.experiment(block.experiment)
    split = block.split or experiment.split
    split = split if block.share is None else with_share(split, block.share)
    changes = {key: value for key, value in changes.items() if key in SHARED} | shared
    return experiment.model_copy(update={"split": split, "method": "", "controls": []}), changes
