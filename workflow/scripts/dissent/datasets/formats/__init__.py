"""Formats of annotation tools: each is one file, which reads what the tool writes and, where a draft may go out, writes it.

A new one is a file here with a FORMAT, and its line in FORMATS. No torch; nothing that Snakemake plans imports it.
"""

from pathlib import Path

from dissent.core.files import UserError
from dissent.datasets.formats import cellpose, coco, cvat, label_studio, labelme, nnunet, plain_png, yolo
from dissent.datasets.formats.base import (
    Annotations,
    Ask,
    Draft,
    Format,
    Layer,
    Marks,
    compose,
    is_background,
    is_vague,
    planes_of,
)

FORMATS: dict[str, Format] = {
    "cvat": cvat.FORMAT,
    "label-studio": label_studio.FORMAT,
    "coco": coco.FORMAT,
    "labelme": labelme.FORMAT,
    "yolo": yolo.FORMAT,
    "nnunet": nnunet.FORMAT,
    "cellpose": cellpose.FORMAT,
    "png": plain_png.FORMAT,
}
"""by name; the last is asked where no other knows a folder"""
LAYOUTS = [name for name, one in FORMATS.items() if one.layout]
"""those that `dissent init` looks for"""
DRAFTS = [name for name, one in FORMATS.items() if one.write is not None]
"""those in which drafts go out"""


def recognised(where: Path, names: list[str], flag: str) -> str | None:
    """The format of a folder or file; None where it is none of them. UserError asks, with `flag`, where it may be several."""
    found = [name for name in names if name != "png" and FORMATS[name].recognise(where)]
    if not found and "png" in names and FORMATS["png"].recognise(where):
        found = ["png"]
    if len(found) > 1:
        told = "; ".join(f"`{flag} {name}`: {FORMATS[name].about}" for name in found)
        raise UserError(f"{where} holds annotations of {len(found)} kinds: say which counts. {told}")
    return found[0] if found else None


__all__ = [
    "DRAFTS",
    "FORMATS",
    "LAYOUTS",
    "Annotations",
    "Ask",
    "Draft",
    "Format",
    "Layer",
    "Marks",
    "compose",
    "is_background",
    "is_vague",
    "planes_of",
    "recognised",
]
