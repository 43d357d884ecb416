"""Values of flags of `dissent init`, from text."""

import argparse
import re

from dissent.cli.init.holdout import Labelled
from dissent.cli.init.wishes import Value


def share(text: str) -> Labelled:
    """The word all, or a share of all masks."""
    if text == "all":
        return "all"
    try:
        part = float(text)
    except ValueError:
        part = 0.0
    if not 0 < part <= 1:
        raise argparse.ArgumentTypeError(f"{text} is neither `all` nor a share such as 0.2")
    return part


def pattern(text: str) -> str:
    """A regular expression."""
    try:
        re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"{text} is no regular expression ({error})") from None
    if not text:
        raise argparse.ArgumentTypeError("is empty: leave it out where each image stands for itself")
    return text


def names(text: str) -> list[str]:
    """Words between commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


def value(text: str) -> Value:
    """A number, an RGB triple, or None for the word none."""
    if text == "none":
        return None
    numbers = [byte(part) for part in text.split(",")]
    if len(numbers) not in (1, 3):
        raise argparse.ArgumentTypeError(f"{text} is neither a number nor a colour such as 224,224,192")
    return tuple(numbers) if len(numbers) == 3 else numbers[0]


def byte(text: str, low: int = 0, high: int = 255) -> int:
    """A number of 8 bits."""
    if not text.strip().isdigit() or not low <= int(text) <= high:
        raise argparse.ArgumentTypeError(f"{text} is not a number from {low} to {high}")
    return int(text)


def threshold(text: str) -> int:
    """A value from which on pixels are set."""
    return byte(text, low=1)


def tolerance(text: str) -> int:
    """By how much a colour may differ."""
    return byte(text, high=127)
