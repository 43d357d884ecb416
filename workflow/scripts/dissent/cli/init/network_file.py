"""The network of a first experiment: a shipped file, or a copy of one with a file of weights and its digest."""

import argparse
from pathlib import Path
from typing import NamedTuple

from dissent.cli.init.first_experiment import NETWORK
from dissent.cli.init.yaml_text import text_of
from dissent.config.base import read_yaml, validate
from dissent.config.dataset import Dataset
from dissent.config.network import Network
from dissent.config.resolve import Config
from dissent.core.files import UserError, sha256


class Chosen(NamedTuple):
    """What the first experiment trains."""

    name: str
    """of its file"""
    text: str
    """of a file of one's own; "" where the shipped one will do"""
    network: Network

    def check(self, dataset: Dataset) -> None:
        """UserError where images of this size do not fit."""
        if fault := self.network.misfit(*dataset.size):
            raise UserError(f"{fault}; say `--size H W`")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`--network` and `--weights`."""
    group = parser.add_argument_group("what is trained")
    group.add_argument("--network", metavar="NAME", help=f"a file of config/networks (default: {NETWORK})")
    group.add_argument(
        "--weights", type=Path, metavar="FILE", help="weights of its encoder: its digest is written beside its path"
    )


def chosen(args: argparse.Namespace, config: Config, own: str) -> Chosen:
    """What `--network`, `--weights` and `--steps` say. `own`: the name for a file of one's own.

    UserError where there is no such network or file, or the network takes none.
    """
    name = args.network or NETWORK
    path = config.path("networks", name)
    values = read_yaml(path)
    if args.weights is None and args.steps is None:
        return Chosen(name, "", validate(Network, values, path))
    told = []
    if args.steps is not None:
        values = {key: value for key, value in values.items() if key not in ("epochs", "least_steps")}
        values |= {"steps": args.steps}
        told.append(f"with {args.steps} steps")
    if args.weights is not None:
        values |= _weights(args.weights, name, values["architecture"])
        told.append("with weights from a file. `dissent init` wrote the digest that the file must have")
    comment = f"As {name}, {' and '.join(told)}."
    return Chosen(own, text_of(values, comment), validate(Network, values, path))


def _weights(path: Path, name: str, architecture: str) -> dict[str, str]:
    """Keys for a file of weights."""
    if not path.is_file():
        raise UserError(f"`--weights {path}` is no file; give a safetensors or state-dict file of an encoder")
    if architecture in ("unet1x1", "evalnet"):
        raise UserError(
            f"`--weights {path}` is for an encoder, and {name} has none; say `--network` too, for example "
            "resnet50_deeplabv3plus"
        )
    return {"weights": path.as_posix(), "weights_sha256": sha256(path)}
