"""D: numbers that explode, vanish or say nothing: finite, or stopped with the cause; and an alarm where it is seen afterwards."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from dissent.core.files import read_json
from faults import made, rules
from faults.product import Said, dissent, named, refused
from faults.suite import Injection, Silent

NETWORK = made.NETWORK


def prepared(network: str = NETWORK, dataset: str = made.DATASET, change: Callable[[], object] = lambda: None) -> None:
    """A project with other settings or images, and its plan."""
    made.plain()
    made.settings(dataset, network=network)
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


CAUSES = ("loss", "rate", "steps", "no pairs", "empty", "dropped")


def explodes(network: str) -> str:
    """The loss leaves all bounds: the training stops with the step, or an alarm tells it."""
    prepared(network)
    said = first()
    job, last = said[-1]
    if last.code:
        return refused(last, "loss", ("rate", "clip"))
    for job, one in said:
        if job.rule == "train":
            named(one, ("loss", "alarm"))
    return _alarm("")


def _alarm(word: str) -> str:
    """The results carry an alarm of this name."""
    stopped = rest()
    found = [one["alarm"] for g in range(3) for one in _alarms(g)]
    if stopped and not found:
        return refused(stopped, CAUSES)
    if not any(word in name for name in found):
        raise Silent(f"no alarm {word} among {found}")
    return "told"


def _alarms(generation: int) -> list[dict]:
    path = Path(f"results/cells/gen{generation}/metrics.json")
    return read_json(path).get("alarms", []) if path.exists() else []


def useless(network: str, word: str) -> str:
    """A training that learns nothing is told: by check, by the job, or by an alarm."""
    prepared(network)
    said = dissent("check", "cells", "--settings", "settings")
    if said.code:
        return refused(said, word)
    done = first()
    if done[-1][1].code:
        return refused(done[-1][1], word)
    return _alarm("")


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


def said_of(change: Callable[[], object], dataset: str, words: tuple) -> str:
    """Images or masks that cannot teach: `dissent check` says it, or a job stops with it, or an alarm is raised."""
    made.plain()
    made.settings(dataset)
    change()
    said = dissent("check", "cells", "--settings", "settings")
    if said.code or any(word in said.text for word in words):
        return named(said, words)
    rules.plan_jobs()
    done = first()
    if done[-1][1].code:
        return refused(done[-1][1], words)
    return _alarm("")


def finite(network: str) -> str:
    """A hard setting that is right: every number that is written is finite."""
    prepared(network)
    _, last = first()[-1]
    if last.code:
        return refused(last, ("loss", "memory", "precision", "batch"))
    for path in Path("results").rglob("history.csv"):
        if any(word in path.read_text().lower() for word in ("nan", "inf")):
            raise Silent(f"{path} has numbers that are none")
    return "survived"


def identical() -> str:
    """Two teachers that are one: an alarm."""
    prepared()
    first()
    shutil.copytree("results/cells/gen0/students/1", "results/cells/gen0/students/2", dirs_exist_ok=True)
    return _alarm("identical_teachers")


def background() -> str:
    """Teachers that see nothing anywhere: an alarm."""
    prepared(NETWORK.replace("steps: 12", "steps: 1"), change=_masks(_one_corner))
    first()
    return _alarm("")


def _one_corner(ids: np.ndarray) -> np.ndarray:
    made_of = np.zeros_like(ids)
    made_of[:2, :2] = 255
    return made_of


IGNORED = made.DATASET.replace("coding: {name: zero_255}", "coding: {name: index, ignore: [255]}")
CASES: dict[str, Callable[[], str]] = {
    "a rate of 1e30": lambda: explodes(NETWORK + "optimizer: {name: sgd, rate: 1e+30}\n"),
    "a rate of 1e12": lambda: explodes(NETWORK + "optimizer: {name: sgd, rate: 1e+12}\n"),
    "a rate of 1e6": lambda: explodes(NETWORK + "optimizer: {name: sgd, rate: 1e+6}\n"),
    "a rate of 10": lambda: useless(NETWORK + "optimizer: {name: sgd, rate: 10.0}\n", "rate"),
    "a rate of 1e-30": lambda: useless(NETWORK + "optimizer: {rate: 1.0e-30}\n", "rate"),
    "one step": lambda: useless(NETWORK.replace("steps: 12", "steps: 1"), "steps"),
    "batches of one": lambda: finite(NETWORK.replace("batch: 4", "batch: 1")),
    "batches larger than the data": lambda: finite(NETWORK.replace("batch: 4", "batch: 64").replace("steps: 12", "steps: 2")),
    "half precision": lambda: finite(NETWORK + "precision: bf16\n"),
    "fp16 on the CPU": lambda: finite(NETWORK + "precision: fp16\n"),
    "gradients cut to 1e-9": lambda: finite(NETWORK + "clip: 1.0e-9\n"),
    "an average that never moves": lambda: finite(NETWORK + "ema: 0.999999\n"),
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
