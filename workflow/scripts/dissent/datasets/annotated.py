"""From annotations of any format to masks of images: which image is meant, how it lies, and what a person has to decide. No torch."""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dissent.config.task import TaskSettings
from dissent.core.files import digest, sha256
from dissent.core.words import some
from dissent.datasets.decode import Header, opposite, turned, turned_size
from dissent.datasets.formats import Annotations, Layer, Marks, compose, is_background, is_vague
from dissent.datasets.naming import Names
from dissent.datasets.problems import Problems

QUESTIONS = {
    "unannotated": {
        "empty": "nothing is in them: all background",
        "unlabelled": "nobody has looked at them yet: no mask",
    },
    "crowd": {"label": "they count as their label", "ignore": "nobody knows what is there"},
    "void": {"background": "they are background", "ignore": "nobody knows what is there"},
    "overlap": {"later": "the later annotation of a file lies on top"},
}
"""what a person may be asked, by flag: answers with what they mean"""


@dataclass(frozen=True)
class Choices:
    """A person's answers; None: it was not asked."""

    unannotated: str | None = None
    crowd: str | None = None
    overlap: str | None = None
    void: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    """what labels of the annotations are called in the task"""


class Drawn(NamedTuple):
    """What is marked in an image, its shape (H, W) as marked, and how that is turned (1 to 8) to be looked at."""

    layers: list[Layer]
    shape: tuple[int, int]
    turn: int


def marks_by_image(
    found: Annotations,
    names: Names,
    problems: Problems,
    counts: Callable[[str, list[Marks]], list[Marks]] | None = None,
) -> tuple[dict[str, Marks], list[str]]:
    """{path of an image below raw: its marks}, and what annotations name and is not there.

    `counts`: which of several marks of one image count. Where still several do, they are problems.
    """
    by_image: dict[str, list[Marks]] = {}
    absent: list[str] = []
    for marks in found.marks:
        images = names.find(marks.image)
        if not images:
            absent.append(marks.image)
        elif len(images) > 1:
            problems.add(marks.where, names.misfit(marks.image, images))
        elif astray := names.astray(_said(marks, *images), *images):
            problems.add(marks.where, astray)
        else:
            by_image.setdefault(next(iter(images)), []).append(marks)
    once: dict[str, Marks] = {}
    for image, given in by_image.items():
        first, *more = counts(image, given) if counts and len(given) > 1 else given
        for marks in more:
            problems.add(marks.where, f"is of {image}, as {first.where} is: keep one of the two")
        if not more:
            once[image] = first
    return once, absent


def _said(marks: Marks, source: str) -> str:
    """The path by which marks are of an image: what their file says, unless the image is the one beside it."""
    return marks.image if marks.image == source else marks.said or marks.image


def draw(marks: Marks, header: Header, heeds_exif: bool, sent: bool = False) -> Drawn:
    """Draw what is marked; ValueError where it does not fit its image, or nothing tells how the image lay.

    `heeds_exif`: photographs are looked at as their tag turns them, else as they are stored. `sent`: the image went out with a
    draft, as it is looked at.
    """
    tag, shown = header.orientation, turned_size(header.size, header.orientation)
    wanted = shown if heeds_exif else header.size
    shape = marks.size or wanted
    if shape not in (header.size, shown):
        raise ValueError(
            f"is of an image of {shape[0]} x {shape[1]} pixels (height x width), and {marks.image} has {wanted[0]} x {wanted[1]}"
        )
    if tag == 1 or (sent and shape == wanted):
        return Drawn(_drawn(marks, shape), shape, 1)
    if not marks.tagged and (marks.size is None or header.size == shown):
        raise ValueError(
            f"{marks.image} is turned by an EXIF tag, and nothing tells whether it was marked as turned: save it without the tag; "
            "or, where it went out as a draft, put its annotation into the folder of drafts, and import that"
        )
    as_shown = marks.tagged or shape == shown
    if as_shown == heeds_exif:
        return Drawn(_drawn(marks, shape), shape, 1)
    return Drawn(_drawn(marks, shape), shape, opposite(tag) if as_shown else tag)


def _drawn(marks: Marks, shape: tuple[int, int]) -> list[Layer]:
    """What is marked; ValueError where none of it has a pixel, so that the image would count as background without a word."""
    layers = marks.layers(*shape)
    if layers and not any(layer.plane.any() for layer in layers):
        raise ValueError(
            f"none of its {len(layers)} annotations has a pixel of {marks.image} ({shape[0]} x {shape[1]}, height x width): mend "
            "their corners; or remove them, and the image is one in which nothing is marked"
        )
    return layers


