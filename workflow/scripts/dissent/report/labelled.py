"""Labelled images with the masks that people gave: a mask that is read wrongly is seen here at once."""

import numpy as np

from dissent.core.files import read_table
from dissent.core.seeds import generator
from dissent.core.task import Task
from dissent.report import tiles
from dissent.report.pictures import Pictures
from dissent.report.run_results import Story
from dissent.report.tables import percent

_READ = 200  # masks that are looked at; of more, that many are drawn with a fixed seed
_SHOWN = 6
_NAMED = 5  # labels whose share is told


def labelled(story: Story, side: int) -> list[dict]:
    """A line an image (id, facts, tiles): those with the most and least of all labels, the most of each label, and drawn ones."""
    pictures, task = Pictures(story, side), Task(story.params["task"])
    rows = read_table(story.data["labelled"])
    drawn = [rows[i] for i in generator("labelled").permutation(len(rows))[:_READ]]

    def mask_of(row: dict) -> np.ndarray:
        return pictures.mask_of(row, "label", "label_sha256", story.data["labelled"])

    counts = np.array([task.pixels(mask_of(row)) for row in drawn]).reshape(len(drawn), -1)
    lines = []
    for place in _chosen(counts, task):
        row, mask = drawn[place], mask_of(drawn[place])
        pixels = pictures.pixels_of(row, "labelled")
        seen = tiles.outlined(pixels, mask, task, story.params["palette"], side)
        shown = [
            pictures.photo(pixels),
            pictures.plain_mask("mask", mask),
            pictures.tile("mask on image", pixels, seen),
        ]
        lines.append({"id": row["id"], "facts": _facts(task, counts[place], mask.size), "tiles": shown})
    return lines


def _chosen(counts_NL: np.ndarray, task: Task) -> list[int]:
    """Places of the images that are shown."""
    if not len(counts_NL):
        return []
    index = [task.histogram_names.index(name) for name in task.foreground_names]
    labels = counts_NL[:, index]
    whole = labels.sum(1)
    rare = np.argsort(labels.sum(0), kind="stable")
    wanted = [int(whole.argmax()), int(whole.argmin())]
    wanted += [int(labels[:, label].argmax()) for label in rare if labels[:, label].any()]
    return list(dict.fromkeys([*wanted[:_SHOWN], *range(len(counts_NL))]))[:_SHOWN]


def _facts(task: Task, counts_L: np.ndarray, size: int) -> str:
    there = sorted(zip(counts_L.tolist(), task.histogram_names, strict=True), reverse=True)
    there = [(count, name) for count, name in there if count and name in task.foreground_names]
    words = [f"{name} {percent(count / size)} %" for count, name in there[:_NAMED]]
    return " · ".join(words) or "no label in it"
