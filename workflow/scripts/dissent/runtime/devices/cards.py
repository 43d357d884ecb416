"""The cards of this machine that a process may choose from, found without CUDA, which would occupy them."""

import os
import re
import socket
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dissent.core.files import UserError

VISIBLE = "CUDA_VISIBLE_DEVICES"


@dataclass(frozen=True)
class Card:
    """A card, or a part of one (MIG): the id that CUDA is given, and a name that is the same for all processes."""

    id: str
    name: str


def find_cards() -> list[Card]:
    """The cards this process may choose from: those of CUDA_VISIBLE_DEVICES if set, read as CUDA does, else all.

    DISSENT_CARDS pretends so many (0: none).
    """
    pretended = number_of("DISSENT_CARDS", None)
    if pretended == 0:
        return []
    whole, parts = (_plain_cards(range(pretended)), {}) if pretended else _list_cards()
    if VISIBLE not in os.environ:
        return [part for card in whole for part in parts.get(card, [card])]
    chosen: dict[str, Card] = {}
    for word in os.environ[VISIBLE].split(","):
        card = _choose(word.strip(), whole, [part for each in parts.values() for part in each])
        if card is None:
            break  # CUDA ignores what follows an id that is none
        chosen.setdefault(card.name, card)
    return list(chosen.values())


def _choose(word: str, whole: list[Card], parts: list[Card]) -> Card | None:
    """The card that `word` means to CUDA: an index or the (start of the) UUID of a card or a MIG part."""
    if re.fullmatch(r"\d+", word):
        if not whole:  # nothing lists the cards here: take their word for it
            return _plain_cards([int(word)])[0]
        return Card(word, whole[int(word)].name) if int(word) < len(whole) else None
    if not word.startswith(("GPU-", "MIG-")):
        return None
    known = [card.name for card in [*whole, *parts] if card.name.startswith(word)]
    # cards in a cluster's cell may be numbered from 0 in each: UUIDs tell them apart
    return Card(word, known[0] if len(known) == 1 else re.sub(r"[^\w.-]+", "_", word))


def _list_cards() -> tuple[list[Card], dict[Card, list[Card]]]:
    """Cards in nvidia-smi's order, named by UUID, and the MIG parts of those that are divided."""
    try:
        # with many cards and no persistent driver the first answer takes seconds
        done = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        devices = [path for path in Path("/dev").glob("nvidia*") if re.fullmatch(r"nvidia\d+", path.name)]
        return _plain_cards(range(len(devices))), {}
    return parse_listing(done.stdout)


def parse_listing(text: str) -> tuple[list[Card], dict[Card, list[Card]]]:
    """Cards, and the MIG parts of those that are divided, from the output of `nvidia-smi -L`."""
    whole: list[Card] = []
    parts: dict[Card, list[Card]] = {}
    for line in text.splitlines():
        if found := re.match(r"GPU (\d+):.*\(UUID: (GPU-[\w-]+)\)", line):
            whole.append(Card(found[1], found[2]))
        elif whole and (found := re.match(r"\s+MIG .*\(UUID: (MIG-[^)]+)\)", line)):
            parts.setdefault(whole[-1], []).append(Card(found[1], re.sub(r"[^\w.-]+", "_", found[1])))
    return whole, parts


def _plain_cards(numbers: Iterable[int]) -> list[Card]:
    return [Card(str(number), f"{socket.gethostname()}-card{number}") for number in numbers]


def number_of(variable: str, default: int | None) -> int | None:
    """The whole number in an environment variable, `default` if it is unset; one with a default is at least 1."""
    text = os.environ.get(variable, "").strip()
    if not text:
        return default
    if not re.fullmatch(r"\d+", text) or (text == "0" and default is not None):
        raise UserError(f"the environment variable {variable} is '{text}'; it must be a whole number")
    return int(text)
