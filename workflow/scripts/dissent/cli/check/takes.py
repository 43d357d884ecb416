"""Minutes and disk that a run takes until its report: a line of `dissent check`."""

from collections.abc import Collection

from dissent.cli.check.looks import Seen
from dissent.cli.estimate import told_rate
from dissent.cli.machine import cores
from dissent.cli.text import duration, gigabytes
from dissent.planning.estimate import estimate_jobs
from dissent.planning.job import Job
from dissent.planning.jobs import planned
from dissent.planning.schedule import makespan


def takes(seen: Seen, anew: Collection[Job]) -> str:
    """How long what is not done yet takes on this machine, what it leaves on the disk, and by which rate.

    `anew`: jobs that are done again, as what they read has changed.
    """
    runs = [seen.run, *seen.controls]
    graph = planned(seen.plan, [f"results/{seen.run.name}/report.html"])
    known = {(run.dataset_name, run.split): seen.subsets for run in runs if run.split == seen.run.split}
    found = estimate_jobs(seen.plan, graph, runs, known=known, anew=anew)
    took = makespan(seen.plan, graph, found.each, cores())
    disk = sum(found.disk.values())
    side = f"{cores()} core{'s' * (cores() > 1)}"
    lines = [
        f"takes about {duration(took)} with the {side} of this machine, and {gigabytes(disk)} of disk",
        f"  {told_rate(found.rate)}",
    ]
    if found.done:
        lines.append(f"  {found.done} of {found.trainings} trainings are done already and are not counted")
    return "\n".join(lines)
