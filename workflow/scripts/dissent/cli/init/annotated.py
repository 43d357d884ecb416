"""A folder of raw annotations (COCO, Labelme, YOLO, nnU-Net, Cellpose): converted once into masks of ours, as a task that they fit."""

import argparse
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from dissent.cli.init.annotated_task import meaning, notes_on, told_marks
from dissent.cli.init.mask_meaning import Guess
from dissent.cli.init.pairing import Pairs, PartKeys
from dissent.cli.init.update import put_aside
from dissent.cli.machine import cores
from dissent.config.base import validate
from dissent.config.dataset import Part, Source
from dissent.config.ends import Ends
from dissent.config.task import TaskSettings
from dissent.core.files import UserError
from dissent.core.words import some
from dissent.datasets.annotated import (
    Choices,
    Drawn,
    Seen,
    digest_of,
    digests,
    draw,
    marks_by_image,
    mask_of,
    question,
    told_absent,
)
from dissent.datasets.decode import Header, read_header
from dissent.datasets.formats import FORMATS, Annotations, Ask, Marks
from dissent.datasets.formats.files import is_image, left_out
from dissent.datasets.listing import Census, walk
from dissent.datasets.naming import Names
from dissent.datasets.own_masks import OwnMasks, check_recorded, key_of, place_for
from dissent.datasets.problems import Problems
from dissent.datasets.raw import listed


@dataclass(frozen=True)
class Annotated(Pairs):
    """Images of an annotated folder; their masks are ours."""

    folders: list[str] = field(default_factory=list)

    @property
    def parts(self) -> list[PartKeys]:
        """A part for each folder of images, without masks."""
        return [
            {"name": re.sub("[^A-Za-z0-9_-]+", "_", folder).strip("_") or "all", "images": folder, "masks": None}
            for folder in self.folders
        ]

    def place(self, key: str) -> tuple[str, str]:
        """The folder of the part that an image lies in, and its key there."""
        folder, _, rest = key.partition("//")
        return folder, rest


@dataclass(frozen=True)
class Converted:
    """What came of annotations: images, their headers, what masks mean, and the folder of the masks."""

    pairs: Annotated
    headers: list[Header]
    meant: Guess
    own: OwnMasks
    aside: Path | None
    folders: list[str]
    """those that were looked at: of images, and of annotations"""

    def undo(self) -> None:
        """Take the masks away again, and put those back that were there before."""
        self.own.remove()
        if self.aside is not None:
            self.aside.rename(self.own.folder)


def told_aside(place: Path, aside: Path, name: str) -> str:
    """What became of the masks of ours that lay there, and how they come back."""
    return f"kept    {place} as {aside}: `dissent import {aside} --into {name} --format png` brings its masks back"


def convert(args: argparse.Namespace, layout: str, name: str) -> Converted:
    """Read all annotations, ask what is open, and write the masks; UserError names all that cannot be read."""
    raw, problems, place = args.folder, Problems(), place_for(name)
    check_recorded(place)
    found = FORMATS[layout].read(raw, Ask(args.leave_out), problems)
    problems.stop(raw)
    if not found.marks:
        raise UserError(f"{raw} has no annotations of {FORMATS[layout].about}; another --layout?")
    marks, absent = marks_by_image(found, _names(args, found), problems)
    problems.stop(raw)
    if not marks:
        raise UserError(f"{raw}: none of the images is there that annotations name, such as {some(absent, 1)}")
    notes = found.notes + told_absent(absent)
    pairs = _pairs(args, found, list(marks))
    paths = {path.relative_to(raw).as_posix(): path for path in pairs.images.values()}
    headers = _headers(pairs, problems)
    problems.stop(raw)
    by_path = dict(zip(pairs.images.values(), headers, strict=True))
    choices = Choices(args.unannotated, args.crowd, args.overlap, args.void)
    if empty := [image for image, one in marks.items() if one.empty]:
        if choices.unannotated is None:
            raise UserError(
                question("unannotated", f"{len(empty)} images have annotations that mark nothing: {some(empty)}")
            )
        if choices.unannotated == "unlabelled":
            marks = {image: one for image, one in marks.items() if not one.empty}
    jobs = [(image, one, by_path[paths[image]]) for image, one in marks.items()]
    heeds = args.exif != "none"
    seen = _survey(jobs, found.labels, heeds, choices, problems)
    problems.stop(raw)
    meant, choices = meaning(args, found, seen, choices)
    print(told_marks(layout, found, marks, seen, [*notes, *notes_on(found, seen)]))
    aside = None
    if place.exists():
        if not args.anew:
            raise UserError(
                f"{place} exists, with masks of an earlier conversion: say another --name, or --anew to put it aside"
            )
        aside = put_aside(place)
        print(told_aside(place, aside, name))
    own = OwnMasks(place, new=True)
    made = Converted(replace(pairs, alone=_alone(pairs, marks)), headers, meant, own, aside, _looked_at(pairs, found))
    try:
        own.save()
        _write(own, jobs, meant, choices, heeds, problems, layout, raw)
        problems.stop(raw)
        own.record["converted"] = {
            "layout": layout,
            "folder": raw.as_posix(),
            "choices": asdict(choices),
            "leave_out": list(args.leave_out),
            "sources": digests(raw, found.marks),
        }
        own.save()
        pairs.census.masks |= set(own.paths().values())
        pairs.census.masked = len(marks)
    except BaseException:
        made.undo()
        raise
    return made


