"""python -m faults.planned TARGET OUT: the jobs that Snakemake would run for a target, as its scripts get them (pickled).

Taken from Snakemake itself at the moment at which it would start them, so that the suite runs what users run.
"""

import os
import pickle
import sys
from pathlib import Path

from snakemake.cli import main
from snakemake.workflow import Workflow

ATTRIBUTES = ("wildcards", "threads", "resources", "params")


def _described(job) -> dict:
    found = {name: getattr(job, name) for name in ATTRIBUTES}
    found |= {name: getattr(job, name)._plainstrings() for name in ("input", "output", "log")}
    known = {"rule": job.rule.name, "script": Path(job.rule.script).name, "config": dict(job.rule.workflow.config)}
    return found | known


def _stop_before_the_first(out: str) -> None:
    def write(workflow) -> None:
        dag = workflow.dag
        jobs = [job for level in dag.toposorted() for job in sorted(level, key=lambda job: str(job.output))]
        Path(out).write_bytes(pickle.dumps([_described(job) for job in jobs if job.rule.script]))
        os._exit(0)

    # whatever the rules themselves have for the start
    Workflow._onstart = property(lambda self: lambda log: write(self), lambda self, handler: None)


if __name__ == "__main__":
    target, out = sys.argv[1:]
    repository = Path(__file__).resolve().parents[2]
    _stop_before_the_first(out)
    sys.argv[1:] = [
        "--cores",
        "1",
        "--snakefile",
        str(repository / "Snakefile"),
        target,
        "--config",
        "config_dir=settings",
    ]
    sys.exit(main())
