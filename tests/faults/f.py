"""F: what may change around a run without changing its bytes: order, places, clocks, languages, threads of files, and deaths."""

import os
import random as stdlib_random
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import numpy as np

from dissent.datasets import prepare
from faults import c1, made, rules
from faults.children import at_call, die
from faults.product import went_well
from faults.suite import Injection

ONES = {
    "PYTHONHASHSEED": ("0", "1", "77"),
    "TZ": ("Asia/Tokyo", "America/St_Johns"),
    "LC_ALL": ("C", "de_DE.UTF-8", "tr_TR.UTF-8"),
    "PYTHONOPTIMIZE": ("1",),
}


def injections(seed: int) -> list[Injection]:
    random = np.random.default_rng([seed, 6])
    found = [
        Injection(f"{name}={value}", lambda a=(name, value): in_a_process(*a))
        for name, values in ONES.items()
        for value in values
    ]
    found += [
        Injection(f"folders listed in order {n}", lambda n=n: listed(n))
        for n in random.integers(1 << 20, size=4).tolist()
    ]
    found += [
        Injection(f"jobs in order {n}", lambda n=n: ordered(n)) for n in random.integers(1 << 20, size=4).tolist()
    ]
    found += [Injection(f"prepared by {n} threads", lambda n=n: threads(n)) for n in (2, 3, 8)]
    found += [Injection(title, run) for title, run in CASES.items()]
    for job in c1.JOBS:
        steps = sorted(int(step) for step in random.integers(1, 5, 5))
        found.append(
            Injection(f"{job}: killed five times, in step {steps} after each start", lambda a=(job, steps): killed(*a))
        )
    return found


def in_a_process(name: str, value: str) -> str:
    """The whole run once more, in a process with other surroundings."""
    whole = made.base(rules.whole)
    _forget_all()
    command = [sys.executable, "-c", "from faults import rules; rules.complete()"]
    done = subprocess.run(command, env=made.surroundings(**{name: value}), capture_output=True, text=True, timeout=200)
    if done.returncode:
        raise RuntimeError(done.stderr[-1500:])
    return rules.same_as(whole)


def _forget_all() -> None:
    for job in rules.jobs():
        rules.forget(job)
    rules.remove("work", "data", "results", "logs")


def _again(whole: dict) -> str:
    rules.complete()
    return rules.same_as(whole)


def listed(number: int) -> str:
    """Folders list their files in any order."""
    whole = made.base(rules.whole)
    _forget_all()
    real_list, real_scan = os.listdir, os.scandir
    shuffle = stdlib_random.Random(number)

    def listdir(path="."):
        return shuffle.sample(found := real_list(path), len(found))

    @contextmanager
    def scandir(path="."):
        with real_scan(path) as entries:
            found = list(entries)
        yield iter(shuffle.sample(found, len(found)))

    with mock.patch.object(os, "listdir", listdir), mock.patch.object(os, "scandir", scandir):
        return _again(whole)


def ordered(number: int) -> str:
    """Jobs are done in another order that their inputs allow."""
    whole = made.base(rules.whole)
    _forget_all()
    left, shuffle = rules.jobs(), stdlib_random.Random(number)
    while left:
        makes = {path for job in left for path in job.output}
        free = [job for job in left if not any(path in makes or str(Path(path).parent) in makes for path in job.input)]
        job = shuffle.choice(free)
        went_well(rules.perform(job))
        left.remove(job)
    return rules.same_as(whole)


def threads(count: int) -> str:
    """Images are prepared by another number of threads."""
    whole = made.base(rules.whole)
    rules.remove("data")
    job = next(job for job in rules.jobs() if job.rule == "prepare")
    job.threads = count
    went_well(rules.perform(job))
    went_well(rules.perform(next(job for job in rules.jobs() if job.rule == "split")))
    return rules.same_as(whole)


def later() -> str:
    """All clocks and dates of files are years later."""
    whole = made.base(rules.whole)
    _forget_all()
    for path in Path("raw").rglob("*"):
        os.utime(path, (1, 1))
    real = time.time
    with mock.patch.object(time, "time", lambda: real() + 1e8):
        return _again(whole)


def elsewhere() -> str:
    """Another folder, with a name that is hard."""
    whole = made.base(rules.whole)
    _forget_all()
    Path("a b'ü").mkdir()
    for name in ("raw", "settings", "jobs.pickle"):
        Path(name).rename(f"a b'ü/{name}")
    os.chdir("a b'ü")
    return _again(whole)


def umask() -> str:
    """Other rights on new files."""
    whole = made.base(rules.whole)
    _forget_all()
    os.umask(0o077)
    return _again(whole)


def twice() -> str:
    """Every job is done once more over its own results."""
    whole = made.base(rules.whole)
    for job in rules.jobs():
        if job.rule != "train":
            went_well(rules.perform(job))
    return rules.same_as(whole)


def prepared_elsewhere() -> str:
    """Prepared images do not know where they were prepared."""
    made.base(rules.whole)
    before = made.values_of()
    asked = made.plan()
    values = asked.config.dataset("cells").model_dump(mode="json", exclude={"splits", "rotation_invariant"})
    prepare(values, "cells", "raw", "other/place")
    made_there = made.values_of("other/place")
    return "survived" if before == made_there else rules.differ(before, made_there)


def killed(name: str, steps: list[int]) -> str:
    """A trainer that is killed again and again ends with the same bytes."""

    def act(job: rules.Job) -> int:
        for step in steps:
            c1.killed(job, at_call(c1.loop, "_descend", step, die))
        return c1.newest()

    return c1.goes_on(name, act)


CASES: dict[str, Callable[[], str]] = {
    "clocks years later": later,
    "another folder": elsewhere,
    "another umask": umask,
    "every job twice": twice,
    "prepared in another place": prepared_elsewhere,
}
