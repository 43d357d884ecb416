"""What an import does with each image: a new mask, a changed one, an equal one, a draft as it went out, or refused."""

import argparse
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from dissent.cli.machine import cores
from dissent.config.dataset import Dataset
from dissent.core.files import UNKNOWN, sha256
from dissent.core.words import printable
from dissent.datasets.annotated import QUESTIONS, Choices, Drawn, digest_of, draw, mask_of, open_question, question
from dissent.datasets.convert import BadFiles, headers_of, label_of
from dissent.datasets.decode import Header
from dissent.datasets.exif import Turns, decide_turns
from dissent.datasets.formats import Marks
from dissent.datasets.items import Item
from dissent.datasets.own_faults import stale
from dissent.datasets.own_masks import OwnMasks, key_of
from dissent.datasets.problems import Problems


class Question(ValueError):
    """What a person has to decide about an image."""


@dataclass
class Taken:
    """What became of each image that annotations name."""

    new: list[str] = field(default_factory=list)
    changed: dict[str, int] = field(default_factory=dict)
    """with the number of pixels"""
    equal: list[str] = field(default_factory=list)
    untouched: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    corrected: list[str] = field(default_factory=list)
    """masks that were corrected since their annotations were converted, and stay"""
    kept: list[str] = field(default_factory=list)
    """images whose annotations were refused, so that what they had stays"""
    noted: list[str] = field(default_factory=list)
    """equal ones of which the record said something else"""
    stale: list[str] = field(default_factory=list)
    """images with a mask of converted annotations that are gone"""
    removed: list[str] = field(default_factory=list)
    """those of them that have no mask any more"""
    blank: list[str] = field(default_factory=list)
    """where annotations stand that have no pixel, beside others that have"""
    unknown: int = 0
    """pixels of which nobody says what they are"""


def _header(item: Item) -> Header:
    header, _ = headers_of(replace(item, masks=()) if item.own else item)
    return header


def drawn(about: Marks, item: Item, dataset: Dataset, own: OwnMasks, header: Header | None = None) -> Drawn:
    """What is marked in an image, drawn at its size; BadFiles or ValueError where it cannot be."""
    sent = about.sent and key_of(item.source) in own.record["drafts"]
    return draw(about, header or _header(item), dataset.exif != "none", sent=sent)


def take(
    args: argparse.Namespace,
    form: str,
    dataset: Dataset,
    raw: Path,
    marks: Mapping[str, Marks],
    items: Mapping[str, Item],
    own: OwnMasks,
    taken: Taken,
    choices: Choices,
    again: bool,
) -> Taken:
    """Draw what is marked in each image, and put it where it belongs.

    `again`: annotations that `init` converted are read anew.
    """
    turns = _turns(dataset, [items[image] for image in marks], raw)

    def before(item: Item, header: Header) -> np.ndarray | None:
        try:
            return label_of(item, header, dataset, turns).ids
        except BadFiles:
            if item.own:  # gone, or damaged: it may be replaced
                return None
            raise

    def one(image: str) -> tuple[np.ndarray, np.ndarray | None] | str:
        item, about = items[image], marks[image]
        try:
            header = _header(item)
            if about.empty and choices.unannotated is None:
                raise Question(question("unannotated", "nothing is marked in it"))
            found = drawn(about, item, dataset, own, header)
            taken.blank += [about.where for layer in found.layers if not layer.plane.any()]
            if told := open_question(found, dataset.task, choices):
                raise Question(told)
            return mask_of(found, dataset.task, choices), before(item, header)
        except BadFiles as error:
            return printable("; ".join(f"{path} {why}" for path, why in error.files))
        except Question as error:  # it has lines of its own
            return f"{printable(about.where)}: {error}"
        except ValueError as error:
            return printable(f"{about.where}: {error}")

    wanted = sorted(image for image in marks if not (marks[image].empty and choices.unannotated == "unlabelled"))
    with ThreadPoolExecutor(cores()) as pool:
        for start in range(0, len(wanted), 64):
            part = wanted[start : start + 64]
            for image, result in zip(part, pool.map(one, part), strict=True):
                if isinstance(result, str):
                    taken.refused.append(result)
                    taken.kept.append(image)
                else:
                    _sort(
                        args,
                        {"from": form} | ({"raw": True} if again else {}),
                        dataset,
                        raw,
                        items[image],
                        result,
                        own,
                        taken,
                    )
            if (taken.new or taken.changed or taken.noted) and not args.dry_run:
                own.save()  # what is put is recorded soon: a kill then leaves few masks that nobody named
    return taken


def _sort(
    args: argparse.Namespace,
    about: dict,
    dataset: Dataset,
    raw: Path,
    item: Item,
    result: tuple[np.ndarray, np.ndarray | None],
    own: OwnMasks,
    taken: Taken,
) -> None:
    """Put one mask where it belongs: new, changed, equal, or a draft as it went out."""
    ids, before = result
    key = key_of(item.source)
    if item.own:
        names = list(own.record["masks"].get(key, {}).get("instead_of", {}))
    else:
        names = [mask.relative_to(raw).as_posix() for mask in item.masks if mask is not None]
    instead = {one: sha256(raw / one) for one in names if (raw / one).is_file()}
    about |= {"instead_of": instead} if instead else {}
    last, drawn_as = own.record["masks"].get(key, {}), digest_of(ids)
    converted_as = drawn_as if about.get("raw") else last.get("converted_as")
    about |= {"converted_as": converted_as} if converted_as else {}
    if before is not None and np.array_equal(ids, before):
        taken.equal.append(item.source)
        if item.own and stale(own, key, raw, item.image):
            taken.noted.append(item.source)
            if not args.dry_run:
                own.note(key, item.image, about)
        return
    if about.get("raw") and last and not last.get("raw") and before is not None:  # none: the correction is gone
        if last.get("converted_as", drawn_as) == drawn_as:
            taken.corrected.append(item.source)
            return
        taken.refused.append(
            f"{item.source}: its annotations were changed, and its mask was corrected since they were converted (from {last['from']}): "
            "import the file of the annotations by itself if that is right"
        )
        taken.kept.append(item.source)
        return
    if drawn_as in own.record["drafts"].get(key, []) and not args.take_unchanged:
        taken.untouched.append(item.source)
        return
    if before is None:
        taken.new.append(item.source)
    else:
        same = before.shape == ids.shape
        taken.changed[item.source] = int((ids != before).sum()) if same else ids.size
    taken.unknown += int((ids == UNKNOWN).sum())
    if args.dry_run:
        return
    own.put(key, ids, dataset.task, item.image, about)


def choices_of(args: argparse.Namespace, own: OwnMasks, again: bool) -> Choices:
    """A person's answers; of annotations that `init` converted, those that were given then."""
    before = own.record["converted"].get("choices", {}) if again else {}
    given = {key: getattr(args, key) or before.get(key) for key in QUESTIONS}
    return Choices(**given, labels=before.get("labels", {}))


def _turns(dataset: Dataset, items: list[Item], raw: Path) -> Turns:
    problems = Problems()
    pairs = []
    for item in items:
        try:
            header, masks = headers_of(replace(item, masks=()) if item.own else item)
        except BadFiles:  # told when it is read
            continue
        pairs.append((item, header, masks))
    turns = decide_turns(dataset, pairs, problems)
    problems.stop(raw)
    return turns
