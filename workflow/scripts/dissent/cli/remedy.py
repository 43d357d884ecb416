"""The command that makes a file again."""

import re
import shlex
from pathlib import Path

_NAME = "[A-Za-z0-9_][A-Za-z0-9_.-]*"
# what a rule writes in one go -> a file that names this rule to Snakemake
_TARGETS = [
    (rf"(data/{_NAME})/splits/({_NAME})/.*", r"\1/splits/\2/labelled.csv"),
    (rf"(data/raw/{_NAME})/.*", r"\1/fetched.json"),
    (rf"(data/{_NAME})/.*", r"\1/dataset.json"),
    (rf"(results/{_NAME}/gen\d+)/predictions(/.*|\.csv)", r"\1/predictions.csv"),
    (rf"(results/{_NAME}/gen\d+)/masks(/.*|\.csv)", r"\1/masks.csv"),
    (rf"(results/{_NAME}/gen\d+)/pairs/.*", r"\1/pairs"),
    (rf"(results/{_NAME}/gen\d+/students/\d+)/.*", r"\1/model.safetensors"),
    (rf"(results/{_NAME}/gen\d+)/(metrics\.json|counts\.csv)", r"\1/metrics.json"),
    (rf"(results/{_NAME}/gen\d+)/costs/evaluate\.json", r"\1/metrics.json"),
    (rf"(results/{_NAME}/gen\d+)/costs/build_masks\.json", r"\1/masks.csv"),
    (rf"(results/{_NAME}/gen\d+)/costs/predict\.json", r"\1/predictions.csv"),
    (rf"(results/{_NAME}/(gen\d+/[\w.]+|report\.html))", r"\1"),
]


def target(path: str | Path) -> str:
    """The Snakemake target whose rule writes `path` ("" if none does), which is relative to the working directory."""
    plain = Path(path).as_posix()
    for pattern, replacement in _TARGETS:
        match = re.fullmatch(pattern, plain)
        if match:
            return match.expand(replacement)
    return ""


def command(targets: list[str]) -> str:
    """What makes these targets again, whatever their dates say."""
    return f"snakemake --cores 2 --force {' '.join(shlex.quote(one) for one in targets)}"


def again(path: str | Path) -> str:
    """The end of an error message: how to have `path` made again, or made at all."""
    found = target(path)
    return f"make it again with: {command([found])}" if found else "copy it again from where it came"
