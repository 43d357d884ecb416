"""Drafts of the finished run of tests go out to out/, and come back."""

from pathlib import Path

from cli_data import dissent

from dissent.config.base import read_yaml, validate
from dissent.config.dataset import Dataset
from dissent.config.task import TaskSettings

OWN = Path("data/raw/tiny.masks")


def drafts(form: str, *more: object) -> int:
    return dissent(
        "drafts", "tiny", "out", "--format", form, "--device", "cpu", "--threads", 1, "--config-dir", "own", *more
    )


def bring(*more: object, folder: str = "out", into: str = "tiny") -> int:
    return dissent("import", folder, "--into", into, "--config-dir", "own", *more)


def task() -> TaskSettings:
    return validate(Dataset, read_yaml("own/datasets/tiny.yaml"), "tiny").task
