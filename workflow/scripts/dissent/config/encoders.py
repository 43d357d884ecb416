"""Which encoders there are, from encoders.csv, which networks/list_encoders.py makes. No torch, no timm."""

import csv
import difflib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

COLUMNS = ["name", "form", "multiple", "resized", "dilated", "blocks", "channels", "gflop", "mb", "weights", "tags"]
_TABLE = Path(__file__).with_name("encoders.csv")


@dataclass(frozen=True)
class Encoder:
    """One line of the table."""

    name: str
    patches: bool
    """a ViT: all its features have the channels and the grid of its patches; it goes with `dpt` alone"""
    multiple: int
    """of what both sides of an image must be multiples: the patch of a ViT; 1: any size will do"""
    resized: bool
    """it is built with timm's `dynamic_img_size`, or it would take images of one size alone"""
    dilated: bool
    """its last features can be of output stride 16 or 8"""
    blocks: int
    """of the last stage of a ResNet, each of which may have a dilation of its own; 0: it is no ResNet"""
    channels: tuple[int, ...]
    """of its features from fine to coarse, the image first (not of a ViT)"""
    gflop: float
    """of a forward pass of an image of 256x256"""
    mb: float
    """of what the backward pass needs of it"""
    weights: float
    """millions"""
    tags: tuple[str, ...]
    """weights that the hub has of it; the first is what a name without a tag gets"""


@cache
def table() -> dict[str, Encoder]:
    """All encoders by name, without tags."""
    with open(_TABLE, newline="", encoding="utf-8") as stream:
        return {row["name"]: _read(row) for row in csv.DictReader(stream)}


def _read(row: dict[str, str]) -> Encoder:
    return Encoder(
        name=row["name"],
        patches=row["form"] == "patches",
        multiple=int(row["multiple"]),
        resized=bool(row["resized"]),
        dilated=bool(row["dilated"]),
        blocks=int(row["blocks"] or 0),
        channels=tuple(map(int, row["channels"].split())),
        gflop=float(row["gflop"]),
        mb=float(row["mb"]),
        weights=float(row["weights"]),
        tags=tuple(row["tags"].split()),
    )


def without_imagenet(encoder: Encoder) -> str:
    """Why the hub has nothing for `weights: imagenet`, and what to say instead; or ""."""
    if encoder.tags and (encoder.name.startswith("tu-") or "imagenet" in encoder.tags):
        return ""
    return f"`weights: imagenet`: the hub has none of {encoder.name}; give a path, or `none`{_timm_has(encoder.name, ', or ')}"


def _timm_has(name: str, so: str) -> str:
    """timm's encoder of a name, with its weights, as words behind `so`; "" where it has none."""
    twin = table().get(f"tu-{name}")
    return f"{so}timm's: `encoder: {twin.name}.{twin.tags[0]}`" if twin and twin.tags else ""


def find(name: str) -> Encoder:
    """The encoder of a name, of which a `tu-` one may have a tag; ValueError with the nearest names."""
    bare, _, tag = name.partition(".")
    known = table()
    if bare not in known:
        near = difflib.get_close_matches(bare, known, 3, 0.5)
        wanted = bare.replace("timm-", "tu-") if bare.startswith("timm-") else f"tu-{bare}"
        near = list(dict.fromkeys([*([wanted] if wanted in known else []), *near]))[:3]
        raise ValueError(
            f"`encoder: {name}` is not known{' (did you mean ' + ', '.join(near) + '?)' if near else ''}; config/encoders.csv "
            "of the library lists all: segmentation_models_pytorch's, and timm's with `tu-` before the name, as far as they "
            "take images of several sizes"
        )
    if tag and not bare.startswith("tu-"):
        raise ValueError(
            f"`encoder: {name}`: a tag goes with timm's names alone; say `{bare}`{_timm_has(bare, ', or ')}"
        )
    if tag and tag not in known[bare].tags:
        tags = known[bare].tags
        near = difflib.get_close_matches(tag, tags, 3, 0.3) or list(tags[:5])
        raise ValueError(f"`encoder: {name}`: {bare} has no weights `{tag}`, but {', '.join(near) if near else 'none'}")
    return known[bare]
