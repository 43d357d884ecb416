"""The jobs of a small run, one by one: each is the script of its rule with what Snakemake would give to it."""

import pickle
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace

import torch

from dissent.runtime.devices import prepare_process
from faults import made
from faults.product import Said, heard, went_well
from faults.suite import Silent

NETWORK = made.NETWORK.replace("steps: 12", "steps: 24").replace("threads: 1", "threads: 1, checkpoint_seconds: 1")
SCRIPTS = made.REPOSITORY / "workflow" / "scripts"
prepare_process(1)  # before the first tensor, as every job does


class Job(SimpleNamespace):
    """What a script calls `snakemake`, with a name."""

    @property
    def name(self) -> str:
        """Rule and wildcards, as `train 1 2`."""
        return " ".join([self.rule, *(str(value) for value in self.wildcards)])


def jobs() -> list[Job]:
    """All jobs of the run in the working directory, in an order in which they can be done."""
    # Pickle, because they are Snakemake's own objects (named files, wildcards). faults/planned.py has just written them.
    return [Job(**one) for one in pickle.loads(Path("jobs.pickle").read_bytes())]


def plan_jobs(target: str = "results/cells/report.html") -> None:
    """Ask Snakemake for the jobs of a target; they are kept in jobs.pickle."""
    command = [sys.executable, "-m", "faults.planned", target, "jobs.pickle"]
    done = subprocess.run(command, capture_output=True, text=True, env=made.surroundings())
    if not Path("jobs.pickle").exists():
        raise RuntimeError(f"no plan: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    shutil.rmtree(".snakemake", ignore_errors=True)


def perform(job: Job) -> Said:
    """Do one job in this process, as Snakemake would have it done."""
    for path in [*job.output, *job.log]:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    return heard(lambda: script(job) or 0)


def script(job: Job) -> None:
    """The rule's script."""
    torch.set_num_threads(1)
    runpy.run_path(str(SCRIPTS / job.script), init_globals={"snakemake": job})


def planned() -> None:
    """A healthy project with its plan, and nothing done."""
    made.plain()
    made.settings(network=NETWORK)
    plan_jobs()


def whole() -> dict:
    """A healthy project with all its results; returns the digests of what has to be the same each time."""
    planned()
    return complete()


def complete(done: Iterable[str] = ()) -> dict:
    """Do all jobs but those of these names; returns the digests that must be the same each time."""
    for job in jobs():
        if job.name not in done:
            went_well(perform(job))
    return lasting()


def undone(name: str) -> Job:
    """Bring the whole run back to the moment before this job was done; later jobs are as they were."""
    job = next(job for job in jobs() if job.name == name)
    forget(job)
    shutil.rmtree("work", ignore_errors=True)
    return job


def forget(job: Job) -> None:
    """Remove a job's outputs, as Snakemake does before it starts one and after it failed."""
    for path in map(Path, job.output):
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def remove(*folders: str) -> None:
    """Remove folders with all that is in them."""
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def differ(whole: dict, now: dict) -> str:
    """Silent, with what is not the same."""
    names = sorted(path for path in whole.keys() | now.keys() if whole.get(path) != now.get(path))
    raise Silent(f"other bytes than without the fault: {names[:10]}")


def same_as(whole: dict[str, str]) -> str:
    """`survived`, if everything that lasts is what it is without the fault."""
    now = lasting()
    return "survived" if now == whole else differ(whole, now)


def lasting() -> dict[str, str]:
    """Everything that must be the same however a run came about: not costs, logs, locks and the page made of costs."""
    kept = made.snapshot("data", "results")
    passing = ("/.", "cost", "report.html")  # temporary files of the killed, times, and the page that tells times
    return {path: content for path, content in kept.items() if not any(part in path for part in passing)}
