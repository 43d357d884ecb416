"""H: the workflow around the jobs: what is done again after a change is what the change touches, and nothing half is used."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from faults import made, rules, snake
from faults.product import dissent, named, refused, went_well
from faults.snake import would_do
from faults.suite import Injection, Lost, Silent, Unnamed

EXPERIMENT, NETWORK, DATASET = (
    f"settings/{kind}.yaml" for kind in ("experiments/cells", "networks/tiny", "datasets/cells")
)


def _change(path: str, old: str, new: str) -> None:
    text = Path(path).read_text()
    assert old in text, (path, old)
    Path(path).write_text(text.replace(old, new, 1))


def planned(change: Callable[[], object], right: Callable[[dict], bool]) -> str:
    """After a change the plan holds what it touches (`right`); the results are still what they were until then."""
    whole = made.base(snake.recorded)
    change()
    found = would_do()
    if change.__name__ in HARM and not found:  # Snakemake does not miss what nobody asks for: verify does
        return named(dissent("verify"), HARM[change.__name__])
    if not right(found):
        raise Silent(f"the plan is {found}")
    if rules.lasting() != whole and change.__name__ not in HARM:
        raise Lost("a plan has changed results")
    return "survived"


def nothing() -> None:
    """No change."""


def touched() -> None:
    """Raw files and settings get new dates, and the same bytes."""
    for path in [*Path("raw").rglob("*"), *Path("settings").rglob("*.yaml")]:
        os.utime(path)


def comment() -> None:
    """A comment in a settings file."""
    for path in (EXPERIMENT, NETWORK, DATASET):
        Path(path).write_text(Path(path).read_text() + "# looked at\n")


def more_generations() -> None:
    _change(EXPERIMENT, "generations: 2", "generations: 3")


def larger_pool() -> None:
    _change(EXPERIMENT, "pool: 2", "pool: 3")


def more_steps() -> None:
    _change(NETWORK, "steps: 24", "steps: 28")


def other_checkpoint_seconds() -> None:
    """How often a checkpoint is written changes no result but what the report says of the settings."""
    _change(NETWORK, "checkpoint_seconds: 1", "checkpoint_seconds: 7")


def other_seed() -> None:
    _change(EXPERIMENT, "pool: 2", "pool: 2\nseed: 5")


def new_image() -> None:
    image, _ = made.pair(77)
    made.save("raw/images/i77.png", image)


def lost_image() -> None:
    Path("raw/images/i09.jpg").unlink()


def corrected_mask() -> None:
    _, ids = made.pair(78)
    made.save("raw/masks/i00.png", ids * np.uint8(255))


def other_split() -> None:
    _change(DATASET, "seed: 1", "seed: 2")


def gone_table() -> None:
    Path("results/cells/gen1/masks.csv").unlink()


def gone_folder() -> None:
    shutil.rmtree("results/cells/gen2/predictions")


def gone_model() -> None:
    Path("results/cells/gen0/students/1/model.safetensors").unlink()


def gone_report() -> None:
    Path("results/cells/report.html").unlink()


HARM = {
    "gone_table": "results/cells/gen1/masks.csv",
    "gone_folder": "results/cells/gen2/predictions",
    "gone_model": "results/cells/gen0/students/1/model.safetensors",
    "gone_report": "results/cells/report.html",
}
PLANS: dict[Callable[[], object], Callable[[dict], bool]] = {
    nothing: lambda plan: not plan,
    touched: lambda plan: not plan,
    comment: lambda plan: not plan,
    more_generations: lambda plan: plan.get("train") == 2 and plan.get("predict") == 1 and "prepare" not in plan,
    larger_pool: lambda plan: plan.get("train", 0) >= 3 and "prepare" not in plan,
    more_steps: lambda plan: plan.get("train") == 6 and "prepare" not in plan,
    other_checkpoint_seconds: lambda plan: plan.keys() <= {"report"},
    other_seed: lambda plan: plan.get("train") == 6 and "prepare" not in plan,
    new_image: lambda plan: plan.get("prepare") == 1 and plan.get("split") == 1,
    lost_image: lambda plan: plan.get("prepare") == 1 and plan.get("split") == 1,
    corrected_mask: lambda plan: plan.get("prepare") == 1,
    other_split: lambda plan: plan.get("split") == 1 and "prepare" not in plan,
    gone_table: lambda plan: plan.get("build_masks", 0) >= 1,
    gone_folder: lambda plan: plan.get("predict", 0) == 1,
    gone_model: lambda plan: plan.get("train", 0) >= 1,
    gone_report: lambda plan: plan.get("report") == 1 and len(plan) == 1,
}
EDITS = {  # code: a rule that has to run anew, one that has not
    "steps/train.py": ("train", "prepare"),
    "pseudolabels/evalnet_examples.py": (None, "prepare"),
    "config/budget.py": (None, "prepare"),
    "steps/build_masks.py": ("build_masks", "prepare"),
    "steps/predict.py": ("predict", "prepare"),
    "datasets/convert.py": ("prepare", None),
    "datasets/decode.py": ("prepare", None),
    "consensus.py": ("build_masks", "prepare"),
    "evaluation/metrics.py": ("train", "prepare"),
    "config/network.py": ("train", "prepare"),
    "report/page.py": (None, "train"),
    "pseudolabels/aggregate/agree.py": ("build_masks", "prepare"),
    "core/seeds.py": ("train", "prepare"),
    "core/png.py": ("prepare", None),
}


def edited(name: str, must: str | None, never: str | None) -> str:
    """An edit of code runs anew whose script imports it, and not the others."""
    made.base(snake.recorded)
    snakefile = snake.own_repository()
    script = snakefile.parent / "workflow/scripts/dissent" / name
    plan = would_do(snakefile=snakefile)
    if plan.keys() - {"report"}:  # whose templates lie elsewhere
        raise Unnamed(f"a copy of the code is other code: {plan}")
    if not script.exists():
        return "survived"  # renamed since
    script.write_text(script.read_text() + "\nEDITED = 1\n")
    plan = would_do(snakefile=snakefile)
    if (must and must not in plan) or (never and never in plan):
        raise Silent(f"after an edit of {name} the plan is {plan}")
    return "survived"


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
            Injection(f"plan: {change.__name__.replace('_', ' ')}", lambda a=(change, right): planned(*a))
            for change, right in PLANS.items()
        ],
        *[Injection(f"an edit of {name}", lambda a=(name, *rest): edited(*a)) for name, rest in EDITS.items()],
        *[Injection(title, run) for title, run in CASES.items()],
    ]
