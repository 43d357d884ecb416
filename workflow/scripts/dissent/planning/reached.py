"""The jobs that a change of files reaches, in the graph of jobs that Snakemake would plan. No torch."""

from collections.abc import Iterable

from dissent.planning.job import Job
from dissent.planning.jobs import Graph, job_of
from dissent.planning.paths import Plan

ANCIENT = {"predict", "build_masks", "score_pairs", "assemble_pairs", "train", "rank_students"}
"""rules that take stop.json as `ancient`: a score that is computed anew trains nothing anew"""


def reached(plan: Plan, graph: Graph, changed: Iterable[str]) -> set[Job]:
    """The jobs of a graph that run again when files have other content: those that read them, and all that follow."""
    changed = set(changed)
    followers: dict[Job, list[Job]] = {}
    todo = []
    for job, files in graph.items():
        read = [path for path in files if job.rule not in ANCIENT or not path.rsplit("/", 1)[-1].startswith("stop.")]
        for before in {job_of(plan, path) for path in read}:
            if before is not None and before in graph:
                followers.setdefault(before, []).append(job)
        todo += [job] if not changed.isdisjoint(read) else []
    found = set(todo)
    while todo:
        new = set(followers.get(todo.pop(), [])) - found
        found |= new
        todo += new
    return found
