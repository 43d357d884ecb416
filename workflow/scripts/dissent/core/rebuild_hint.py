"""The command that makes a file, or makes it again: by names, and by what lies there."""

import json
import re
import shlex
from pathlib import Path

from dissent.core.places import MADE

_NAME = "[A-Za-z0-9_][A-Za-z0-9_.-]*"
_GEN = rf"results/{_NAME}/gen\d+"
# what a rule writes in one go -> a file that names this rule to Snakemake
_TARGETS = [
    (rf"(data/{_NAME})/splits/({_NAME})(/.*)?", r"\1/splits/\2/labelled.csv"),
    (rf"(data/raw/{_NAME})/.*", r"\1/fetched.json"),
    (rf"(data/{_NAME})/.*", r"\1/dataset.json"),
    (rf"({_GEN})/(predictions|masks)/(shard\d+)([/.].*)?", r"\1/\2/\3.csv"),
    (rf"({_GEN})/costs/predict/(shard\d+)\.json", r"\1/predictions/\2.csv"),
    (rf"({_GEN})/costs/build_masks/(shard\d+)\.json", r"\1/masks/\2.csv"),
    (rf"({_GEN})/(predictions|masks)(/.*|\.csv|\.json)?", r"\1/\2.csv"),
    (rf"({_GEN})/(pairs|scores)\.(csv|json)", r"\1/\2.csv"),
    (rf"({_GEN})/pairs(/.*)?", r"\1/pairs"),
    (rf"({_GEN}/students/\d+)(/.*)?", r"\1/model.safetensors"),
    (rf"(results/{_NAME}/evalnets/\d+)(/.*)?", r"\1/model.safetensors"),
    (rf"(results/{_NAME}/evalnets/(evalnets|thresholds)\.json)", r"\1"),
    (rf"(results/{_NAME}/external/[\w-]+)([/.].*)?", r"\1.csv"),
    (rf"({_GEN})/(metrics\.json|counts\.csv)", r"\1/metrics.json"),
    (rf"({_GEN})/costs/evaluate\.json", r"\1/metrics.json"),
    (rf"({_GEN})/costs/build_masks\.json", r"\1/masks.csv"),
    (rf"({_GEN})/costs/predict\.json", r"\1/predictions.csv"),
    (rf"({_GEN})/costs/score_pairs\.json", r"\1/scores.csv"),
    (rf"({_GEN})/?", r"\1/metrics.json"),
    (rf"(results/studies/{_NAME}/table)\.\w+", r"\1.html"),
    (rf"(results/studies/{_NAME}/labels)\.\w+", r"\1.svg"),
    (rf"(results/{_NAME}/browse)(/.*|\.html)", r"\1.html"),
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


class _Settings:
    """The folder of settings that this process works with, which a command must name where it is the user's."""

    folder: str | Path = "config"


def use_settings(folder: str | Path) -> None:
    """Have every command that is told from now on name this folder of settings, unless it is that of the project."""
    _Settings.folder = folder


def option(folder: str | Path) -> str:
    """What a command line needs for a folder of settings."""
    plain = Path(folder).as_posix()
    return f" --config {shlex.quote(f'config_dir={plain}')}" if plain != "config" else ""


def command(targets: list[str]) -> str:
    """What makes these targets again, whatever their dates say."""
    return f"snakemake --cores 2 --force {_quoted(targets)}"


def first(targets: list[str]) -> str:
    """What makes these targets where they were never made."""
    return f"snakemake --cores 2 {_quoted(targets)}"


def again(path: str | Path) -> str:
    """The end of an error message: how to have `path` made again, or, where nothing of its job is there, made at all."""
    found = target(path)
    if not found:
        return "copy it again from where it came"
    if raw := lost_raw(found):
        return f"copy it again, or {put_back(raw)}, and make it again with: {command([found])}"
    if Path(path).exists() or Path(found).exists():
        return f"make it again with: {command([found])}"
    return f"make it with: {first([found])}"


def put_back(raw: str) -> str:
    """What is to be done before data are prepared again whose raw files are gone."""
    return f"put the raw files back into {raw}, from where they are gone"


def lost_raw(found: str) -> str:
    """The folder from which the raw files of prepared data are gone, by what `prepare` noted; "" of all other targets."""
    if not (match := re.fullmatch(rf"(data/{_NAME})/dataset\.json", found)):
        return ""
    try:
        noted = json.loads(Path(match[1], MADE).read_bytes())
        raw, folders = noted["raw"], [part["images"] for part in noted["dataset"]["parts"]]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return "" if any(Path(raw, folder).is_dir() for folder in folders) else raw


def _quoted(targets: list[str]) -> str:
    return " ".join(shlex.quote(one) for one in targets) + option(_Settings.folder)
