"""The time left of what a command line asks for, by what trainings took before and by the pace of those that run."""

import contextlib
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from dissent.cli.machine import cores
from dissent.cli.status.state import State, job_of_log
from dissent.cli.text import duration
from dissent.core.files import UserError
from dissent.core.places import SHIPPED
from dissent.planning.estimate import estimate_jobs
from dissent.planning.job import Job
from dissent.planning.jobs import Graph, planned
from dissent.planning.paths import Plan
from dissent.runtime.job_logs import read_log

_MANY = 20  # times what a look costs passes before the next
_CORES = re.compile(r"(?:--cores|-c|--jobs|-j)(?:=?(\d+))?")


class Left:
    """Knows which jobs are left. Where the command line asks for something that no plan tells, it goes by their number."""

    def __init__(self, words: Sequence[str], stats: Mapping[str, int]):
        self._stats = {rule.removesuffix("_shard"): number for rule, number in stats.items()}
        self._total, self._done = int(stats["total"]), 0
        self._began = time.time()
        self._running: dict[Job, Path] = {}
        self._cores = _cores_of(words)
        self._next = 0.0
        self._seconds: float | None = None
        self._state: State | None = None
        with contextlib.suppress(UserError, OSError, KeyError):
            self._state = self._plan(words)

    def _plan(self, words: Sequence[str]) -> State | None:
        folder = next((word.split("=", 1)[1] for word in words if word.startswith("config_dir=")), "config")
        plan = Plan({"config_dir": folder}, str(SHIPPED))
        graph = planned(plan, [word.removeprefix("./") for word in words if re.match(r"(\./)?(results|data)/", word)])
        names = sorted(
            {job.run for job in graph if job.rule not in ("fetch", "prepare", "split") and "/" not in job.run}
        )
        runs = [plan.config.run(name) for name in names if name not in plan.config.names("studies")]
        if not runs:
            return None
        todo = self._to_do(graph)
        return State(plan, runs, graph, {}, estimate_jobs(plan, todo, runs, anew=todo), set(graph.keys() - todo))

    def _to_do(self, graph: Graph) -> set[Job]:
        """As many jobs of each rule as Snakemake says: those first whose files lack."""
        todo: set[Job] = set()
        for rule, number in self._stats.items():
            jobs = [job for job in graph if job.rule == rule]
            jobs.sort(key=lambda job: bool(job.output and Path(job.output).is_file()))
            todo.update(jobs[:number])
        return todo

    def began(self, rule: str, wildcards: Mapping[str, str], logs: Sequence[str]) -> None:
        """A job has begun; its log tells how far it is."""
        if logs:
            self._running[job_of_log(rule, wildcards)] = Path(logs[0])

    def finished(self, rule: str, wildcards: Mapping[str, str]) -> None:
        """A job is done."""
        self._done += 1
        self._next = 0.0
        job = job_of_log(rule, wildcards)
        self._running.pop(job, None)
        if self._state is not None and job in self._state.graph:
            self._state.done.add(job)

    def share(self) -> float:
        """How much of all is done, by time."""
        left, elapsed = self.seconds(), time.time() - self._began
        if left is None:
            return self._done / max(1, self._total)
        return min(0.999, elapsed / max(1.0, elapsed + left))

    def words(self) -> str:
        """The time left, for a person."""
        left = self.seconds()
        return "" if left is None else f"about {duration(left)} left"

    def seconds(self) -> float | None:
        """Seconds that are left; None where nothing is known yet."""
        now = time.time()
        if now >= self._next:
            began = time.perf_counter()
            self._seconds = self._look()
            self._next = now + max(1.0, _MANY * (time.perf_counter() - began))
        return self._seconds

    def _look(self) -> float | None:
        if self._state is None:
            elapsed = time.time() - self._began
            return elapsed / self._done * (self._total - self._done) if self._done else None
        self._state.logs.clear()
        for job, path in self._running.items():
            log = read_log(path)
            if log is not None and log.state == "running":
                self._state.logs[job] = log
        return self._state.left(self._cores)


def _cores_of(words: Sequence[str]) -> int:
    for number, word in enumerate(words):
        if match := _CORES.fullmatch(word):
            value = match[1] or "".join(words[number + 1 : number + 2])
            if value.isdigit():
                return max(1, int(value))
    return cores()
