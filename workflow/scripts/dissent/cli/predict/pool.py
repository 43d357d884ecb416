"""Which networks label new images: the best of a generation, all its teachers, or one student's folder."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field
from torch import nn

from dissent import networks
from dissent.config.base import Model, validate
from dissent.config.dataset import Side
from dissent.config.geometry import Geometry, Tiles
from dissent.config.task import TaskSettings
from dissent.core.files import UserError, read_json, sha256
from dissent.core.rebuild_hint import again
from dissent.datasets.decode import MAX_PIXELS
from dissent.report.kept import to_use

log = logging.getLogger(__name__)


class Input(Model):
    """How an image came to the size of the network: what the data set says of it."""

    dataset: Annotated[str, Field(pattern="^[A-Za-z0-9_][A-Za-z0-9_-]*$")]
    """name of the data set"""
    geometry: Geometry
    bit_depth: Literal[8, 16]
    exif: Literal["auto", "both", "image", "none"]
    protocol: Literal["published"] | None
    levels: Annotated[list[Annotated[int, Field(ge=0, le=65535)]], Field(min_length=2, max_length=2)] | None = None
    """of 16-bit images: the grey levels that became 0 and 255; networks of older versions do not say them"""


class Knows(Model):
    """What model.json says of the images that a network takes and of the masks that it gives."""

    task: TaskSettings
    size: Annotated[list[Side], Field(min_length=2, max_length=2)]
    channels: Literal[1, 3]
    input: Input

    @property
    def shape(self) -> tuple[int, int]:
        """`size` as the shape (H, W) of an array."""
        height, width = self.size
        return height, width


@dataclass(frozen=True)
class Pool:
    """Networks that agree on what they take and give; `folders` and `digests` (of the weights) in the same order."""

    networks: list[nn.Module]
    folders: list[Path]
    digests: list[str]
    knows: Knows
    precision: str
    batch: int
    architecture: str
    """in words"""


def folders_of(where: Path, everyone: bool) -> list[tuple[Path, dict[str, str]]]:
    """Students' folders, best first, with {file: digest} where teachers.json names them; UserError says what is there."""
    if (where / "model.json").is_file():
        if everyone:
            raise UserError(
                f"{where} is one student; `--pool` wants the folder of a generation, e.g. results/isic/gen5"
            )
        if "stopped_at" in (about := read_json(where / "model.json")):
            raise UserError(f"{where} was not trained: the run {about['why']}; use {about['kept_folder']}")
        return [(where, {})]
    kept, why = to_use(where)
    if kept is not None:
        log.info("%s is taken: %s", kept, why)
        where = kept
    table = where / "teachers.json"
    if not table.is_file():
        raise UserError(_lacking(where))
    ranking = read_json(table)
    try:
        if ranking.get("stopped_at") is not None:
            where = where.with_name(f"gen{ranking['kept']}")
            log.warning("%s was not made: the run %s", table.parent, ranking["why"])
        rows = [(_trained(where, row), dict(row["sha256"]), row) for row in ranking["pool"]]
        marked = [(folder, files) for folder, files, row in rows if row["teacher"]]
    except (KeyError, TypeError):
        raise UserError(f"{table} is damaged; {again(table)}") from None
    every = [(folder, files) for folder, files, _ in rows]
    if not everyone:
        return every[:1]
    if len(every) < 2:
        raise UserError(f"{where} has {len(every)} student, and one cannot disagree; leave `--pool` out")
    return marked if len(marked) > 1 else every  # a method without generations marks nobody


def _trained(where: Path, row: dict) -> Path:
    """Folder of a student: below its generation, which may have been moved, or where another run trained it (planning/homes.py)."""
    if (where / "students").is_dir():
        return where / "students" / str(row["student"])
    return where.absolute().parents[2] / row["folder"]


def open_pool(where: Path, everyone: bool, tiles: bool, device: str) -> Pool:
    """Load the networks and verify their digests; UserError names what is damaged and how to make it again.

    `tiles`: windows of the networks' size shall slide over images, whatever their data set did.
    """
    folders = folders_of(where, everyone)
    for folder, files in folders:
        for name, expected in files.items():
            path = folder / name
            if not path.is_file():
                raise UserError(f"{path} does not exist, and {where / 'teachers.json'} names it; {again(path)}")
            if sha256(path) != expected:
                raise UserError(
                    f"{path} is not the file that {where / 'teachers.json'} names (its SHA-256 differs): it was changed "
                    f"or damaged since; {again(path)}"
                )
    loaded, known = [], []
    for folder, _ in folders:
        network, about = networks.load(folder)
        loaded.append(network.to(device))
        known.append((_knows(about, folder / "model.json"), about))
    knows, about = known[0]
    if any(other != knows for other, _ in known):
        raise UserError(
            f"the students of {where} differ in task, size, geometry or grey levels; {again(where / 'teachers.json')}"
        )
    if tiles:
        given = knows.input.model_copy(update={"geometry": Tiles(name="tiles")})
        knows = knows.model_copy(update={"input": given})
    digests, network = [one["sha256"] for _, one in known], about["network"]
    small = network["architecture"] == "unet1x1"  # it has no encoder of another library
    words = network["architecture"] if small else f"{network['architecture']}, encoder {network['encoder']}"
    return Pool(loaded, [f for f, _ in folders], digests, knows, network["precision"], network["batch_size"], words)


def _knows(about: dict, path: Path) -> Knows:
    knows = validate(Knows, {key: about[key] for key in Knows.model_fields if key in about}, path)
    if about["outputs"] != len(knows.task.labels):
        raise UserError(f"{path} has {about['outputs']} outputs for {len(knows.task.labels)} labels; {again(path)}")
    window = getattr(knows.input.geometry, "window", None)
    if window and window[0] * window[1] > MAX_PIXELS:
        raise UserError(
            f"{path} has a window of {window[0]} x {window[1]} pixels, more than an image may have; {again(path)}"
        )
    return knows


def _lacking(where: Path) -> str:
    if where.parent.name == "students":
        return f"{where} holds no trained network; {again(where / 'model.safetensors')}"
    if where.name.startswith("gen"):
        return f"{where} has no teachers.json: it is not trained yet; {again(where / 'teachers.json')}"
    return f"{where} is neither a run, a generation (with teachers.json) nor a student (with model.json)"
