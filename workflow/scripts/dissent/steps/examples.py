"""Some of the images that were scored, with what the best student says of them, for people to look at."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dissent.core.files import sha256, write_json, write_mask
from dissent.core.seeds import generator
from dissent.core.task import Task
from dissent.evaluation import metrics
from dissent.training import inference
from dissent.training.data import load_images

if TYPE_CHECKING:
    from torch import nn

    from dissent.core import arguments

EACH = 4  # images of a kind at most; of few images a third


Scored = tuple[tuple[str, str], Sequence[dict], np.ndarray]
"""of a subset its name and its table, the rows of that table, and the counts (N, L, 4) of the task's score"""


def write_examples(
    params: "arguments.Evaluating", scored: Scored | None, network: "nn.Module", out: str, device: str
) -> None:
    """Write out/{id}.png, the mask that `network` gives, and out/shown.json: subset, score, why each was chosen, digests.

    `scored`: None where no image has a mask to compare with.
    """
    task, (subset, table), rows, counts_NL4 = Task(params["task"]), *(scored or _NONE)
    score = metrics.scorer(task.score, params["task"])
    values = [score(counts_NL4[i : i + 1])["value"] for i in range(len(counts_NL4))]
    chosen = choose(values)
    shown = [rows[place] for place, _ in chosen]
    images = load_images(shown, table, params["channels"])
    several = inference.probabilities([network], images, task, device, params["precision"], params["batch_size"])
    masks = [mask for [one] in several for mask in task.decide(one).cpu().numpy()]
    for row, mask in zip(shown, masks, strict=True):
        write_mask(Path(out) / f"{row['id']}.png", mask, params["palette"])
    told = [{"id": rows[place]["id"], "why": why, "value": values[place]} for place, why in chosen]
    files = {f"{row['id']}.png": sha256(Path(out) / f"{row['id']}.png") for row in shown}
    write_json(Path(out) / "shown.json", {"subset": subset, "score": task.score, "images": told, "files": files})


_NONE: Scored = (("", ""), [], np.zeros((0, 1, 4), np.int64))


def choose(values: Sequence[float | None]) -> list[tuple[int, str]]:
    """Places of images by their scores, and why: worst, best, random. An image stands once; one without a score may be drawn."""
    each = min(EACH, -(-len(values) // 3))
    scored = sorted((value, place) for place, value in enumerate(values) if value is not None)
    worst = [place for _, place in scored[:each]]
    best = [place for _, place in scored[::-1] if place not in worst][:each]
    drawn = [int(place) for place in generator("examples").permutation(len(values))]
    others = [place for place in drawn if place not in worst and place not in best][:each]
    named = (("worst", worst), ("best", best), ("random", sorted(others)))
    return [(place, why) for why, places in named for place in places]
