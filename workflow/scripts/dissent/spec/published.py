"""Published numbers (workflow/resources/published.yaml), and in what a run of ours is unlike theirs. No torch."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import yaml
from pydantic import Field

from dissent.spec.base import Model
from dissent.spec.recipe import Recipe

if TYPE_CHECKING:
    from dissent.spec.run import Config, Run

_FILE = Path(__file__).parents[3] / "resources" / "published.yaml"
_NUMBER = Annotated[str, Field(pattern=r"^[<~]?\d+(\.\d+)?$")]


class Scores(Model):
    """What is published of one data set."""

    like: list[str] = []
    """data sets of ours with the same images, prepared otherwise: shown beside them, and marked"""
    networks: list[str]
    """files of config/networks that are as published"""
    score: str
    """name of the score in our metrics.json"""
    scale: Literal[1, 100] = 100
    """what our score is multiplied by to be told as theirs"""
    better: Literal["higher", "lower"] = "higher"
    values: dict[str, _NUMBER | list[_NUMBER]]
    """method: a value, or one a generation from gen1 on"""


class Published(Model):
    """One published table."""

    name: str
    source: str
    remark: str
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
            rows = {
                method: {
                    "value": _at(scores.values[_of(config, run)], run),
                    "unlike": _unlike(config, run, data_set, scores),
                }
                for method, run in runs.items()
                if _of(config, run) in scores.values
            }
            about = table.model_dump(include={"name", "source", "remark"})
            found.append(about | scores.model_dump(include={"score", "scale", "better"}) | {"rows": rows})
    return [table for table in found if table["rows"]]


def _of(config: "Config", run: "Run") -> str:
    """The file of config/methods behind a row of a study."""
    return config.study(run.study)[0].recipe_of(run.method)[0] if run.study else run.method


def _at(value: str | list[str], run: "Run") -> str:
    """The value after as many generations as the run has; of more than are published, the last."""
    return value if isinstance(value, str) else value[min(max(run.recipe.generations, 1), len(value)) - 1]


def _unlike(config: "Config", run: "Run", data_set: str, scores: Scores) -> list[str]:
    words = []
    if run.dataset_name != data_set or run.dataset.protocol != "published":
        words.append(f"data set {run.dataset_name}")
    if run.split != "published":
        words.append(f"split {run.split}")
    if run.network_name not in scores.networks:
        words.append(f"network {run.network_name}")
    shipped = config.recipe(_of(config, run))
    if keys := [key for key in Recipe.model_fields if getattr(run.recipe, key) != getattr(shipped, key)]:
        words.append(f"other {', '.join(keys)}")
    return words
