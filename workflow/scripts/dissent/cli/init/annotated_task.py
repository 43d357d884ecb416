"""The task that annotations make: its kind, its labels, and what a person has to decide."""

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence

from dissent.cli.init.mask_meaning import Guess
from dissent.cli.text import columns
from dissent.core.files import UserError
from dissent.core.words import some
from dissent.datasets.annotated import Choices, Seen, asked_void, question, renamed, told_blank
from dissent.datasets.formats import FORMATS, Annotations, Marks, is_background, is_vague

_MOST_BITS = 7


def meaning(args: argparse.Namespace, found: Annotations, seen: Seen, choices: Choices) -> tuple[Guess, Choices]:
    """The task that the labels make, and the answers with the names of labels; UserError asks what is open."""
    if any(seen.crowds.values()) and choices.crowd is None:
        told = ", ".join(f"{count} of {name}" for name, count in seen.crowds.items() if count)
        raise UserError(
            question("crowd", f"annotations mark crowds ({told}), areas in which single objects were not drawn")
        )
    vague = [name for name in found.labels if is_vague(name)]
    if choices.void is None and any(seen.pixels[name] for name in vague):
        raise UserError(asked_void([name for name in vague if seen.pixels[name]]))
    nothing = [name for name in found.labels if is_background(name) and name not in vague]
    nothing += vague if choices.void == "background" else []
    labels = [name for name in found.labels if seen.pixels[name] and not is_background(name)]
    if not labels:
        raise UserError(f"{args.folder}: annotations mark no pixel of a label; there is nothing to learn")
    kind = args.kind or ("binary" if len(labels) == 1 else "multiclass")
    one = kind == "binary" and len(labels) > 1
    if kind == "multilabel" and len(labels) > _MOST_BITS:
        raise UserError(
            f"`--kind multilabel`: {len(labels)} labels, where {_MOST_BITS} may overlap: {some(labels, 20)}"
        )
    _ask_overlap(seen, kind, labels, choices)
    wanted = 1 if one else len(labels)
    names = args.labels or (["object"] if one else labels)
    if len(names) != wanted:
        raise UserError(
            f"`--labels` names {len(names)} labels, and annotations have {wanted}, in this order: {some(labels, 20)}"
        )
    called = dict.fromkeys(labels, names[0]) if one else dict(zip(labels, names, strict=True))
    background = nothing[0] if nothing else "background"
    values = [background, *names] if kind == "multiclass" else list(names)
    called |= dict.fromkeys(nothing, background) if kind == "multiclass" else {}
    numbers = (
        [str(1 << i) for i in range(len(names))] if kind == "multilabel" else [str(i) for i in range(len(names) + 1)]
    )
    meant = Guess(kind, values, {"name": "index"}, numbers, background=background if kind == "multiclass" else None)
    return meant, renamed(choices, called)


def _ask_overlap(seen: Seen, kind: str, labels: Sequence[str], choices: Choices) -> None:
    """UserError where labels claim one pixel that exclude each other: all of them where a pixel has one, and background everywhere."""
    cut = Counter({names: count for names, count in seen.clashes.items() if any(map(is_background, names))})
    clashes = seen.clashes if kind == "multiclass" else cut
    if not clashes or choices.overlap is not None:
        return
    (first, other), pixels = clashes.most_common(1)[0]
    bits = kind == "multiclass" and not cut and len(labels) <= _MOST_BITS
    told = f"{sum(clashes.values())} pixels are marked for two labels, most of them ({pixels}) for {first} and {other}"
    more = "\n  --kind multilabel: a pixel may have several labels" * bits
    raise UserError(question("overlap", told) + more)


def notes_on(found: Annotations, seen: Seen) -> list[str]:
    """Labels that have no pixel, and annotations that have none."""
    idle = [name for name in found.labels if not seen.pixels[name] and not is_background(name)]
    notes = [f"no image has a pixel of {some(idle, 20)}: left out of the labels"] if idle else []
    return notes + told_blank(seen.nothing)


def told_marks(layout: str, found: Annotations, marks: Mapping[str, Marks], seen: Seen, notes: Sequence[str]) -> str:
    """What is marked, by label, and what a person should know."""
    rows = [(name, seen.images[name], f"{seen.pixels[name]:,}") for name in found.labels]
    lines = [
        f"marked  {len(marks)} images, by {FORMATS[layout].about}",
        columns([("label", "images", "pixels"), *rows]),
    ]
    return "\n".join([*lines, *(f"note    {note}" for note in notes)])