def mask_of(drawn: Drawn, task: TaskSettings, choices: Choices) -> np.ndarray:
    """The mask (H, W) uint8 as the image is looked at; ValueError where labels claim one pixel and nobody said which counts."""
    done = compose(_layers(drawn, choices, task), drawn.shape, task)
    if done.clashes and choices.overlap is None:
        (one, other), pixels = done.clashes.most_common(1)[0]
        raise ValueError(
            f"marks {pixels} pixels as {one} and as {other}, of which one can count: mend it, or say `--overlap later`"
        )
    return turned(done.ids, drawn.turn)


def open_question(drawn: Drawn, task: TaskSettings, choices: Choices) -> str:
    """What a person has to decide about what is marked in an image; "" where nothing is open."""
    if choices.crowd is None and any(layer.crowd for layer in drawn.layers):
        return question("crowd", "an area is marked as a crowd")
    named = {layer.label for layer in _layers(drawn, choices, task) if layer.label is not None}
    vague = sorted(name for name in named if is_vague(name) and name not in task.value_names)
    return asked_void(vague) if vague else ""


def asked_void(names: Sequence[str]) -> str:
    """The question what labels mean that may be background or not."""
    return question("void", f"areas are labelled {some(names)}, which may be background, or what nobody knows")


def _layers(drawn: Drawn, choices: Choices, task: TaskSettings) -> list[Layer]:
    """Layers with the labels of the task; crowds, and labels as `void`, as a person said."""

    def meant(layer: Layer) -> str | None:
        if layer.label is None or (layer.crowd and choices.crowd == "ignore"):
            return None
        label = choices.labels.get(layer.label, layer.label)
        if choices.void is None or label in task.value_names or not is_vague(label):
            return label
        return "background" if choices.void == "background" else None

    return [layer._replace(label=meant(layer)) for layer in drawn.layers]


@dataclass
class Seen:
    """What all annotations hold: images and pixels by label, crowds, labels that claim one pixel, and layers without a pixel."""

    choices: Choices
    pixels: Counter[str] = field(default_factory=Counter)
    images: Counter[str] = field(default_factory=Counter)
    crowds: Counter[str] = field(default_factory=Counter)
    clashes: Counter[tuple[str, str]] = field(default_factory=Counter)
    nothing: list[str] = field(default_factory=list)

    def add(self, marks: Marks, drawn: Drawn, labels: Sequence[str]) -> None:
        """One image more."""
        for layer in drawn.layers:
            if layer.label is not None:
                self.pixels[layer.label] += int(layer.plane.sum())
                self.crowds[layer.label] += layer.crowd
            if not layer.plane.any():
                self.nothing.append(marks.where)
        self.images.update({layer.label for layer in drawn.layers if layer.label is not None})
        trial = _trial(labels)
        meant = _layers(drawn, self.choices, trial)
        known = [layer for layer in meant if layer.label is None or not is_vague(layer.label)]  # others are asked about
        self.clashes += compose(known, drawn.shape, trial).clashes


def _trial(labels: Sequence[str]) -> TaskSettings:
    """A task in which all labels exclude each other."""
    names = ["background", *(name for name in labels if not is_background(name))]
    return TaskSettings.model_construct(kind="multiclass", labels=names, background="background", colours=None)


def renamed(choices: Choices, labels: Mapping[str, str]) -> Choices:
    """The answers, with names for labels."""
    return replace(choices, labels=dict(labels))


def digest_of(ids_HW: np.ndarray) -> str:
    """SHA-256 of a mask's pixels, by which a draft that nobody changed is known."""
    return digest(list(ids_HW.shape), hashlib.sha256(np.ascontiguousarray(ids_HW).tobytes()).hexdigest())


def question(flag: str, what: str) -> str:
    """A question with the flags that answer it."""
    answers = [f"--{flag} {answer}: {meaning}" for answer, meaning in QUESTIONS[flag].items()]
    return "\n  ".join([f"{what}. Say what is meant:", *answers])


def told_blank(places: Sequence[str]) -> list[str]:
    """A note on annotations without a pixel."""
    return [f"{len(places)} annotations have no pixel inside of their image: {some(places)}"] if places else []


def told_absent(absent: Sequence[str]) -> list[str]:
    """A note on images that annotations name and that are not there."""
    count = len(absent)
    return [f"{count} image{'s' * (count > 1)} that annotations name lack here: {some(absent)}"] if absent else []


def digests(raw: Path, marks: Sequence[Marks]) -> dict[str, str]:
    """{path below raw: SHA-256} of the files that annotations were read from."""
    paths = sorted({path for one in marks for path in one.sources})
    return {path.relative_to(raw).as_posix(): sha256(path) for path in paths if path.is_relative_to(raw)}
