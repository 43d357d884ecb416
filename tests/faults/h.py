"""H: the workflow around the jobs: what is done again after a change is what the change touches, and nothing half is used."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from faults import h_plans, made, rules, snake
from faults.product import dissent, named, refused, went_well
from faults.suite import Injection, Silent, Unnamed


def half_output() -> str:
    """A file that a killed job left half is not taken for a result when Snakemake starts again."""
    whole = made.base(snake.recorded)
    path = Path("results/cells/gen2/audit.json")
    path.unlink()
    path.write_text('{"half": ')
    os.utime(path, (1, 1))
    said = dissent("verify")
    if said.code == 0:
        raise Silent("verify takes half a file")
    named(said, str(path))
    went_well(snake.snakemake("--force", str(path)))
    return rules.same_as(whole)


def lost_table() -> str:
    """Masks whose table is gone, in a copy of a project, where dates tell nothing: one of them may be the user's."""
    made.base(snake.recorded)
    table = Path("results/cells/gen1/masks.csv")
    table.unlink()
    return refused(snake.snakemake("-n", snake.REPORT), str(table), "Move them away")


def stale_lock() -> str:
    """The lock of a Snakemake that was killed does not stop the next one, or the message says what to do."""
    made.base(snake.recorded)
    lock = Path(".snakemake/locks/0.output.lock")
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.write_text("results/cells/gen0/pairs.csv\n")
    Path("results/cells/report.html").unlink()
    said = snake.snakemake(snake.REPORT)
    return "survived" if said.code == 0 else refused(said, "--unlock")


def killed(job: str) -> str:
    """Snakemake and its job die together (kill -9); the same command ends with the same bytes."""
    whole = made.base(snake.recorded)
    target = {
        "train": "results/cells/gen2/students/1/model.safetensors",
        "predict": "results/cells/gen1/predictions.csv",
    }[job]
    folder = str(Path(target).parent if job == "train" else Path(target).with_suffix(""))
    shutil.rmtree(folder)
    Path(target).unlink(missing_ok=True)
    shutil.rmtree("work", ignore_errors=True)
    running = snake.started(target)
    deadline = time.monotonic() + 60
    while not Path(folder).exists() and running.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    if running.poll() is not None:
        raise Unnamed(f"Snakemake ended with {running.returncode} before it could be killed")
    os.killpg(running.pid, 9)
    running.wait()
    said = snake.snakemake("--rerun-incomplete", target)
    if said.code:
        raise Unnamed(f"the same command failed: {said.text[-1500:]}")
    return rules.same_as(whole)


def failing_job() -> str:
    """A job that fails leaves nothing that a later one would use, and the message names the file."""
    made.base(snake.recorded)
    for path in ("results/cells/gen1/masks.csv", "results/cells/gen1/pairs.csv"):
        Path(path).unlink()
    shutil.rmtree("results/cells/gen1/masks")
    prediction = sorted(Path("results/cells/gen1/predictions/teacher1").iterdir())[0]
    prediction.write_bytes(b"")
    said = snake.snakemake("results/cells/gen1/pairs.csv", "--rerun-triggers", "mtime")
    if Path("results/cells/gen1/pairs.csv").exists():
        raise Silent("pairs were made of a damaged prediction")
    return refused(said, prediction.name)


def wrong_target(target: str, *words: str) -> str:
    made.base(made.plain)
    made.settings(network=rules.NETWORK)
    return refused(snake.snakemake("-n", target), *words)


CASES: dict[str, Callable[[], str]] = {
    "half a file with an old date": half_output,
    "masks whose table is gone": lost_table,
    "the lock of a killed Snakemake": stale_lock,
    "kill -9 of Snakemake and its trainer": lambda: killed("train"),
    "kill -9 of Snakemake and its prediction": lambda: killed("predict"),
    "a job that fails in the middle": failing_job,
    "a generation that is not there": lambda: wrong_target("results/cells/gen7/metrics.json", "gen", "7"),
    "a student that is not there": lambda: wrong_target("results/cells/gen1/students/9/model.json", "students", "9"),
    "a run that is not there": lambda: wrong_target("results/cell/report.html", "cell", "cells"),
    "a split that is not there": lambda: wrong_target("data/cells/splits/fwe/val.csv", "fwe", "few"),
}


def injections(seed: int) -> list[Injection]:
    return [
        *[
            Injection(f"plan: {change.__name__.replace('_', ' ')}", lambda a=(change, right): h_plans.planned(*a))
            for change, right in h_plans.PLANS.items()
        ],
        *[
            Injection(f"an edit of {name}", lambda a=(name, right): h_plans.edited(*a))
            for name, right in h_plans.EDITS.items()
        ],
        *[Injection(title, run) for title, run in CASES.items()],
    ]
