"""What values in masks are taken to mean: the conclusion, the names of labels, and the question where it is open."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dissent.cli.init.survey import MANY, Survey
from dissent.cli.init.wishes import Value, Wishes
from dissent.cli.text import columns
from dissent.core.files import UserError


@dataclass(frozen=True)
class Guess:
    """How masks are encoded: keys of the data set's file, and what stands for what in the files."""

    kind: str
    labels: list[str]
    encoding: dict[str, Any]
    values: list[str]
    """of each label (binary: of the background before it): what stands for it in the files"""
    colours: list[list[int]] | None = None
    note: str = ""
    background: str | None = None
    """the label of what no file names, where there is such a thing"""

    @property
    def names(self) -> list[str]:
        """What each of `values` means."""
        return ["background", *self.labels] if self.kind == "binary" else self.labels


_CALLED = {"binary": "object", "multiclass": "class_{}", "multilabel": "label_{}"}
"""by kind, what a label is called when nobody says; {} is what stands for it"""
_BACKGROUND = (0, (0, 0, 0))
"""what stands for the background of classes"""


def _called(kind: str, value: Value) -> str:
    return "background" if kind == "multiclass" and value in _BACKGROUND else _CALLED[kind].format(_flat(value))


def named(
    kind: str,
    encoding: dict,
    values: list,
    wishes: Wishes,
    found: Survey,
    colours: list[list[int]] | None = None,
    names: list[str] | None = None,
) -> Guess:
    """A guess with the user's names for labels, or made up ones."""
    meant = values[1:] if kind == "binary" else values  # a binary task names its foreground alone
    names = wishes.labels or names or [_called(kind, value) for value in meant]
    if wishes.labels and encoding["name"] == "folders" and len(names) == len(meant) - 1:
        names = [elsewhere(names), *names]
    if len(names) != len(meant):
        table = columns([["value", "pixels"], *([_flat(v), f"{found.pixels.get(v, 0):,}"] for v in meant)])
        raise UserError(f"`--labels` names {len(names)} labels for {len(meant)} values, in this order:\n{table}")
    return Guess(kind, names, encoding, [listed([value]) for value in values], colours)


def check_heeded(meant: Guess, wishes: Wishes, palettes: bool) -> None:
    """UserError names the flags that the conclusion does not heed. `palettes`: whether masks have numbers and colours."""
    encoding = meant.encoding
    ignored = [tuple(value) if isinstance(value, list) else value for value in encoding.get("ignore", [])]
    heeded = {
        "kind": meant.kind == wishes.kind,
        "ignore": set(ignored) == set(map(_as_is(ignored), wishes.ignore or [])),
        "threshold": encoding.get("threshold") == wishes.threshold,
        "tolerance": encoding.get("tolerance", 0) == wishes.tolerance,
        "missing": encoding.get("missing") == wishes.missing,
        "palette": palettes,
    }
    idle = [f"--{name}" for name, yes in heeded.items() if getattr(wishes, name) is not None and not yes]
    if idle:
        raise UserError(
            f"{' and '.join(idle)} cannot be heeded: with what else you say, masks are {_READ_AS[encoding['name']]}, of a "
            f"{meant.kind} task. Leave {'it' if len(idle) == 1 else 'them'} out, or say what fits"
        )


_READ_AS = {
    "index": "read as numbers (--ignore takes numbers, and `--palette colours` lets the colours of palettes count)",
    "zero_255": "0 and 255 (--threshold makes them so)",
    "colours": "read as colours",
    "folders": "a folder for each label",
    "channels": "a label in each channel (nothing is ignored in them)",
}


def _as_is(ignored: list[Value]) -> Callable[[Value], Value]:
    """Numbers as grey triples, or grey triples as numbers, as an encoding has them."""
    if any(isinstance(value, tuple) for value in ignored):
        return lambda value: value if isinstance(value, tuple) else (value, value, value)
    return lambda value: value[0] if isinstance(value, tuple) and len(set(value)) == 1 else value


def elsewhere(names: list[str]) -> str:
    """What pixels outside of all folders are called: background, unless a label is."""
    return "background" if "background" not in {name.lower() for name in names} else "elsewhere"


def _flat(value: Value) -> str:
    return "_".join(map(str, value)) if isinstance(value, tuple) else str(value).split()[-1].rstrip("/")


def listed(values: list) -> str:
    """Some values for a sentence."""
    texts = [" ".join(map(str, v)) if isinstance(v, tuple) else str(v) for v in values]
    return ", ".join(texts[:8]) + (f" ... {texts[-1]}" if len(texts) > 8 else "")


def counted(number: int) -> str:
    """A number of colours in words; survey stops counting at MANY."""
    return f"more than {MANY}" if number >= MANY else str(number)


def ask(found: Survey, what: str, flags: dict[str, str]) -> UserError:
    """A question: what was found, all values, and a flag for each answer."""
    biggest = [(listed([v]), f"{n:,}", found.masks[v]) for v, n in found.pixels.most_common(12)]
    table = columns([["value", "pixels", "masks"], *biggest])
    more = f"\n  and {counted(len(found.pixels) - 12)} more" if len(found.pixels) > 12 else ""
    return UserError(f"{what}:\n{table}{more}\nSay what is meant:\n{columns(list(flags.items()))}")
