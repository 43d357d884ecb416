"""Opens an exported file and measures it against the networks themselves, on the run's own images."""

from pathlib import Path

import numpy as np
import torch

from dissent.cli.export.formats import Run
from dissent.cli.export.graph import Graph
from dissent.cli.predict.pool import Pool
from dissent.core.files import read_table
from dissent.core.task import Task
from dissent.training.data import load_images
from dissent.training.inference import probabilities

NEAR = 1e-4
"""the largest difference of two probabilities that counts as equal"""
_CHUNK, _MOST = 16, 256  # images at a time, and at all


def images_of(tables: dict[str, Path], pool: Pool) -> tuple[np.ndarray, str]:
    """Images (N, H, W, channels) of the run, evenly drawn from its test images, and words on what they are."""
    for subset in ("test", "val"):
        rows = read_table(tables[subset]) if subset in tables else []
        rows = [row for row in rows if Path(row["image"]).is_file()]
        if rows:
            chosen = rows[:: -(-len(rows) // _MOST)]
            return load_images(chosen, str(tables[subset]), pool.knows.channels), f"{len(chosen)} {subset} images"
    random = np.random.default_rng(0)
    made = random.integers(0, 256, (4, *pool.knows.shape, pool.knows.channels), dtype=np.uint8)
    return made, "4 images of noise, as the run's own are not here"


def measured(run: Run, graph: Graph, pool: Pool, task: Task, images_NHWC: np.ndarray, what: str) -> dict:
    """What the file says against the networks: {"on", "images", "largest_difference", "pixels", "other_decisions", "ties", "at_other_size"}.

    `other_decisions`: pixels that are decided otherwise, but for `ties`, at which two labels are as likely within NEAR. `at_other_size`: the largest difference to the graph in torch on an image of another height and width.
    """
    largest, others, ties = 0.0, 0, 0
    for first in range(0, len(images_NHWC), _CHUNK):
        chunk = images_NHWC[first : first + _CHUNK]
        theirs = torch.from_numpy(run(_planes(chunk)))
        [several] = probabilities(pool.networks, chunk, task, "cpu", "fp32", len(chunk))
        ours = torch.stack(several).mean(0)
        largest = max(largest, float((ours - theirs).abs().max()))
        changed, tied = task.decide(ours) != task.decide(theirs), _tied(task, ours)
        others, ties = others + int((changed & ~tied).sum()), ties + int((changed & tied).sum())
    other = _planes(np.concatenate([images_NHWC[:1], images_NHWC[:1, ::-1]], 1))
    with torch.inference_mode():
        wanted = graph(torch.from_numpy(other)).numpy()
    return {
        "on": what,
        "images": len(images_NHWC),
        "largest_difference": largest,
        "pixels": int(np.prod(images_NHWC.shape[:3])),
        "other_decisions": others,
        "ties": ties,
        "at_other_size": float(np.abs(run(other) - wanted).max()),
    }


def equal(found: dict) -> bool:
    """Whether a file says what the networks say: no probability apart by more than NEAR, no pixel decided otherwise."""
    return max(found["largest_difference"], found["at_other_size"]) <= NEAR and not found["other_decisions"]


def _tied(task: Task, probabilities_BCHW: torch.Tensor) -> torch.Tensor:
    """(B, H, W) bool: where the two likeliest classes, or any label and its absence, are apart by no more than 2 NEAR."""
    first, second = task.distributions(probabilities_BCHW).topk(2, dim=2).values.unbind(2)
    return (first - second <= 2 * NEAR).any(1)


def _planes(images_NHWC: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(images_NHWC.transpose(0, 3, 1, 2), np.float32)
