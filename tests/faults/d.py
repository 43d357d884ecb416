"""D: numbers that explode, vanish or say nothing: finite, or stopped with the cause; and an alarm where it is seen afterwards."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from dissent.core.files import read_json, read_table
from faults import made, rules
from faults.product import Said, dissent, named, refused, went_well
from faults.suite import Injection, Silent, Unnamed


def network(optimizer: str = "{learning_rate: 3.0e-3}", steps: int = 24, batch: int = 4, more: str = "") -> str:
    """One that learns the discs in moments (IoU of .2 to .3) and raises no alarm: see `healthy`."""
    return (
        f"architecture: unet1x1\nwidth: 0.5\nsteps: {steps}\nbatch_size: {batch}\nloss: [ce]\nvalidate_every: 6\n"
        f"norm_momentum: 0.3\nresources: {{threads: 1}}\noptimizer: {optimizer}\n{more}"
    )


def prepared(text: str = network(), dataset: str = made.DATASET, change: Callable[[], object] = lambda: None) -> None:
    """A project with other settings or images, and its plan."""
    made.plain()
    made.settings(dataset, network=text)
    change()
    rules.plan_jobs()


def first() -> list[tuple[rules.Job, Said]]:
    """What the jobs of generation 0 said up to its students, or up to the first that stops."""
    said = []
    for job in rules.jobs():
        if job.rule in FIRST and getattr(job.wildcards, "g", "0") == "0":
            said.append((job, rules.perform(job)))
            if said[-1][1].code:
                break
    return said


def rest() -> Said | None:
    """Do all jobs after `first`; what the one said that stopped, if one did."""
    for job in rules.jobs():
        if not all(Path(path).exists() for path in job.output):
            said = rules.perform(job)
            if said.code:
                return said
    return None


FIRST = ("prepare", "split", "assemble_pairs", "train")


def healthy() -> str:
    """Without a fault there is no alarm, so that each alarm below is the fault's own."""
    prepared()
    first()
    if stopped := rest():
        raise Unnamed(f"a healthy project stopped: {stopped.text[-800:]}")
    if _alarms():
        raise Unnamed(f"a healthy project raises {_alarms()}")
    return "survived"


def explodes(text: str) -> str:
    """The loss leaves all bounds: the training stops with the step and says what to change."""
    prepared(text)
    _, last = first()[-1]
    return refused(last, "loss", ("rate", "clip"))


def _alarm(*names: str) -> str:
    """The results carry an alarm of one of these names, as those of `healthy` do not."""
    if stopped := rest():
        raise Unnamed(f"stopped, where an alarm {names} is due: {stopped.text[-800:]}")
    if not set(names) & set(_alarms()):
        raise Silent(f"no alarm {names} among {_alarms()}")
    return "told"


def _alarms() -> list[str]:
    """Names of the alarms of all generations."""
    files = sorted(Path("results/cells").glob("gen*/metrics.json"))
    return sorted({one["alarm"] for path in files for one in read_json(path)["alarms"]})


def useless(text: str, *alarms: str) -> str:
    """A training that learns nothing raises one of these alarms."""
    prepared(text)
    went_well(dissent("check", "cells", "--config-dir", "settings"))
    for _, said in first():
        went_well(said)
    return _alarm(*alarms)


def _masks(
    make: Callable[[np.ndarray], np.ndarray], of: Callable[[int], bool] = lambda number: True
) -> Callable[[], None]:
    def change() -> None:
        for number in range(9):
            if of(number):
                made.save(f"raw/masks/i{number:02}.png", make(made.pair(number)[1]))

    return change


def _images(make: Callable[[np.ndarray], np.ndarray]) -> Callable[[], None]:
    def change() -> None:
        for path in sorted(Path("raw/images").iterdir()):
            number = int(path.stem[1:])
            path.unlink()
            made.save(path.with_suffix(".png"), make(made.pair(number)[0]))

    return change


def setting(text: str, *words: str) -> str:
    """A setting with which nothing can be learned is refused by name."""
    made.plain()
    made.settings(network=text)
    return refused(dissent("check", "cells", "--config-dir", "settings"), *words)


def said_of(change: Callable[[], object], dataset: str, words: tuple) -> str:
    """Images or masks that cannot teach: `dissent check` says it."""
    made.plain()
    made.settings(dataset)
    change()
    return named(dissent("check", "cells", "--config-dir", "settings"), words)


