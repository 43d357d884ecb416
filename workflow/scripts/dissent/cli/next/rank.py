"""The rows of next.csv: the images to label next, the first one first, each with its reason."""

import argparse
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from dissent.cli.check.grouped import keys_of
from dissent.cli.next.duplicates import duplicates
from dissent.cli.next.teachers import Teachers
from dissent.cli.unlabelled import Free
from dissent.config.resolve import Run
from dissent.core.columns import LABELLED
from dissent.core.files import UserError, read_image, read_mask, read_table, verify
from dissent.core.task import Task
from dissent.core.words import some
from dissent.datasets.groups import suggested
from dissent.pseudolabels.next_images import features, scores
from dissent.pseudolabels.next_images.choose import choose
from dissent.pseudolabels.next_images.reasons import Facts, reason

log = logging.getLogger(__name__)

_SHORTLIST = 1000
"""images whose pixels are looked at: so many, or `_EACH` times as many as are asked for, evenly through the order by worth"""
_EACH = 5
_MOST = 10_000  # at a time: memory grows with the square of the images that are compared


def ranked(said: Teachers, about: Run, where: Path, free: Free, args: argparse.Namespace) -> list[dict]:
    """Choose among what teachers said; notes are printed."""
    prepared = Path("data", about.dataset_name)
    split = prepared / "splits" / about.split
    task = Task(about.dataset.task.model_dump(mode="json"))
    rows = read_table(split / "labelled.csv", LABELLED)
    labels = [_label(row, split) for row in rows]
    facts = _facts(said, labels, task)
    worth_NL = scores.worth(said.differs_NL, said.said_NL, facts.need_L)
    places = _shortlist(worth_NL.sum(1), args.number)
    for_each = len(worth_NL) / max(1, len(places))  # an image that is compared stands for so many of the pool
    log.info("looking for near duplicates among %d images, and for those of images with a mask", len(places))
    pairs, like, told = duplicates(prepared, split, [said.sources[place] for place in places], said.tiles)
    if told:
        print(f"note    {told}")
    if like:
        names = [f"{said.sources[places[one]]} (like {other})" for one, other in like.items()]
        print(f"note    {len(like)} images are passed over, as nearly the same one has its mask: {some(names)}")
    kept = [one for one in range(len(places)) if one not in like]
    if not kept:
        raise UserError(
            f"each unlabelled image of {about.name} is nearly the same as one that has its mask: there is nothing new to label"
        )
    short, worth_NL = said.take([places[one] for one in kept]), worth_NL[[places[one] for one in kept]]
    at = {one: number for number, one in enumerate(kept)}
    alike = [(at[one], at[other]) for one, other in pairs if one in at and other in at]
    pool_NF, known_MF = features.together(*_blocks(short, rows, labels, about, where, args))
    groups = _groups(about, prepared, short)
    found = choose(worth_NL.sum(1), pool_NF, known_MF, groups, alike, args.number)
    if len(found) < args.number:
        print(f"note    {len(found)} images are all that is left to label; {args.number} were asked for")
    names = [*(free.items[source].id for source in short.sources), *(row["id"] for row in rows)]
    table = []
    for rank, choice in enumerate(found, 1):
        index, nearest = choice.index, "" if choice.nearest is None else names[choice.nearest]
        most, doubt = int(worth_NL[index].argmax()), float(short.doubt_N[index])
        row = {"rank": rank, "id": names[index], "source": short.sources[index], "group": groups[index]}
        row |= {"score": f"{worth_NL[index].sum():.6f}", "doubt_share": f"{doubt:.6f}", "most_about": task.labels[most]}
        stands_for = round(choice.stands_for * for_each)
        row |= {"need": f"{facts.need_L[most]:.3f}", "stands_for": stands_for, "nearest": nearest}
        row |= {"distance": "" if choice.distance is None else f"{choice.distance:.3f}"}
        why = reason(facts, doubt, worth_NL[index], stands_for, choice.distance, nearest)
        table.append(row | {"reason": why})
    return table


def _shortlist(worth_N: np.ndarray, number: int) -> list[int]:
    """The images that are compared with each other, where the pool has more than can be: of all worths evenly, so that odd ones stay rare."""
    if number > _MOST:
        raise UserError(f"-n {number} is more than can be compared at a time: ask for {_MOST:,} or fewer")
    order = np.argsort(-worth_N, kind="stable")
    length = min(len(order), max(_SHORTLIST, min(_EACH * number, _MOST), number))
    found: list[int] = np.sort(order[np.linspace(0, len(order) - 1, length).round().astype(int)]).tolist()
    return found


def _facts(said: Teachers, labels: Sequence[np.ndarray], task: Task) -> Facts:
    """What holds for all images; what a person has to know of it is printed."""
    share_L, pool_L = scores.share_of(labels, task), said.said_NL.mean(0)
    if said.alone:
        print(
            "note    one teacher alone disagrees with nobody: images are chosen by what the labelled ones lack, and by how many they stand for"
        )
    if lost := [name for name, share in zip(task.labels, share_L, strict=True) if labels and not share]:
        print(f"note    no labelled image has {some(lost)}, so no teacher can find it: look for such images yourself")
    return Facts(task.labels, float(np.median(said.doubt_N)), share_L, pool_L, scores.need(share_L, pool_L))


def _label(row: dict, split: Path) -> np.ndarray:
    verify(row["label"], row["label_sha256"], split / "labelled.csv")
    return read_mask(row["label"])


def _groups(about: Run, prepared: Path, said: Teachers) -> list[str]:
    """The group of each image: by the settings, else by folders or names that look like several images of one source."""
    rows = read_table(prepared / "files.csv", ("id", "group"))
    groups = {row["id"]: row["group"] for row in rows}
    if about.dataset.group is None and (
        found := suggested(sorted(set((keys := keys_of(about.dataset, rows)).values())))
    ):
        groups = {name: found.of(key) for name, key in keys.items()}
        print(f"note    {len(found.images)} groups of images are told by their names (`{found.pattern}`)")
    return [groups[said.tiles[source][0]] for source in said.sources]


def _blocks(
    said: Teachers,
    rows: Sequence[Mapping],
    labels: Sequence[np.ndarray],
    about: Run,
    where: Path,
    args: argparse.Namespace,
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """What images of the pool are compared by, and what labelled ones are."""
    prepared, task = Path("data", about.dataset_name), Task(about.dataset.task.model_dump(mode="json"))
    pool = [[prepared / "images" / f"{name}.png" for name in said.tiles[source]] for source in said.sources]
    known = [[Path(row["image"])] for row in rows]
    if args.features == "encoder":
        from dissent.cli.next.encoder import described

        both = described([*pool, *known], where, args.threads)
        return [both[: len(pool)]], [both[len(pool) :]]
    looks = np.stack([_looks(paths, about.dataset.channels) for paths in [*pool, *known]])
    planes = [features.of_labels(scores.known_planes(label, task)) for label in labels]
    places = np.stack(planes) if planes else np.zeros((0, said.places_NF.shape[1]))
    return [said.places_NF, looks[: len(pool)]], [places, looks[len(pool) :]]


def _looks(paths: Sequence[Path], channels: int) -> np.ndarray:
    return np.asarray(np.mean([features.of_pixels(read_image(path, channels)) for path in paths], axis=0))
