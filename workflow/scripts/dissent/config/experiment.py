"""An experiment: a file of config/experiments, without the method keys that it may set anew."""

from typing import Annotated

from pydantic import Field

from dissent.config.base import Model
from dissent.config.external_teacher import ExternalTeacher


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
    evalnet: str = "evalnet"
    """name of a file in config/networks for the EvalNets of methods that rate masks"""
    methods: dict[str, dict] = {}
    """keys of other methods on this data set, e.g. {model_ensemble: {pseudo_label: unanimous}}: for whichever is run beside it or in a study"""
    external_teachers: list[ExternalTeacher] = []
    """predictions of other tools, each one more teacher in every generation (docs/how-to/external_teachers.md)"""
    shards: Annotated[int, Field(ge=1, le=9999)] = 1
    """parts in which the unlabelled images are labelled, each a job of its own (docs/how-to/cluster.md); results do not depend on it"""