def finite(text: str) -> str:
    """A hard setting that is right: every number that is written is finite."""
    prepared(text)
    _, last = first()[-1]
    stopped = last if last.code else rest()
    if stopped:
        return refused(stopped, ("loss", "memory", "precision", "batch"))
    found = [path for path in sorted(Path("results").rglob("*")) if _numbers_that_are_none(path)]
    if found:
        raise Silent(f"numbers that are none in {found}")
    return "survived"


def _numbers_that_are_none(path: Path) -> list[str]:
    """What a JSON file or a table has of NaN and infinities."""
    if path.suffix == ".json":
        none: list[str] = []
        json.loads(path.read_text(), parse_constant=none.append)
        return none
    if path.suffix == ".csv":
        cells = [cell for row in read_table(path) for cell in row.values()]
        return [cell for cell in cells if cell.strip("+-").lower() in ("nan", "inf", "infinity")]
    return []


def identical() -> str:
    """Two teachers that are one: an alarm."""
    prepared()
    first()
    shutil.copytree("results/cells/gen0/students/1", "results/cells/gen0/students/2", dirs_exist_ok=True)
    return _alarm("identical_teachers")


def background() -> str:
    """Teachers that see nothing anywhere: an alarm."""
    prepared(network("{name: sgd, learning_rate: 0.3}", steps=48), change=_masks(_one_corner))
    first()
    return _alarm("all_background")


def _one_corner(ids: np.ndarray) -> np.ndarray:
    made_of = np.zeros_like(ids)
    made_of[:2, :2] = 255
    return made_of


IGNORED = made.DATASET.replace("mask_encoding: {name: zero_255}", "mask_encoding: {name: index, ignore: [255]}")
CASES: dict[str, Callable[[], str]] = {
    "nothing wrong": healthy,
    "a rate of 1e30": lambda: explodes(network("{name: sgd, learning_rate: 1e+30}")),
    "a rate of 1e12": lambda: explodes(network("{name: sgd, learning_rate: 1e+12}")),
    "a rate of 1e6": lambda: explodes(network("{name: sgd, learning_rate: 1e+6}")),
    "a rate of 10": lambda: explodes(network("{name: sgd, learning_rate: 10.0}")),
    "a rate of 1e-30": lambda: setting(network("{learning_rate: 1.0e-30}"), "optimizer.learning_rate: 1e-30"),
    "one step": lambda: useless(network(steps=1), "class_floods", "class_vanishes", "learned_nothing"),
    "batches of one": lambda: finite(network(batch=1)),
    "batches larger than the data": lambda: finite(network(batch=64, steps=2)),
    "half precision": lambda: finite(network(more="precision: bf16\n")),
    "fp16 on the CPU": lambda: finite(network(more="precision: fp16\n")),
    "gradients cut to 1e-9": lambda: finite(network(more="gradient_clip: 1.0e-9\n")),
    "an average that never moves": lambda: finite(network(more="ema_decay: 0.999999\n")),
    "every pixel ignored": lambda: said_of(_masks(lambda ids: ids * 0 + np.uint8(255)), IGNORED, ("say nothing", "nothing to learn")),
    "labelled pixels ignored, validation good": lambda: said_of(_masks(lambda ids: ids * 0 + np.uint8(255), lambda number: number < 6), IGNORED, ("say nothing", "nothing to learn")),
    "masks without an object": lambda: said_of(_masks(lambda ids: ids * np.uint8(0)), made.DATASET, ("no mask of", "object")),
    "masks of the object alone": lambda: said_of(_masks(lambda ids: ids * 0 + np.uint8(255)), made.DATASET, ("has a pixel of background",)),
    "black images": lambda: said_of(_images(lambda image: image * np.uint8(0)), made.DATASET, ("same pixels", "constant", "black")),
    "constant images, each another": lambda: said_of(_images(lambda image: image * 0 + image[0, 0, 0]), made.DATASET, ("constant", "one colour", "same pixels")),
    "identical teachers": identical,
    "teachers that see nothing": background,
}  # fmt: skip


def injections(seed: int) -> list[Injection]:
    return [Injection(title, run) for title, run in CASES.items()]
