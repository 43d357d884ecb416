"""C2: signals that ask a job to end: it ends at once and in good order, and the same command ends with the same bytes."""

import contextlib
import os
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np

from dissent.training import loop
from dissent.training.checkpoint import Checkpoints
from faults import c1, c3, made, rules
from faults.children import at_call, end_of, start
from faults.product import went_well
from faults.suite import NOT_INJECTED, Injection, Lost, Unnamed

SIGNALS = ("SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1")
OTHERS = (
    "prepare cells",
    "split cells few",
    "predict cells 1",
    "build_masks cells 2",
    "evaluate cells 1",
    "report cells",
)
CODES = {"SIGINT": (75, 130)}


def injections(seed: int) -> list[Injection]:
    random = np.random.default_rng([seed, 32])
    found = []
    for name in SIGNALS:
        for job, step in c1.draws(random, 2, c1.STEPS - 1):
            found.append(Injection(f"{job}: {name} in step {step}", lambda a=(job, name, step): trainer(*a)))
        job = c1.JOBS[random.integers(len(c1.JOBS))]
        found.append(Injection(f"{job}: {name} twice while it saves", lambda a=(job, name): twice(*a)))
    for job in OTHERS:
        name, write = SIGNALS[random.integers(4)], int(random.integers(1, min(c3.JOBS[job], 2) + 1))
        found.append(Injection(f"{job}: {name} at file {write}", lambda a=(job, name, write): other(*a)))
    return found


def sent(name: str) -> Callable[[], None]:
    """Send this process a signal."""

    def act() -> None:
        Path("sent").touch()
        os.kill(os.getpid(), getattr(signal, name))

    return act


def trainer(name: str, number: str, step: int) -> str:
    """A trainer writes a checkpoint and ends with the code that asks for a requeue; nothing of its work is lost."""
    return _ended(name, number, at_call(loop, "_descend", step, sent(number)), step)


def twice(name: str, number: str) -> str:
    """A second signal comes while the checkpoint of the first is written: at the most that one is lost."""

    @contextlib.contextmanager
    def inside():
        with at_call(loop, "_descend", 5, sent(number))(), at_call(Checkpoints, "_tidy", 1, sent(number))():
            yield

    return _ended(name, number, inside, 5 if number != "SIGINT" else 0)


def _ended(name: str, number: str, inside: Callable, least: int) -> str:
    whole = made.base(rules.whole)
    job = rules.undone(name)
    code = end_of(start(job, inside))
    rules.forget(job)
    if code not in CODES.get(number, (75,)):
        raise Unnamed(f"{number} ended the job with {code}")
    if c1.newest() < least:
        raise Lost(f"{least} steps were done, and the newest checkpoint has {c1.newest()}")
    Path(job.log[0]).unlink(missing_ok=True)
    went_well(rules.perform(job))
    if least and "resumed after step" not in Path(job.log[0]).read_text():
        raise Lost("it began anew")
    return rules.same_as(whole)


def other(name: str, number: str, write: int) -> str:
    """A job without checkpoints ends at once; what it has half made is taken for nothing."""
    whole = made.base(rules.whole)
    job = rules.undone(name)
    code = end_of(start(job, at_call(os, "replace", write, sent(number))))
    if not Path("sent").exists():
        return NOT_INJECTED
    if code == 0 and rules.lasting().keys() != whole.keys():
        raise Unnamed("the signal was swallowed with the job half done")
    if code not in (0, 75, 130):
        raise Unnamed(f"{number} ended the job with {code}")
    if code:
        rules.forget(job)
    went_well(rules.perform(job))
    return rules.same_as(whole)
