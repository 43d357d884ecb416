"""Tell how far runs are: what runs where, steps, scores, the time left, and what failed with the line of its log.

It only reads, and may be asked at any time. Without a name it has a line for each run below results/. Time left is by the
trainings that lie there, and by the pace of those that run."""

import argparse
import time
from pathlib import Path

from dissent.cli.machine import cores
from dissent.cli.outdated import outdated
from dissent.cli.report import generations_done
from dissent.cli.settings import add_config_dir, config_of, settings_folder
from dissent.cli.status.state import State, state_of
from dissent.cli.text import columns, duration
from dissent.config.task import merit
from dissent.core.files import UserError, read_json
from dissent.core.places import SHIPPED
from dissent.core.rebuild_hint import first
from dissent.core.words import printable
from dissent.planning.job import Job
from dissent.planning.paths import Plan
from dissent.runtime.job_logs import JobLog

EXAMPLES = """examples:
  dissent status
  dissent status mine
  watch dissent status mine"""
_LINES = 12  # of one error


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `dissent status`."""
    parser.add_argument("run", nargs="?", help="a run or a study; default: all that lie in results/")
    add_config_dir(parser)


def run(args: argparse.Namespace) -> int:
    """Print the tables; returns 0."""
    folder = settings_folder(args.config_dir)
    config_of(folder)
    plan = Plan({"config_dir": str(folder)}, str(SHIPPED))
    print(_one(plan, args.run) if args.run else _all(plan))
    return 0


def _all(plan: Plan) -> str:
    """A line for each run that is no control of another, and for each study."""
    rows, unknown = [], 0
    names = sorted({path.name for folder in ("results", "logs") for path in Path(folder).glob("*") if path.is_dir()})
    controls: set[str] = set()
    for name in names:
        try:
            controls.update(one.name for one in plan.config.controls(name))
        except UserError:
            unknown += name not in ("data", "studies")
    for name in names:
        try:
            if name in controls or not (state := state_of(plan, name)).logs:
                continue
        except UserError:
            continue
        rows.append([name, *_counts(state), *_left(state)])
    if not rows:
        return "nothing was run here yet: `dissent init FOLDER` begins, and `make demo` shows what comes of it"
    told = columns([["run", "jobs done", "of", "running", "failed", "left"], *rows])
    return told + (f"\n{unknown} more folders are of runs that no settings know" if unknown else "")


def _counts(state: State) -> list[object]:
    return [len(state.done), len(state.graph), len(state.of("running")), len(_failed(state))]


def _left(state: State) -> list[str]:
    return [duration(state.left(cores())) if len(state.done) < len(state.graph) else "none"]


def _failed(state: State) -> dict[Job, JobLog]:
    return state.of("failed") | state.of("lost")


def _one(plan: Plan, name: str) -> str:
    """All of one run, or study."""
    state = state_of(plan, name)
    running, failed, stopped = state.of("running"), _failed(state), state.of("stopped")
    done, jobs = len(state.done), len(state.graph)
    head = f"{name}: {done} of {jobs} jobs are done"
    if done < jobs:
        side = f"{cores()} core{'s' * (cores() > 1)}"
        head += f", {len(running)} run, {len(failed)} failed; about {duration(state.left(cores()))} left with {side}"
    parts = [head, _running(running), _told_failed(failed), _scores(state)]
    if stopped and not running:
        parts.append(f"stopped: {', '.join(told(job) for job in stopped)}; the same command goes on from there")
    target = f"results/{name}/report.html" if len(state.runs) and name == state.runs[0].name else ""
    target = target or f"results/studies/{name}/table.html"
    parts += _changed(plan, state, target)
    if done == jobs:
        parts.append(f"look at {target}")
    elif not running:
        parts.append(f"no job runs now; to go on: {first([target])}")
    if done < jobs and generations_done(state.runs[0]) and target.endswith("report.html"):
        parts.append(f"a report of what is done: dissent report {name}")
    return "\n\n".join(part for part in parts if part)


def _changed(plan: Plan, state: State, target: str) -> list[str]:
    """A line on each data set whose raw files or own masks are others than those that it was prepared from."""
    one_each = {run.dataset_name: run for run in reversed(state.runs)}.values()
    return [f"{told_so}, and this makes it: {first([target])}" for run in one_each if (told_so := outdated(plan, run))]


def _running(running: dict[Job, JobLog]) -> str:
    rows = []
    for job, log in running.items():
        step, steps, score, left = log.progress or ("", "", "", None)
        at = f"{step}/{steps}" if step else printable(log.last)[:40]
        time_left = duration(left) if left is not None else ""
        rows.append(
            [told(job), f"{log.host}, process {log.pid}", duration(time.time() - log.started), at, score, time_left]
        )
    return columns([["runs now", "where", "since", "step", "score", "left"], *rows], "") if rows else ""


def _told_failed(failed: dict[Job, JobLog]) -> str:
    lines = []
    for job, log in failed.items():
        why = (
            log.error
            or f"ended without a word, as after a kill or where memory ran out; its last line: {log.last or 'none'}"
        )
        first_line, *more = why.splitlines()[:_LINES]
        ago = duration(time.time() - log.touched)
        lines.append(f"failed: {told(job)}, {ago} ago: {printable(first_line)}")
        lines += [f"    {printable(line)}" for line in more]
        lines.append(f"    its log: {log.path}")
    return "\n".join(lines)


def told(job: Job) -> str:
    """A job by the words that a person has for it."""
    who = {"train": f" student {job.member}", "train_evalnet": f" {job.member}"}.get(job.rule, "")
    has_generation = job.rule not in ("prepare", "split", "fetch", "report", "browse", "train_evalnet", "rank_evalnets")
    generation = f" gen{job.generation}" if has_generation and "studies" not in job.where else ""
    return f"{job.rule} {job.where}{generation}{who}"


def _scores(state: State) -> str:
    """Students and scores of each generation that has begun."""
    rows = []
    for run in state.runs:
        score = run.dataset.task.score
        for g in range(run.method.last + 1):
            wanted = [
                job for job in state.graph if job.rule == "train" and (job.where, job.generation) == (run.name, g)
            ]
            trained = [job for job in wanted if job in state.done]
            if not trained:
                continue
            folder = Path("results", run.name, f"gen{g}")
            values = [_score(Path(job.output).with_name("metrics.json"), "val", score) for job in trained]
            best = max(values, key=lambda value: merit(value, score))
            test = _score(folder / "metrics.json", "test", "")
            rows.append(
                [run.name, f"gen{g}", f"{len(trained)} of {len(wanted)}", score, _percent(best), _percent(test)]
            )
    return columns([["run", "", "trained", "score", "best on val", "test"], *rows], "") if rows else ""


def _score(path: Path, subset: str, score: str) -> float | None:
    """A score from a student's or a generation's metrics.json; None where there is none yet."""
    try:
        found = read_json(path)
    except UserError:
        return None
    part = found.get(subset) or {}
    if subset == "test":
        return ((part.get("pool") or {}).get(found.get("score"), {}) or {}).get("mean")
    return (part.get(score) or {}).get("value")


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.1f}"
