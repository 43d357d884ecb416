"""Small trained generations for the tests of the command line, and how it is called."""

from pathlib import Path

import torch
from PIL import Image

from dissent import networks
from dissent.cli import main
from dissent.config.network import Network
from dissent.config.task import TaskSettings
from dissent.core.files import read_table, write_json
from dissent.steps.rank_students import rank_students

TASKS = {
    "binary": {"kind": "binary", "labels": ["thing"]},
    "multiclass": {"kind": "multiclass", "labels": ["sky", "road", "car"]},
    "multilabel": {"kind": "multilabel", "labels": ["alive", "a/b", "dead"]},
}
SPEC = Network(architecture="unet1x1", width=0.25, steps=1, batch_size=4).model_dump(mode="json", exclude={"resources"})
GENERATION = Path("results/toy/gen1")


def dissent(*arguments: object) -> int:
    """The exit code of one command."""
    return main([str(argument) for argument in arguments])


def generation(
    kind: str = "binary", students: int = 2, teachers: int = 2, channels: int = 3, size=(16, 24), **given
) -> Path:
    """A generation of untrained students in the working directory; `given`: keys of model.json's `input`."""
    task = TaskSettings(**TASKS[kind]).model_dump(mode="json")
    known = {"dataset": "toy", "geometry": {"name": "whole"}, "bit_depth": 8, "exif": "auto", "protocol": None} | given
    files = []
    for number in range(1, students + 1):
        torch.manual_seed(0)
        network = networks.build(SPEC, len(task["labels"]), channels)
        torch.manual_seed(number)
        with torch.no_grad():  # students that agree on much, not on all
            for parameter in network.parameters():
                parameter += 0.02 * torch.randn_like(parameter)
        folder = GENERATION / "students" / str(number)
        about = {"task": task, "size": list(size), "input": known}
        networks.save(network, folder, SPEC, len(task["labels"]), channels, about)
        write_json(folder / "metrics.json", {"val": {"iou": {"value": number / 10}}})
        files.append(folder / "model.safetensors")
    rank_students(files, teachers, "iou", str(GENERATION / "teachers.json"))
    return GENERATION


def rows_of(out: Path = Path("out")) -> dict[str, dict]:
    """predictions.csv by image."""
    return {row["image"]: row for row in read_table(out / "predictions.csv")}


def pixels_of(path: Path):
    """A mask as stored."""
    import numpy as np

    with Image.open(path) as image:
        return np.array(image)


def predict(*more, folder="photos", out="out", where=GENERATION):
    return dissent("predict", where, folder, out, "--device", "cpu", "--threads", 1, *more)
