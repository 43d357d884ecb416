"""How long jobs take that run side by side: each begins when what it reads is there and its threads are free. No torch."""

import heapq
from collections.abc import Mapping

from dissent.planning.job import Job
from dissent.planning.jobs import Graph, job_of
from dissent.planning.paths import Plan

_TWO = ("prepare", "read_teacher", "build_masks")
"""rules that ask for two threads"""
_OF_NETWORK = ("train", "predict", "evaluate", "measure_thresholds", "score_pairs")
"""rules that ask for as many threads as the network file says"""


def makespan(plan: Plan, graph: Graph, seconds: Mapping[Job, float], cores: int) -> float:
    """Seconds until the last of the jobs in `seconds` is done; other jobs of the graph are done already."""
    waits = {job: needed(plan, graph, job) & seconds.keys() for job in graph if job in seconds}
    later: dict[Job, list[Job]] = {}
    for job, before in waits.items():
        for one in before:
            later.setdefault(one, []).append(job)
    threads = {job: min(cores, _threads(plan, job)) for job in waits}
    ready = [job for job, before in waits.items() if not before]
    running: list[tuple[float, int, Job]] = []
    now, free, number = 0.0, cores, 0
    while ready or running:
        for job in list(ready):
            if threads[job] <= free:
                ready.remove(job)
                free -= threads[job]
                number += 1
                heapq.heappush(running, (now + seconds[job], number, job))
        now, _, done = heapq.heappop(running)
        free += threads[done]
        for job in later.get(done, []):
            waits[job].discard(done)
            if not waits[job]:
                ready.append(job)
    return now


def needed(plan: Plan, graph: Graph, job: Job) -> set[Job]:
    """The jobs whose files a job reads."""
    return {one for path in graph[job] if (one := job_of(plan, path)) is not None}


def _threads(plan: Plan, job: Job) -> int:
    if job.rule in _TWO:
        return 2
    if job.rule == "train_evalnet":
        return plan.config.run(job.run).rater.resources.threads
    if job.rule not in _OF_NETWORK:
        return 1
    resources = plan.config.run(job.run).network.resources
    return resources.threads * (resources.gpus if job.rule == "train" else 1)
