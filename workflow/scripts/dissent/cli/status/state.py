"""How far a plan is: its jobs with what their files and logs say of each."""

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dissent.config.resolve import Run
from dissent.planning.estimate import Estimate, estimate_jobs
from dissent.planning.job import Job
from dissent.planning.jobs import Graph, of_study, planned
from dissent.planning.paths import Plan
from dissent.planning.schedule import makespan
from dissent.runtime.job_logs import JobLog, logs_below


@dataclass(frozen=True)
class State:
    """The jobs of a run with its controls, or of a study."""

    plan: Plan
    runs: list[Run]
    graph: Graph
    logs: dict[Job, JobLog]
    """of jobs that were started, the last start"""
    estimate: Estimate
    done: set[Job] = field(default_factory=set)

    def of(self, state: str) -> dict[Job, JobLog]:
        """Jobs that are not done, whose log says so: running, failed, stopped, lost; in the order of their starts."""
        found = {job: log for job, log in self.logs.items() if log.state == state and job not in self.done}
        return dict(sorted(found.items(), key=lambda item: item[1].started))

    def left(self, cores: int) -> float:
        """Seconds until all is done, by measured rates, with so many cores; jobs that run go on with what they have."""
        running, now = self.of("running"), time.time()
        factor = self._pace(running)
        seconds = {job: factor * self.estimate.each.get(job, 1.0) for job in self.graph.keys() - self.done}
        for job, log in running.items():
            told = log.progress
            seconds[job] = told[3] if told else max(1.0, seconds[job] - (now - log.started))
        return makespan(self.plan, self.graph, seconds, cores)

    def _pace(self, running: Mapping[Job, JobLog]) -> float:
        """By how much trainings that run are slower than what is reckoned; 1 where none has told its pace."""
        found = []
        for job, log in running.items():
            told, reckoned = log.progress, self.estimate.each.get(job, 0.0)
            if told and reckoned:
                found.append((log.touched - log.started) / told[0] * told[1] / reckoned)
        return statistics.median(found) if found else 1.0


def state_of(plan: Plan, name: str) -> State:
    """How far a run or a study is; UserError where there is none of that name."""
    if name in plan.config.names("studies"):
        runs, graph = plan.cells(name), of_study(plan, name)
    else:
        runs = [plan.config.run(name), *plan.config.controls(name)]
        graph = planned(plan, [f"results/{name}/report.html"])
    logs = {job: log for log in _logs(graph, name) if (job := job_of_log(log.rule, log.wildcards)) in graph}
    running = {job for job, log in logs.items() if log.state == "running"}
    done = {job for job in graph if job not in running and _is_done(job, logs)}
    left = graph.keys() - done
    return State(plan, runs, graph, logs, estimate_jobs(plan, left, runs, anew=left), done)


def _logs(graph: Graph, name: str) -> list[JobLog]:
    """Logs of all jobs that a plan may have started."""
    places = {f"data/{job.where.split('/')[0]}" if _of_data(job) else job.run for job in graph}
    return logs_below([Path("logs", place) for place in sorted({*places, name})])


def _of_data(job: Job) -> bool:
    return job.rule in ("fetch", "prepare", "split")


def _is_done(job: Job, logs: Mapping[Job, JobLog]) -> bool:
    if job.output:
        return Path(job.output).is_file()
    return job in logs and logs[job].state == "done"


def job_of_log(rule: str, wildcards: Mapping[str, str]) -> Job:
    """The job that a log is of."""
    rule = rule.removesuffix("_shard")
    parts: Sequence[str] = {
        "split": ("dataset", "split"),
        "prepare": ("dataset",),
        "fetch": ("raw",),
        "join_shards": ("run", "table"),
        "tabulate_study": ("study",),
        "plot_labels": ("study",),
    }.get(rule, ("run",))
    where = "/".join(wildcards.get(part, "") for part in parts)
    if rule == "read_teacher":
        where += f"/external/{wildcards.get('teacher', '')}"
    where += f"/shard{wildcards['s']}" if "s" in wildcards else ""
    return Job(rule, where, int(wildcards.get("g", 0)), int(wildcards.get("i", 0)))
