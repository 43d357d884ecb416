"""Slots on cards: a slot is a file that its job holds locked, and the kernel frees it however the job ends."""

import contextlib
import logging
import os
import re
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dissent.core.files import UserError
from dissent.runtime.devices.cards import VISIBLE, Card, find_cards, number_of
from dissent.runtime.locks import Lock

logger = logging.getLogger("dissent")

SAY_AGAIN = 600.0  # seconds between two words about waiting


@dataclass(frozen=True)
class Lease:
    """What a job may use: "cuda" with the cards' ids (CUDA_VISIBLE_DEVICES) and the names of the slots, or "cpu"."""

    device: str
    visible: str | None = None
    slot: str | None = None


@contextlib.contextmanager
def lease(gpus: int = 1, slots_per_card: int | None = None) -> Iterator[Lease]:
    """Hold `gpus` cards, waiting until they are free; the CPU if `gpus` is 0 or no card is here.

    Sets CUDA_VISIBLE_DEVICES, so call it before CUDA is used. One that was set before is the list of cards to choose
    from (empty or -1: none). `slots_per_card` jobs share a card (default: DISSENT_GPU_SLOTS of the environment, or 1).
    DISSENT_SLOTS_DIR moves the folder of the slots, DISSENT_CARDS pretends so many cards.
    """
    cuda = getattr(sys.modules.get("torch"), "cuda", None)
    assert cuda is None or not cuda.is_initialized(), "CUDA is in use already: its cards can no longer be chosen"
    cards = find_cards() if gpus else []
    if not cards:
        if gpus:
            preset = os.environ.get(VISIBLE)
            logger.info("no graphics card%s: on the CPU", "" if preset is None else f" ({VISIBLE} is '{preset}')")
        with _environment({VISIBLE: ""}):
            yield Lease("cpu")
        return
    if gpus > len(cards):
        raise UserError(f"{gpus} graphics cards are asked for, {len(cards)} are here; ask for {len(cards)} or fewer")
    held = _wait_for(cards, gpus, slots_per_card or number_of("DISSENT_GPU_SLOTS", 1) or 1)
    visible = ",".join(card.id for card in held)
    # cuBLAS gives the same bits twice only with a workspace of fixed size, which it reads when it starts
    added = {VISIBLE: visible, "CUBLAS_WORKSPACE_CONFIG": os.environ.get("CUBLAS_WORKSPACE_CONFIG", ":4096:8")}
    if VISIBLE not in os.environ:
        added["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"  # the order of nvidia-smi, from which the ids are
    try:
        with _environment(added):
            logger.info("on graphics card %s", visible)
            yield Lease("cuda", visible, ",".join(lock.path.name for lock in held.values()))
    finally:
        _release(held)


def _wait_for(cards: list[Card], gpus: int, slots_per_card: int) -> dict[Card, Lock]:
    folder = _slots_folder()
    said = -SAY_AGAIN
    while True:
        # an empty card before the second slot of a busy one
        slots = [
            (card, Lock(folder / f"{_cell()}{card.name}.slot{slot}"))
            for slot in range(slots_per_card)
            for card in cards
        ]
        held: dict[Card, Lock] = {}
        try:
            for card, lock in slots:
                if len(held) < gpus and card not in held and lock.acquire():
                    held[card] = lock
        except BaseException:
            _release(held)
            raise
        if len(held) == gpus:
            return held
        _release(held)
        if time.monotonic() - said >= SAY_AGAIN:
            busy = ", ".join(f"{card.id} (process {lock.holder()})" for card, lock in slots)
            logger.info("waiting for a graphics card; held are: %s", busy)
            said = time.monotonic()
        time.sleep(0.1 + os.getpid() % 16 / 80)  # not in step with others that wait for several cards


def _release(held: dict[Card, Lock]) -> None:
    for lock in held.values():
        lock.release(remove=bool(_cell()))  # the next job of a cluster has another cell


def _cell() -> str:
    """What goes before a card's name where SLURM has given cards: it numbers those of every job from 0 where it can,
    and lets jobs share one on purpose; only processes of the same job have to agree on who has which."""
    job = os.environ.get("SLURM_JOB_ID", "")
    given = any(name in os.environ for name in ("SLURM_JOB_GPUS", "SLURM_STEP_GPUS", "SLURM_GPUS_ON_NODE"))
    return f"job{job}-" if re.fullmatch(r"\d+", job) and given else ""


def _slots_folder() -> Path:
    """One folder per host and user, not per project: two checkouts share the cards."""
    given = os.environ.get("DISSENT_SLOTS_DIR")
    folder = Path(given or Path(tempfile.gettempdir()) / f"dissent-slots-{os.getuid()}")
    try:
        folder.mkdir(0o777 if given else 0o700, parents=bool(given), exist_ok=True)
    except OSError as error:
        raise UserError(
            f"{folder}, where jobs share out the graphics cards, is no folder that can be used ({error.strerror}); "
            "set DISSENT_SLOTS_DIR to a folder of your own"
        ) from None
    if given:
        return folder
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise UserError(f"{folder} belongs to somebody else; set DISSENT_SLOTS_DIR to a folder of your own")
    return folder


@contextlib.contextmanager
def _environment(added: dict[str, str]) -> Iterator[None]:
    before = {key: os.environ.get(key) for key in added}
    os.environ.update(added)
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value
