"""Whether `dissent next` is worth it: masks are hidden, and uncovered round by round, as it says, by disagreement alone, or at random.

    python benchmarks/studies/next_images.py [--datasets isic_small ...] [--seeds 1 2 3] [--csv FOLDER]

Each cell is a data set, a seed and a rule. It begins with five labelled images and two small networks. Then the rule names five more, their
masks are uncovered, and the networks go on learning from all; five times. Images are made smaller, so that all of it takes half an hour on
one core. What is done stands in work/next/ and is not done again. The score is the mean IoU of the two networks on test images, all of which
have learned for as many steps. `--csv` writes FOLDER/next_images.csv (a row a data set and rule, with all rounds) and
FOLDER/next_images_gain.csv (what the rules gain over random).
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "workflow" / "scripts"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from next_tables import EACH, FIRST, HOME, ROUNDS, RULES, place, tables
from tables import markdown

from dissent import networks
from dissent.config.network import Network
from dissent.config.resolve import Config
from dissent.core.files import read_json, read_table, write_json, write_table
from dissent.core.seeds import generator, seed_of
from dissent.core.task import Task
from dissent.datasets import prepare, split
from dissent.datasets.groups import suggested
from dissent.datasets.near import Wanted, find
from dissent.evaluation import metrics
from dissent.evaluation.counting import count_all
from dissent.pseudolabels.next_images import features, scores
from dissent.pseudolabels.next_images.choose import choose
from dissent.runtime import Stop
from dissent.training import augment, inference
from dissent.training.checkpoint import Checkpoints
from dissent.training.data import Batch, Order, load_images, load_masks, to_tensor
from dissent.training.learners import LEARNERS, Course
from dissent.training.loop import fit
from dissent.training.losses import Loss

ROOT = Path(__file__).resolve().parents[2]
STUDENTS = 2
STEP = 5  # images that are labelled at first, and in each round
SETTINGS = {
    "isic_small": ("small", [48, 64]),
    "camvid_small": ("tenth", [48, 64]),
    "dsb_multilabel_small": ("tenth", [64, 64]),
}
"""{data set: its split, the size of its images here}"""
NETWORK = Network(
    architecture="unet1x1", width=0.5, norm_momentum=0.1, steps=EACH, batch_size=8, loss=["ce", "dice"],
    optimizer={"learning_rate": 0.003}, validate_every=FIRST,
).model_dump(mode="json")  # fmt: skip
MOST_TEST = 200


@dataclass
class World:
    """A data set whose masks are all known, to the simulation."""

    name: str
    task: Task
    turns: bool
    images: np.ndarray
    labels: np.ndarray
    groups: list[str]
    test: tuple[np.ndarray, np.ndarray]
    folder: Path
    ids: list[str]

    @cached_property
    def looks(self) -> np.ndarray:
        """How each image looks."""
        return np.stack([features.of_pixels(image) for image in self.images])

    @cached_property
    def truths(self) -> np.ndarray:
        """Where each image's labels lie."""
        return np.stack([features.of_labels(scores.known_planes(label, self.task)) for label in self.labels])

    @cached_property
    def alike(self) -> list[tuple[int, int]]:
        """Pairs that are nearly one image."""
        count = len(self.ids)
        paths = [self.folder / "images" / f"{name}.png" for name in self.ids]
        wanted = Wanted(np.zeros(count, np.int8), np.arange(count), within=(0,))
        found = find(paths, [self.images.shape[1:3]] * count, wanted, self.folder)
        return [(pair.first, pair.second) for pair in found.pairs]


def world(name: str) -> World:
    """Prepare the data set at its small size, unless that is done, and load it."""
    split_name, size = SETTINGS[name]
    dataset = Config(ROOT / "config").dataset(name).model_copy(update={"size": size})
    folder, settings = HOME / "data" / name, dataset.model_dump(mode="json")
    if not (folder / "splits" / split_name / "hidden.csv").is_file():
        raw = Path(dataset.raw) if Path(dataset.raw).is_dir() else ROOT / dataset.raw
        prepare(settings, name, str(raw), str(folder))
        split(settings, split_name, str(folder), str(folder / "splits" / split_name))
    tables = {one: folder / "splits" / split_name / f"{one}.csv" for one in ("labelled", "hidden", "test")}
    rows = {one: read_table(path) for one, path in tables.items()}
    pool = sorted(rows["labelled"] + rows["hidden"], key=lambda row: row["id"])
    order = generator("next", name, "test").permutation(len(rows["test"]))[:MOST_TEST]
    test = [rows["test"][i] for i in sorted(order)]
    channels = dataset.channels
    ids = [row["id"] for row in pool]
    found = suggested(ids)
    return World(
        name, Task(settings["task"]), dataset.rotation_invariant,
        load_images(pool, "the pool", channels), load_masks(pool, "the pool"),
        [found.of(one) for one in ids] if found else ids,
        (load_images(test, "test", channels), load_masks(test, "test")),
        folder, ids,
    )  # fmt: skip