def _names(args: argparse.Namespace, found: Annotations) -> Names:
    """All image files below the folder by what they may be called."""
    patterns = [*args.leave_out, *found.leave_out]
    files = [path.relative_to(args.folder).as_posix() for path in walk(args.folder)[0] if is_image(path)]
    pairs = [(one, Path(one).stem) for one in files if not left_out(one, patterns)]
    return Names(pairs, found.image_suffix, args.folder.resolve().name)


def _pairs(args: argparse.Namespace, found: Annotations, marked: Sequence[str]) -> Annotated:
    """All images in the folders in which annotated ones lie."""
    raw, leave_out = args.folder, [*args.leave_out, *found.leave_out]
    there = ["."] if any("/" not in one for one in marked) else sorted({one.split("/", 1)[0] for one in marked})
    if args.unlabelled and there != ["."]:
        there.append(Path(args.unlabelled).as_posix())
    pairs = Annotated(raw, {}, {"": {}}, there[0], "", Ends("", found.image_suffix), leave_out=leave_out, folders=there)
    source = Source.model_construct(
        parts=[Part(**part) for part in pairs.parts],
        image_suffix=found.image_suffix,
        leave_out=leave_out,
        raw=str(raw),
        size=[],
        task=TaskSettings.model_construct(kind="multiclass", labels=[]),
    )
    problems, census = Problems(), Census()
    images, _ = listed(source, raw, problems, census)
    problems.stop(raw)
    census.images |= {path for _, _, path in images}
    return replace(pairs, images={f"{part.images}//{key}": path for part, key, path in images}, census=census)


def _looked_at(pairs: Annotated, found: Annotations) -> list[str]:
    sources = {path.parent for one in found.marks for path in one.sources if path.parent.is_relative_to(pairs.raw)}
    return [*pairs.folders, *sorted(path.relative_to(pairs.raw).as_posix() for path in sources if path != pairs.raw)]


def _headers(pairs: Pairs, problems: Problems) -> list[Header]:
    def one(path: Path) -> Header | None:
        try:
            return read_header(path)
        except ValueError as error:
            problems.add(path.relative_to(pairs.raw).as_posix(), str(error))
            return None

    with ThreadPoolExecutor(cores()) as pool:
        return [header for header in pool.map(one, pairs.images.values()) if header is not None]


Job = tuple[str, Marks, Header]


def _survey(jobs: Sequence[Job], labels: Sequence[str], heeds_exif: bool, choices: Choices, problems: Problems) -> Seen:
    seen = Seen(choices)

    def one(job: Job) -> tuple[Marks, Drawn | str]:
        try:
            return job[1], draw(job[1], job[2], heeds_exif)
        except ValueError as error:
            return job[1], str(error)

    with ThreadPoolExecutor(cores()) as pool:
        for start in range(0, len(jobs), 64):  # planes of more images are not kept
            for marks, drawn in pool.map(one, jobs[start : start + 64]):
                if isinstance(drawn, str):
                    problems.add(marks.where, drawn)
                else:
                    seen.add(marks, drawn, labels)
    return seen


def _alone(pairs: Annotated, marks: dict[str, Marks]) -> list[str]:
    return [key for key, path in pairs.images.items() if path.relative_to(pairs.raw).as_posix() not in marks]


def _write(
    own: OwnMasks,
    jobs: Sequence[Job],
    meant: Guess,
    choices: Choices,
    heeds_exif: bool,
    problems: Problems,
    layout: str,
    raw: Path,
) -> None:
    keys = {"kind": meant.kind, "labels": meant.labels} | ({"background": meant.background} if meant.background else {})
    task: TaskSettings = validate(TaskSettings, keys, "the labels of the annotations")

    def one(job: Job) -> None:
        image, marks, header = job
        try:
            ids = mask_of(draw(marks, header, heeds_exif), task, choices)
        except ValueError as error:
            problems.add(marks.where, str(error))
            return
        own.put(key_of(image), ids, task, raw / image, {"from": layout, "raw": True, "converted_as": digest_of(ids)})

    with ThreadPoolExecutor(cores()) as pool:
        list(pool.map(one, jobs))
