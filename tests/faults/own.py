"""A user's folder through init, check and prepare: where it was refused, or what came out."""

from pathlib import Path
from typing import NamedTuple

from faults import made
from faults.product import Said, dissent, named
from faults.suite import Silent

FLAGS = ("--config-dir", "settings", "--name", "cells")


class Way(NamedTuple):
    """How far a folder came (init, check, prepare, done), and all that was said."""

    stage: str
    said: Said
    text: str


def way(*flags: object, raw: str = "raw", size: int | None = made.SIDE, edit=lambda: None) -> Way:
    """`dissent init` with these flags, then check and prepare as the workflow does; `edit` comes behind init."""
    Path("settings").mkdir(exist_ok=True)
    sized = ("--size", size, size) if size else ()
    steps = {
        "init": lambda: dissent("init", raw, *FLAGS, *sized, *flags),
        "check": lambda: edit() or dissent("check", "cells", "--config-dir", "settings"),
        "prepare": made.prepared,
    }
    text = ""
    for stage, step in steps.items():
        said = step()
        text += said.text
        if said.code:
            return Way(stage, said, text)
    return Way("done", said, text)


def pixels(*flags: object, right: list[int], words: tuple[str | tuple, ...] = (), unknown: int = 0, **options) -> str:
    """The pixels of each label are `right`, or the folder is refused or asked about with these words."""
    end = way(*flags, **options)
    if end.stage != "done":
        return named(end.said, *words) and "refused"
    found = made.pixels_of()
    ours = list(found.values())[: len(right)]
    if any("_" in name[6:] for name in found):  # class_255_0_0: colours stand in the order of their pixels
        ours, right = sorted(ours), sorted(right)
    if ours != right or made.unknown() != unknown:
        raise Silent(f"pixels {found} instead of {right}: {end.text[-600:]}")
    return "survived"


def refused(*flags: object, words: tuple, **options) -> str:
    """The folder is refused or asked about with these words, and nothing is prepared."""
    end = way(*flags, **options)
    if end.stage == "done":
        raise Silent(f"was taken, with pixels {made.pixels_of()}: {end.text[-600:]}")
    return named(end.said, *words) and "refused"


def told(*flags: object, words: tuple, **options) -> str:
    """Refused or not: these words are said before anything is prepared."""
    end = way(*flags, **options)
    return named(end.said._replace(text=end.text), *words)
