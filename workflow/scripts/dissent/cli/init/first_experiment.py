"""The file of the first experiment on a new data set, and how large that is."""

import argparse
from collections.abc import Mapping
from typing import Any, NamedTuple

from dissent.cli.init.yaml_text import text_of
from dissent.config.task import TaskSettings
from dissent.core.files import MOST_BY_LABEL

SPLIT = "first"
NETWORK = "unet1x1_first"
GENERATIONS, STUDENTS = 2, 5  # with five students one seed gives a verdict (docs/explanation/statistics.md)
FEW = 150
"""labelled images up to which four teachers were measured, with one label (docs/results/few_labels.md)"""
_FEW_TEACHERS = 4  # as config/methods/im_few.yaml has them
_ABOUT = {
    "dataset": "a file of datasets/",
    "split": "a split of that file",
    "network": "a file of networks/: what is trained, and for how many steps",
    "method": "a file of methods/; README.md lists them",
    "generations": "turns in which teachers label and students learn from that; auto: until validation finds no more gain",
    "students": "networks a generation; the best {teachers} become the teachers of the next",
    "augmentation": "how images vary in training: none, weak, strong",
    "inconsistency": "a pixel in doubt about one label still teaches the others, as labels may overlap",
    "controls": "the same without pseudo-labels, for comparison: with as many steps{copies}",
}


class Extent(NamedTuple):
    """How large an experiment is."""

    generations: int = GENERATIONS
    students: int = STUDENTS
    method: str = "im_clean"
    controls: tuple[str, ...] = ("ldt_equal_steps", "aldt")


USUAL = Extent()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments about how much is trained."""
    group = parser.add_argument_group("how much is trained")
    group.add_argument("--generations", type=_count, metavar="N", help=f"default: {GENERATIONS}")
    group.add_argument(
        "--students",
        type=_count,
        metavar="N",
        help=f"networks a generation (default: {STUDENTS}; one seed gives no verdict with fewer)",
    )
    group.add_argument("--steps", type=_count, metavar="N", help="steps of each training; default: the network's")
    group.add_argument(
        "--quick",
        action="store_true",
        help="write a smaller experiment NAME_quick too: a first result in about 5 minutes on two cores",
    )


def _count(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 10**7:
        raise argparse.ArgumentTypeError(f"{text} is no number above 0")
    return int(text)


def extent_of(
    task: TaskSettings, subsets: Mapping[str, int], generations: int | None = None, students: int | None = None
) -> Extent:
    """What a person says, and else what was measured: with few labels, that do not overlap, four teachers.

    `subsets`: images of each.
    """
    students = students or STUDENTS
    few = subsets["labelled"] <= FEW and not task.overlapping and students >= _FEW_TEACHERS
    return Extent(generations or GENERATIONS, students, "im_few" if few else "im_clean")


def experiment_text(
    name: str,
    task: TaskSettings,
    network: str = NETWORK,
    extent: Extent = USUAL,
    split: str = SPLIT,
    comment: str = "",
) -> str:
    """The file of an experiment on data set `name`, each line explained."""
    values: dict[str, Any] = {
        "dataset": name,
        "split": split,
        "network": network,
        "method": extent.method,
        "generations": extent.generations,
        "students": extent.students,
        "augmentation": "strong",
    }
    if task.overlapping and len(task.labels) <= MOST_BY_LABEL:
        values["inconsistency"] = {"target": "ignore_label"}
    comment = comment or "A first experiment; `dissent check` says how long it will take."
    teachers = "four" if extent.method == "im_few" else "two"
    copies = (
        ", and with noise copies of the labelled images" if "aldt" in extent.controls else "; a verdict needs aldt, too"
    )
    about = {key: words.format(teachers=teachers, copies=copies) for key, words in _ABOUT.items()}
    return text_of(values | {"controls": list(extent.controls)}, comment, about)