def trained(here: World, chosen: list[int], key: tuple, state: Path, before: Path | None) -> torch.nn.Module:
    """One network, from the labels of these images; it goes on from the one whose checkpoint lies in `before`."""
    torch.manual_seed(seed_of(*key, "weights"))
    network = networks.build(NETWORK, here.task.outputs, here.images.shape[3])
    if before is not None:
        found = Checkpoints(before, "next").load()
        assert found is not None, before
        network.load_state_dict(found[1]["progress"]["best"])
    steps = FIRST if before is None else EACH
    loss = Loss(here.task, NETWORK["loss"], NETWORK["loss_options"])
    learner = LEARNERS["supervised"](network, loss, {}, Course(steps, 1, lambda: network))
    order = Order(len(chosen), NETWORK["batch_size"], key)

    def batches(step: int) -> tuple[Batch, dict]:
        drawn = [chosen[index] for index in order(step)]
        random = torch.Generator().manual_seed(seed_of(*key, "views", step))
        images, target = augment.view_of_pairs(
            to_tensor(here.images[drawn], "cpu"), torch.from_numpy(here.labels[drawn]), "weak", here.turns, random
        )
        return Batch(images.contiguous(memory_format=torch.channels_last), target, [here.ids[i] for i in drawn]), {}

    kept = Checkpoints(state, "next")
    progress = fit(learner, NETWORK, steps, batches, lambda _: None, kept, Stop(), key, "cpu", 1e9)
    network.load_state_dict(progress.best)
    return network


def said_of(here: World, pool: list[int], students: list[torch.nn.Module]) -> list[scores.Said]:
    """What the networks say of each image of the pool."""
    masks = [inference.masks(one, here.images[pool], here.task, "cpu", "fp32") for one in students]
    return [scores.said(list(several), here.task) for several in zip(*masks, strict=True)]


def at_random(
    here: World, chosen: list[int], pool: list[int], students: list[torch.nn.Module], key: tuple
) -> list[int]:
    """Any images."""
    return [pool[index] for index in generator(*key, "random").permutation(len(pool))[:STEP]]


def by_disagreement(
    here: World, chosen: list[int], pool: list[int], students: list[torch.nn.Module], key: tuple
) -> list[int]:
    """Those with most pixels on which the networks differ."""
    doubts = np.array([one.doubt for one in said_of(here, pool, students)])
    return [pool[index] for index in np.argsort(-doubts, kind="stable")[:STEP]]


def by_next(here: World, chosen: list[int], pool: list[int], students: list[torch.nn.Module], key: tuple) -> list[int]:
    """As `dissent next` does."""
    known = set(chosen)
    twins = {index for pair in here.alike for index in pair if known & set(pair)}
    pool = [index for index in pool if index not in twins] or pool
    said = said_of(here, pool, students)
    place = {index: at for at, index in enumerate(pool)}
    alike = [(place[one], place[other]) for one, other in here.alike if one in place and other in place]
    said_NL = np.stack([one.said_L for one in said])
    need_L = scores.need(scores.share_of(list(here.labels[chosen]), here.task), said_NL.mean(0))
    worth_N = scores.worth(np.stack([one.differs_L for one in said]), said_NL, need_L).sum(1)
    places_NF = np.stack([features.of_labels(one.planes_LHW) for one in said])
    both = features.together((places_NF, here.looks[pool]), (here.truths[chosen], here.looks[chosen]))
    found = choose(worth_N, *both, [here.groups[index] for index in pool], alike, STEP)
    return [pool[choice.index] for choice in found]


CHOOSE: dict[str, Callable[..., list[int]]] = {"random": at_random, "disagreement": by_disagreement, "next": by_next}


def cell(here: World, seed: int, rule: str) -> None:
    """All rounds of one data set, seed and rule; a round that is done is read."""
    chosen = [int(i) for i in generator("next", here.name, seed, "first").permutation(len(here.ids))[:STEP]]
    for turn in range(ROUNDS + 1):
        out = place(here.name, seed, rule, turn) / f"round{turn}.json"
        if not (out.is_file() and rule in read_json(out)["next"]):
            started = time.process_time()
            key = ("next", here.name, seed, turn)
            before = place(here.name, seed, rule, turn - 1) if turn else None
            students = [
                trained(
                    here,
                    chosen,
                    (*key, i),
                    out.with_name(f"state{turn}_{i}"),
                    before and before / f"state{turn - 1}_{i}",
                )
                for i in range(STUDENTS)
            ]
            values = [score(here, one) for one in students]
            pool = sorted(set(range(len(here.ids))) - set(chosen))
            rules = RULES if turn == 0 else (rule,)
            asked = {name: CHOOSE[name](here, chosen, pool, students, key) if turn < ROUNDS else [] for name in rules}
            done = {"labelled": len(chosen), "scores": values, "cpu_seconds": round(time.process_time() - started, 1)}
            write_json(out, done | {"next": {name: [here.ids[i] for i in found] for name, found in asked.items()}})
            print(f"{here.name} seed {seed} {rule} round {turn}: {statistics.mean(values):.4f}", flush=True)
        chosen = chosen + [here.ids.index(name) for name in read_json(out)["next"][rule]]


def score(here: World, network: torch.nn.Module) -> float:
    """IoU on test images."""
    images, labels = here.test
    masks = inference.masks(network, images, here.task, "cpu", "fp32")
    return float(metrics.scorer("iou", here.task.spec)(count_all(masks, labels, here.task.spec))["value"])


def main() -> int:
    """Do what is not done yet, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--datasets", nargs="+", default=list(SETTINGS), choices=list(SETTINGS), metavar="NAME")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--csv", type=Path, metavar="FOLDER")
    args = parser.parse_args()
    torch.set_num_threads(1)
    worlds = {name: world(name) for name in args.datasets}
    for seed in args.seeds:
        for here in worlds.values():
            for rule in RULES:
                cell(here, seed, rule)
    curves, gains = tables(args.datasets, args.seeds)
    print(markdown(curves, ["dataset", "rule", "seeds", "labelled", *(f"round_{turn}" for turn in range(ROUNDS + 1))]))
    print(markdown(gains, ["dataset", "rule", "seeds", "against_random", "against_random_at_the_end"]))
    for file, rows in (("next_images", curves), ("next_images_gain", gains)):
        if args.csv and rows:
            write_table(args.csv / f"{file}.csv", rows, list(rows[0]), keeper=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
