"""Published numbers (workflow/resources/published.yaml), and in what a run of ours is unlike theirs. No torch."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import yaml
from pydantic import Field

from dissent.config.base import Model
from dissent.config.method import Method
from dissent.core.places import SHIPPED

if TYPE_CHECKING:
    from dissent.config.network import Network
    from dissent.config.resolve import Config, Run

_FILE = SHIPPED / "workflow" / "resources" / "published.yaml"
_alone: dict[Path, "Config"] = {}
_NUMBER = Annotated[str, Field(pattern=r"^[<~]?\d+(\.\d+)?$")]


class Scores(Model):
    """What is published of one data set."""

    like: list[str] = []
    """data sets of ours with the same images, prepared otherwise: shown beside them, and marked"""
    experiment: str
    """the shipped file of config/experiments that is as published, or STUDY.EXPERIMENT"""
    apart: dict[str, str] = {}
    """method: in what our file of it is another than the published one, on this data set"""
    everywhere: str | None = None
    """in what all of our runs on this data set are other than the published ones"""
    score: str
    """name of the score in our metrics.json"""
    labels: list[str] = []
    """the labels of which the score's mean is meant; all where none is named"""
    subset: Literal["val", "test"] = "test"
    """the images that are scored"""
    scale: Literal[1, 100] = 100
    """what our score is multiplied by to be told as theirs"""
    better: Literal["higher", "lower"] = "higher"
    values: dict[str, _NUMBER | list[_NUMBER]] = {}
    """method: a value, or one a generation from gen1 on"""
    splits: dict[str, dict[str, _NUMBER]] = {}
    """split: method: value, where what is published depends on it; `experiment` may hold `{split}`"""

    def of(self, split: str) -> Mapping[str, str | list[str]]:
        """The values on one split, by method."""
        return self.splits.get(split, {}) if self.splits else self.values


class Published(Model):
    """One published table."""

    name: str
    source: str
    remark: str
    apart: dict[str, str] = {}
    """the same on all data sets"""
    data_sets: dict[str, Scores]


@cache
def published() -> list[Published]:
    """Every table of the file."""
    return [Published.model_validate(one) for one in yaml.safe_load(_FILE.read_text("utf-8"))]


def beside(config: "Config", runs: dict[str, "Run"]) -> list[dict]:
    """The published tables about the data set of `runs` ({method: a run of it}), as plain values for a study's table.

    Each: name, source, remark, score, scale, better, and `rows`, {method: {value, unlike}}, where `unlike` lists in
    words what is not as published.
    """
    found = []
    first = next(iter(runs.values()))
    for table in published():
        for data_set, scores in table.data_sets.items():
            if first.dataset_name not in (data_set, *scores.like):
                continue
            values = scores.of(first.split)
            rows = {
                method: {
                    "value": _at(values[_of(config, run)], run),
                    "unlike": _unlike(config, run, table, scores),
                }
                for method, run in runs.items()
                if _of(config, run) in values
            }
            about = table.model_dump(include={"name", "source", "remark"})
            found.append(
                about | scores.model_dump(include={"score", "scale", "better", "labels", "subset"}) | {"rows": rows}
            )
    return [table for table in found if table["rows"]]


def _of(config: "Config", run: "Run") -> str:
    """The file of config/methods behind a row of a study."""
    return config.study(run.study)[0].method_of(run.method_name)[0] if run.study else run.method_name


def _at(value: str | list[str], run: "Run") -> str:
    """The value after as many generations as the run has; of more than are published, the last."""
    return value if isinstance(value, str) else value[min(max(run.method.last, 1), len(value)) - 1]


def _unlike(config: "Config", run: "Run", table: Published, scores: Scores) -> list[str]:
    """What differs from the same method in the shipped experiment, and in what that is not as published."""
    theirs = _shipped(config).run(f"{scores.experiment.format(split=run.split)}.{_of(config, run)}")
    words = []
    if run.dataset.model_copy(update={"splits": {}}) != theirs.dataset.model_copy(update={"splits": {}}):
        words.append(f"data set {run.dataset_name}")
    if run.dataset.splits[run.split] != theirs.dataset.splits[theirs.split]:
        words.append(f"split {run.split}")
    for what, ours, other in (("network", run.network, theirs.network), ("EvalNets", run.evalnet, theirs.evalnet)):
        if _learned(ours) != _learned(other):
            words.append(f"{what} {run.network_name}" if what == "network" else f"other {what}")
    keys = [key for key in Method.model_fields if getattr(run.method, key) != getattr(theirs.method, key)]
    if run.method.patience is not None:  # what is compared is the generation that was kept
        keys = list(dict.fromkeys(["generations", *keys]))
    if run.external_teachers:
        words.append("external teachers")
    if keys:
        words.append(f"other {', '.join(keys)}")
    elif run.start != theirs.start:
        words.append(f"other keys of {run.method.start}")
    words += [of[method] for of in (table.apart, scores.apart) if (method := _of(config, run)) in of]
    return words + ([scores.everywhere] if scores.everywhere else [])


def _shipped(config: "Config") -> "Config":
    """The repository's own files alone, which come last."""
    if len(config.folders) == 1:
        return config
    folder = config.folders[-1]
    if folder not in _alone:
        _alone[folder] = type(config)(folder)
    return _alone[folder]


def _learned(network: "Network | None") -> dict | None:
    """All of a network file but what it asks of the machine."""
    return None if network is None else network.model_dump(exclude={"resources"})
