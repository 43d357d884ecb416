"""C4: disks that are full, read-only or broken: what was there stays, the message names the file, and afterwards all goes on."""

import errno
import os
import resource
import signal
import tempfile
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import numpy as np

from faults import c1, made, rules
from faults.children import finished
from faults.product import refused, went_well
from faults.suite import Injection, Lost

ERRORS = ("ENOSPC", "EROFS", "EDQUOT", "EIO")
JOBS = ("prepare cells", "split cells few", "train cells 1 1", "predict cells 1", "build_masks cells 1", "rank_students cells 1",
        "assemble_pairs cells 1", "evaluate cells 1", "audit cells 1", "cost cells 1", "report cells")  # fmt: skip


def injections(seed: int) -> list[Injection]:
    random = np.random.default_rng([seed, 34])
    found = []
    for number, job in enumerate(JOBS):
        error = ERRORS[(number + seed) % 4]
        found.append(Injection(f"{job}: {error} at a file", lambda a=(job, error): broken(*a)))
        limit = int(random.integers(60, 200))
        found.append(Injection(f"{job}: no file above {limit} bytes", lambda a=(job, limit): limited(*a)))
    for error in ERRORS:
        found.append(Injection(f"train cells 1 1: {error} at a checkpoint", lambda error=error: at_a_checkpoint(error)))
    found.append(Injection("train cells 0 1: a log that cannot be written", lambda: without_log("train cells 0 1")))
    found.append(Injection("predict cells 1: a log that cannot be written", lambda: without_log("predict cells 1")))
    return found


def failing(error: str, number: int = 1) -> Callable:
    """For `inside`: no file can be made from the call of this number on."""

    @contextmanager
    def inside():
        real, calls = tempfile.mkstemp, []

        def refuse(*arguments, **options):
            calls.append(1)
            if len(calls) < number:
                return real(*arguments, **options)
            folder = options.get("dir") or "."
            raise OSError(getattr(errno, error), os.strerror(getattr(errno, error)), str(folder))

        with mock.patch.object(tempfile, "mkstemp", refuse):
            yield

    return inside


def _refused(name: str, inside: Callable) -> str:
    whole = made.base(rules.whole)
    job = rules.undone(name)
    before = rules.lasting()
    said = finished(job, inside)
    how = "survived"
    if said.code:
        folders = tuple({str(Path(path).parent) for path in [*job.output, *job.log]} | {"data/cells", "work"})
        how = refused(said, folders)
        rules.forget(job)
        if any(rules.lasting().get(path) != content for path, content in before.items()):
            raise Lost("files of other jobs have changed")
    went_well(rules.perform(job))
    rules.same_as(whole)
    return how


def broken(name: str, error: str) -> str:
    """The first file that the job makes is refused by the disk."""
    return _refused(name, failing(error))


def limited(name: str, size: int) -> str:
    """Files grow to a limit (RLIMIT_FSIZE): a quota in the middle of a file."""

    @contextmanager
    def inside():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    return _refused(name, inside)


def at_a_checkpoint(error: str) -> str:
    """The disk is full at the second checkpoint: the first is kept, and used when there is room again."""
    whole = made.base(rules.whole)
    job = rules.undone("train cells 1 1")

    @contextmanager
    def inside():
        with c1.always_saved(), failing(error, 7)():  # the first names the folder that asks
            yield

    said = finished(job, inside)
    refused(said, "work/")
    if c1.newest() != 5:
        raise Lost(f"the newest checkpoint has step {c1.newest()} where 5 could be written")
    rules.forget(job)
    went_well(rules.perform(job))
    if "resumed after step 5" not in Path(job.log[0]).read_text():
        raise Lost("it began anew")
    return rules.same_as(whole)


def without_log(name: str) -> str:
    """A log that cannot be opened costs the log alone, or the job says so."""
    whole = made.base(rules.whole)
    job = rules.undone(name)
    Path(job.log[0]).unlink()
    Path(job.log[0]).mkdir()
    said = rules.perform(job)
    how = "survived" if said.code == 0 else refused(said, job.log[0])
    Path(job.log[0]).rmdir()
    went_well(rules.perform(job))
    rules.same_as(whole)
    return how
