"""H: what is planned after a change of settings, files or code: what the change touches, and no more."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from faults import made, rules, snake
from faults.product import dissent, named, went_well
from faults.snake import would_do
from faults.suite import Lost, Silent, Unnamed

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
    _change(EXPERIMENT, "students: 2", "students: 3")


def more_steps() -> None:
    _change(NETWORK, "steps: 24", "steps: 28")


def other_checkpoint_seconds() -> None:
    """How often a checkpoint is written changes no result but what the report says of the settings."""
    _change(NETWORK, "checkpoint_seconds: 1", "checkpoint_seconds: 7")


def other_seed() -> None:
    _change(EXPERIMENT, "students: 2", "students: 2\nseed: 5")


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


def gone_folder() -> None:
    shutil.rmtree("results/cells/gen2/predictions")


def gone_model() -> None:
    Path("results/cells/gen0/students/1/model.safetensors").unlink()


def gone_report() -> None:
    Path("results/cells/report.html").unlink()


HARM = {
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
    gone_folder: lambda plan: plan.get("predict", 0) == 1,
    gone_model: lambda plan: plan.get("train", 0) >= 1,
    gone_report: lambda plan: plan.get("report") == 1 and len(plan) == 1,
}
RULES = ("prepare", "train", "build_masks", "report")
EDITS = {  # code: how many jobs of RULES have to run anew
    "steps/train.py": (0, 6, 2, 1),
    "pseudolabels/evalnet_examples.py": (0, 0, 0, 0),  # which this experiment does not use
    "config/budget.py": (0, 0, 0, 0),  # which plans, and computes nothing
    "steps/build_masks.py": (0, 4, 2, 1),
    "steps/predict.py": (0, 4, 2, 1),
    "datasets/convert.py": (1, 6, 2, 1),
    "datasets/decode.py": (1, 6, 2, 1),
    "consensus.py": (0, 4, 2, 1),
    "evaluation/metrics.py": (0, 6, 2, 1),
    "config/network.py": (0, 6, 2, 1),
    "report/page.py": (0, 0, 0, 1),
    "pseudolabels/aggregate/agreement.py": (0, 4, 2, 1),
    "core/seeds.py": (0, 6, 2, 1),
    "core/png.py": (1, 6, 2, 1),
}


def edited(name: str, right: tuple[int, ...]) -> str:
    """An edit of code runs anew whose script imports it, and not the others."""
    made.base(snake.recorded)
    snakefile = snake.own_repository()
    script = snakefile.parent / "workflow/scripts/dissent" / name
    if not script.exists():
        raise Unnamed(f"{name} is not there: the suite names a module that was moved")
    # its templates lie elsewhere
    went_well(snake.snakemake(snake.REPORT, "--touch", "--forceall", snakefile=snakefile))
    script.write_text(script.read_text() + "\nEDITED = 1\n")
    plan = would_do(snakefile=snakefile)
    if tuple(plan.get(rule, 0) for rule in RULES) != right or (plan and not any(right)):
        raise Silent(f"after an edit of {name} the plan is {plan}")
    return "survived"
