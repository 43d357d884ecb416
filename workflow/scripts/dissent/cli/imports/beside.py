"""A folder of drafts: what went out lies there, and what tools exported beside it. A correction counts, or it is told."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from dissent.cli.imports.take import drawn
from dissent.config.dataset import Dataset
from dissent.core.files import read_table
from dissent.core.words import some
from dissent.datasets.annotated import Choices, digest_of, mask_of
from dissent.datasets.convert import BadFiles
from dissent.datasets.formats import FORMATS, Annotations, Marks
from dissent.datasets.formats.files import PICTURES, SENT, is_image, left_out, of_drafts
from dissent.datasets.items import Item
from dissent.datasets.listing import walk
from dissent.datasets.naming import tails
from dissent.datasets.own_masks import OwnMasks, key_of

_OURS = ["doubt", "drafts.csv", "drafts.json", "next.csv", "next.json", "labels.txt", "labels.xml"]
"""what `dissent drafts` and `dissent next` write beside drafts"""


def not_marks(where: Path) -> list[str]:
    """Patterns of our files in a folder of drafts that are no annotations; [] elsewhere."""
    return _OURS if of_drafts(where) else []


def of_images(folder: Path, found: Annotations) -> Annotations:
    """What is found in a folder of drafts, or in a file or folder of it: its table says by which path each image is meant."""
    places = [one for one in (folder, *folder.resolve().parents[:2]) if of_drafts(one)]
    called: dict[str, set[str]] = {}
    for row in read_table(places[0] / SENT, ("image", "source"), sealed=False) if places else []:
        image = Path(row["image"])
        for name in {row["image"], image.with_suffix("").as_posix(), image.name, image.stem}:
            called.setdefault(name, set()).add(row["source"])
    meant = {name: sources.pop() for name, sources in called.items() if len(sources) == 1}

    def image_of(name: str) -> str | None:
        place = (folder / name).resolve().parent
        if name not in meant and place.is_dir() and place.is_relative_to(folder.resolve()):  # a tool exported into it
            return meant.get(Path(name).name)
        # a tool may know the folder by a longer path
        return next((meant[tail] for tail in tails(name) if tail in meant and (tail == name or "/" in tail)), None)

    images = [image_of(one.image) for one in found.marks]
    marks = [
        one if image is None else replace(one, image=image, sent=True)
        for one, image in zip(found.marks, images, strict=True)
    ]
    return replace(found, marks=marks)


def corrected(
    given: Sequence[Marks], form: str, where: Path, item: Item, dataset: Dataset, own: OwnMasks, choices: Choices
) -> list[Marks]:
    """Of what several files mark in one image, what counts: a draft that is as it went out gives way, and of equal ones one is enough."""
    place, key = where / FORMATS[form].drafts, key_of(item.source)
    found: dict[str, Marks] = {}
    for about in given:
        try:
            sha = digest_of(mask_of(drawn(about, item, dataset, own), dataset.task, choices))
        except (BadFiles, ValueError):  # told when it is taken
            sha = about.where
        ours = any(path == place or place in path.parents for path in about.sources)
        if not (ours and sha in own.record["drafts"].get(key, [])):
            found.setdefault(sha, about)
    return list(found.values()) or [given[0]]


def unread(where: Path, form: str, found: Annotations, told: Sequence[str], leave_out: Sequence[str]) -> list[str]:
    """A note on files in a folder of drafts of which nothing was read, and that nothing else tells; [] elsewhere."""
    if not of_drafts(where):
        return []
    pictures = {row["image"] for row in read_table(where / SENT, ("image",), sealed=False)}
    used = {path for one in found.marks for path in one.sources}
    names = []
    for path in walk(where)[0]:
        name = path.relative_to(where).as_posix()
        ours = name in pictures or name == FORMATS[form].drafts or left_out(name, [*_OURS, *leave_out])
        beside = left_out(name, PICTURES) and not is_image(path)
        if not (ours or beside or used & {path, *path.parents} or any(path.name in line for line in told)):
            names.append(name)
    if not names:
        return []
    return [
        f"nothing is read of {len(names)} files in {where}: {some(names)}. If they are corrections, import them by themselves, "
        "a zip of another format unpacked"
    ]
