"""C1: a trainer killed with -9: the same command goes on, loses at most one interval, and ends with the same bytes."""

import contextlib
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import numpy as np

from dissent.training import loop, optim
from faults import made, rules
from faults.children import at_call, die, end_of, start
from faults.product import went_well
from faults.suite import Injection, Lost, Unnamed

STEPS = 24
JOBS = ("train cells 0 1", "train cells 0 2", "train cells 1 1", "train cells 2 2")


def injections(seed: int) -> list[Injection]:
    random = np.random.default_rng([seed, 31])

    def drawn(what: str, act: Callable[[str, int], str], count: int, most: int) -> list[Injection]:
        cases = draws(random, count, most)
        return [Injection(f"{job}: killed {what} {n}", lambda job=job, n=n: act(job, n)) for job, n in cases]

    return [
        *drawn("in step", in_a_step, 12, STEPS),
        *drawn("before rename", lambda job, n: at_a_rename(job, n, False), 6, STEPS),
        *drawn("after rename", lambda job, n: at_a_rename(job, n, True), 6, STEPS),
        *drawn("in validation", in_validation, 3, 3),
        *drawn("while model files are written, at rename", at_the_end, 6, 5),
        *drawn("between its end and Snakemake's record, time", after_its_end, 4, 4),
        *drawn("five times, each time in its own step", five_times, 3, 4),
    ]


def draws(random: np.random.Generator, count: int, most: int) -> list[tuple[str, int]]:
    """Jobs with numbers from 1 to `most`, none twice."""
    found = [divmod(int(one), most) for one in random.choice(len(JOBS) * most, count, replace=False)]
    return [(JOBS[job], number + 1) for job, number in found]


@contextlib.contextmanager
def always_saved():
    """A checkpoint after every step, which an interval of no seconds asks for."""
    with mock.patch.object(loop._Clock, "since_save", lambda self: float("inf")):
        yield


def newest() -> int:
    """The step of the newest checkpoint, 0 without one."""
    steps = [int(path.name[4:].split("-")[0]) for path in Path("work").rglob("step*.pt")]
    return max(steps, default=0)


def killed(job: rules.Job, inside: Callable) -> None:
    """Do a job in a child that dies."""

    @contextlib.contextmanager
    def both():
        with always_saved(), inside():
            yield

    code = end_of(start(job, both))
    if code != -9:
        raise Unnamed(f"the job was not killed where it should be, but ended with {code}")
    rules.forget(job)  # as Snakemake does with what a failed job has made


def goes_on(name: str, act: Callable[[rules.Job], int]) -> str:
    """Kill the job by `act`, which returns the steps that were done; then do it once more."""
    whole = made.base(rules.whole)
    job = rules.undone(name)
    done = act(job)
    Path(job.log[0]).unlink(missing_ok=True)
    went_well(rules.perform(job))
    words = Path(job.log[0]).read_text()
    found = re.search(r"resumed after step (\d+)", words)
    begun = int(found[1]) if found else STEPS if "is the same student: taken over" in words else 0
    if done - begun > 1:
        raise Lost(f"{done} steps were done, and it began again after {begun}: {words[-500:]}")
    return rules.same_as(whole)


def in_a_step(name: str, step: int) -> str:
    """Killed in a step, after its gradient."""

    def act(job: rules.Job) -> int:
        killed(job, at_call(loop, "_descend", step, die))
        return step - 1

    return goes_on(name, act)


def at_a_rename(name: str, number: int, after: bool) -> str:
    """Killed between a checkpoint's temporary file and its name."""

    def act(job: rules.Job) -> int:
        killed(job, at_call(os, "replace", number, die, after))
        return number - 1 + after

    return goes_on(name, act)


def in_validation(name: str, number: int) -> str:
    """Killed while the network is validated, at a third of the steps or later."""

    def act(job: rules.Job) -> int:
        killed(job, at_call(loop.Progress, "mark", number, die))
        return newest()

    return goes_on(name, act)


def at_the_end(name: str, number: int) -> str:
    """Killed when all steps are done, while the files of the student are written."""

    def act(job: rules.Job) -> int:
        killed(job, at_call(os, "replace", STEPS + number, die, after=number % 2 == 0))
        return STEPS

    return goes_on(name, act)


def after_its_end(name: str, number: int) -> str:
    """The job ended well, and died with Snakemake before that was recorded: its outputs are removed."""

    def act(job: rules.Job) -> int:
        code = end_of(start(job, always_saved))
        if code:
            raise Unnamed(f"a healthy job ended with {code}")
        rules.forget(job)
        if number == 1:  # notes on other runs may be gone as well
            shutil.rmtree("work/twins", ignore_errors=True)
        return STEPS

    return goes_on(name, act)


def five_times(name: str, number: int) -> str:
    """Killed again and again, in the step of this number after each start."""

    def act(job: rules.Job) -> int:
        for _ in range(5):
            killed(job, at_call(optim.Optimizer, "set_rate", number, die))
        return newest()

    return goes_on(name, act)
