"""What values in masks are taken to mean: the conclusion, the names of labels, and the question where it is open."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dissent.cli.init.survey import MANY, Survey
from dissent.cli.text import columns
from dissent.core.files import UserError

Value = Any  # a number, or an RGB triple


@dataclass(frozen=True)
class Wishes:
    """What the user says of the masks; None where nothing was said."""

    kind: str | None = None
    labels: list[str] | None = None
    ignore: list[Value] | None = None
    threshold: int | None = None
    tolerance: int | None = None
    missing: str | None = None


@dataclass(frozen=True)
class Guess:
    """How masks are coded: keys of the data set's file, and a table of what stands for what."""

    kind: str
    labels: list[str]
    coding: dict[str, Any]
    table: list[tuple[str, str, str, str]]
    """value in the files, what it means, its pixels, and the masks that hold it ("" where that was not counted)"""
    colours: list[list[int]] | None = None


# By kind, what a label is called when nobody says; the keys tell which kind a guess is of.
ONE: dict[str, Callable] = {"binary": lambda value: "object"}
CLASSES: dict[str, Callable] = {
    "multiclass": lambda value: "background" if value in (0, (0, 0, 0)) else f"class_{_flat(value)}"
}
OVERLAPPING: dict[str, Callable] = {"multilabel": lambda value: f"label_{_flat(value)}"}


def named(
    kinds: dict[str, Callable],
    coding: dict,
    values: list,
    wishes: Wishes,
    found: Survey,
    colours: list[list[int]] | None = None,
    names: list[str] | None = None,
) -> Guess:
    """A guess with the user's names for labels, or made up ones."""
    [(kind, name_of)] = kinds.items()
    meant = values[1:] if kinds is ONE else values  # a binary task names its foreground alone
    names = wishes.labels or names or [name_of(value) for value in meant]
    if wishes.labels and coding["name"] == "folders" and len(names) == len(meant) - 1:
        names = [elsewhere(names), *names]
    if len(names) != len(meant):
        table = columns([["value", "pixels"], *([_flat(v), f"{found.pixels.get(v, 0):,}"] for v in meant)])
        raise UserError(f"`--labels` names {len(names)} labels for {len(meant)} values, in this order:\n{table}")
    told = ["background", *names] if kinds is ONE else names
    table = [(listed([value]), name, *_tally(found, value, coding)) for value, name in zip(values, told, strict=True)]
    table += [
        (listed([_plain(value)]), "(nobody knows)", *_tally(found, _plain(value), coding))
        for value in coding.get("ignore", [])
    ]
    return Guess(kind, names, coding, table, colours)


def elsewhere(names: list[str]) -> str:
    """What pixels outside of all folders are called: background, unless a label is."""
    return "background" if "background" not in {name.lower() for name in names} else "elsewhere"


def _plain(value: Value) -> Value:
    return tuple(value) if isinstance(value, list) else value


def _tally(found: Survey, value: Value, coding: dict) -> tuple[str, str]:
    """Pixels and masks of a value, as texts; of a channel, a folder or a bit the pixels alone."""
    if value in found.pixels:
        return f"{found.pixels[value]:,}", str(found.masks[value])
    several = coding.get("ids", [None])[0]
    if isinstance(several, list):
        return f"{sum(found.pixels[one] for one in several):,}", ""
    if coding["name"] == "channels":
        channel = int(value.split()[-1]) - 1
        return f"{sum(n for colour, n in found.pixels.items() if colour[channel]):,}", ""
    return (f"{found.labels[value.rstrip('/')]:,}" if str(value).endswith("/") else ""), ""


def _flat(value: Value) -> str:
    return "_".join(map(str, value)) if isinstance(value, tuple) else str(value).split()[-1].rstrip("/")


def listed(values: list) -> str:
    """Some values for a sentence."""
    texts = [" ".join(map(str, v)) if isinstance(v, tuple) else str(v) for v in values]
    return ", ".join(texts[:8]) + (f" ... {texts[-1]}" if len(texts) > 8 else "")


def counted(number: int) -> str:
    """A number of colours, of which MANY at most are told apart in one mask."""
    return f"more than {MANY}" if number >= MANY else str(number)


def ask(found: Survey, what: str, flags: dict[str, str]) -> UserError:
    """A question: what was found, all values, and a flag for each answer."""
    biggest = [(listed([v]), f"{n:,}", found.masks[v]) for v, n in found.pixels.most_common(12)]
    table = columns([["value", "pixels", "masks"], *biggest])
    more = f"\n  and {counted(len(found.pixels) - 12)} more" if len(found.pixels) > 12 else ""
    answers = "\n".join(f"  {flag:22} {meaning}" for flag, meaning in flags.items())
    return UserError(f"{what}:\n{table}{more}\nSay what is meant:\n{answers}")
