"""C3: kills where one job hands over to the next: nothing half is taken for whole, generations never mix, two never write one file."""

import os
import shutil
import signal
import time
from pathlib import Path

import numpy as np

from dissent.training import loop
from faults import c1, made, rules
from faults.children import at_call, die, end_of, start
from faults.product import went_well
from faults.suite import Injection, Unnamed

JOBS = {  # with the files that each writes: a kill is drawn among them, and one that does not happen fails
    "prepare cells": 31, "split cells few": 6, "assemble_pairs cells 0": 2, "rank_students cells 0": 1, "evaluate cells 1": 3,
    "predict cells 1": 13, "build_masks cells 1": 13, "assemble_pairs cells 2": 2, "predict cells 2": 13, "build_masks cells 2": 13,
    "audit cells 1": 1, "cost cells 1": 1, "report cells": 1,
}  # fmt: skip


def injections(seed: int) -> list[Injection]:
    random = np.random.default_rng([seed, 33])
    found = []
    for job, files in JOBS.items():
        for after, tidied in ((False, True), (True, True), (True, False)):
            number = int(random.integers(1, files + 1))
            words = f"{job}: killed {'after' if after else 'before'} rename {number}, {'tidied' if tidied else 'left as it is'}"
            found.append(Injection(words, lambda a=(job, number, after, tidied): handed_over(*a)))
    for job in c1.JOBS[:3]:
        step = int(random.integers(2, c1.STEPS - 2))
        found.append(Injection(f"{job}: a second one starts at step {step}", lambda a=(job, step): two_at_once(*a)))
        found.append(
            Injection(f"{job}: its twin in another run is killed at step {step}", lambda a=(job, step): killed_twin(*a))
        )
    return found


def handed_over(name: str, number: int, after: bool, tidied: bool) -> str:
    """Killed at one of its files; Snakemake removes what it made, or died too and does so when it starts again."""
    whole = made.base(rules.whole)
    job = rules.undone(name)
    code = end_of(start(job, at_call(os, "replace", number, die, after)))
    if code != -signal.SIGKILL:
        raise Unnamed(f"the job was not killed at file {number}, but ended with {code}")
    if tidied:
        rules.forget(job)
    went_well(rules.perform(job))
    return rules.same_as(whole)


def two_at_once(name: str, step: int) -> str:
    """The same job is started while it runs (an orphan, a second machine): one waits for the other, or says who is at work."""
    whole = made.base(rules.whole)
    job = rules.undone(name)
    first = start(job, at_call(loop, "_descend", step, lambda: Path("begun").touch() or _until("second")))
    _until("begun")
    second = start(job)
    Path("second").touch()
    codes = sorted((end_of(first), end_of(second)))
    Path("begun").unlink()
    Path("second").unlink()
    if codes not in ([0, 0], [0, 2]):
        raise Unnamed(f"two at once ended with {codes}")
    return rules.same_as(whole)


def _until(name: str) -> None:
    for _ in range(3000):
        if Path(name).exists():
            return
        time.sleep(0.01)
    raise Unnamed(f"waited 30 s for {name}")


def killed_twin(name: str, step: int) -> str:
    """Another run asks for an equal student, and is killed in the middle: this one goes on from there."""

    def act(job: rules.Job) -> int:
        other = rules.Job(**vars(job))
        other.output, other.log = _moved(job.output), _moved(job.log)
        c1.killed(other, at_call(loop, "_descend", step, die))
        shutil.rmtree("results/other", ignore_errors=True)
        return step - 1

    return c1.goes_on(name, act)


def _moved(paths: list) -> list:
    """The same named files in another run."""
    moved = [path.replace("/cells/", "/other/") for path in paths]
    return type(paths)(fromdict=dict(zip(paths._names, moved, strict=True))) if paths._names else type(paths)(moved)
