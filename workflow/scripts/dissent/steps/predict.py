"""Predict the unlabelled images with a pool's teachers: every image is decoded once for all of them.

While a chunk of images is judged the next one is decoded, and the masks of the one before are written.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from dissent import networks
from dissent.config.method import ONE_TEACHER
from dissent.core.ahead import ahead
from dissent.core.columns import PREDICTIONS, SOFT, UNLABELLED
from dissent.core.files import UserError, encode_png, flush, read_json, read_rows, verify, write_atomic, write_table
from dissent.core.task import Task
from dissent.pseudolabels.tta import ballots
from dissent.steps.external_teachers import said_by
from dissent.training.data import load_images
from dissent.training.engines import engine

if TYPE_CHECKING:
    from dissent.core import arguments

Voters = Callable[[np.ndarray, list[str]], Iterator[tuple[torch.Tensor | None, list[torch.Tensor]]]]
_CHUNK = 64  # images in memory at a time, or a batch, and twice: memory does not grow with their number


def load_pool(teachers: str, rows: list[dict], device: str, checkpoints: Sequence[int] = (0,)) -> list:
    """The networks of these rows of teachers.json, verified, on the device, in the order given; each with these `checkpoints`."""
    loaded = []
    for row in rows:
        for name, expected in row["sha256"].items():
            verify(Path(row["folder"]) / name, expected, teachers)
        several = [networks.load(row["folder"], number)[0] for number in checkpoints]
        loaded += [network.to(device).to(memory_format=torch.channels_last) for network in several]
    return loaded


def _planes(said: Callable[[str], np.ndarray], names: Sequence[str], task: Task, device: str) -> torch.Tensor:
    """What a teacher from outside says of a batch, as probabilities (B, C, H, W) of 0 and 1."""
    return task.planes(torch.from_numpy(np.stack([said(name) for name in names])).to(device))[0]


def _voters(params: "arguments.Prediction", teachers: str, asked: list[dict], device: str) -> Voters:
    """The function from images and their names to, batch by batch, what the best teacher says (None where nobody asks), and all who vote."""
    task, many = Task(params["task"]), params["checkpoints"]
    pool = load_pool(teachers, asked[:1] if many or params["tta"]["mode"] in ONE_TEACHER else asked, device)
    kept = load_pool(teachers, asked[:1], device, range(many, 0, -1)) if many else pool
    made = {id(one): engine(params.get("inference", "torch"), one, device) for one in (*pool, *kept)}
    pool, kept = ([made[id(one)] for one in several] for several in (pool, kept))
    plainly: arguments.Prediction = {**params, "tta": params["tta"] | {"mode": "none"}} if many else params

    def voters(images: np.ndarray, names: list[str]) -> Iterator[tuple[torch.Tensor | None, list[torch.Tensor]]]:
        votes = ballots(kept, images, names, task, plainly, device)
        if params["first"] != "best":
            yield from ((None, several) for several in votes)
            return
        for [one], several in zip(ballots(pool, images, names, task, params, device), votes, strict=True):
            yield one, several

    return voters


def predict(params: "arguments.Prediction", teachers: str, unlabelled: str, out: str, table: str, device: str) -> dict:
    """Write out/teacher{k}/{id}.png (hard predictions, palette PNG) and the table of their digests.

    With `soft_labels` out/probabilities/{id}.png too: the mean's, 255 is sure, a plane of each output below the one before.

    Teachers from outside, whom teachers.json names, come behind the networks, sure of what they say. What `first`
    says is there too, as mean/ or best/, which the table calls teacher 0. Returns {"images"} for the cost.
    """
    task = Task(params["task"])
    ranking = read_json(teachers)
    asked = [row for row in ranking["pool"] if row["teacher"]]
    outside = [said_by(row["table"], row["sha256"], teachers) for row in ranking.get("external", [])]
    voters = _voters(params, teachers, asked, device)
    rows = list(read_rows(unlabelled, UNLABELLED, params["part"]))
    if not rows and next(read_rows(unlabelled), None) is None:
        raise UserError(f"{unlabelled} has no images to label; a method with generations needs unlabelled images")
    written: list[dict] = []
    columns = (*PREDICTIONS, *SOFT) if params["soft_labels"] else PREDICTIONS
    with ThreadPoolExecutor(params["threads"]) as writers, ThreadPoolExecutor(1) as flusher:

        def put(folder: str, name: str, content: bytes) -> tuple[str, str]:
            path = Path(out) / folder / f"{name}.png"
            write_atomic(path, content, flushed=False)
            return path.as_posix(), hashlib.sha256(content).hexdigest()

        def write(k: int, row: dict, mask: np.ndarray, soft_CHW: np.ndarray | None) -> dict:
            made = put(f"teacher{k}" if k else params["first"], row["id"], encode_png(mask, params["palette"]))
            said = {"id": row["id"], "teacher": k} | dict(zip(PREDICTIONS[2:], made, strict=True))
            if soft_CHW is None:
                return said | dict.fromkeys(columns[len(PREDICTIONS) :], "")
            planes = encode_png(soft_CHW.reshape(-1, soft_CHW.shape[2]))
            return said | dict(zip(SOFT, put(SOFT[0], row["id"], planes), strict=True))

        def finish(jobs: Sequence[Future[dict]]) -> None:
            rows = [job.result() for job in jobs]
            flush([row[name] for row in rows for name in (PREDICTIONS[2], SOFT[0]) if row.get(name)])
            written.extend(rows)

        def load(chunk: list[dict]) -> np.ndarray:
            return load_images(chunk, unlabelled, params["channels"], params["threads"])

        size, finished = params["batch_size"] * max(1, _CHUNK // params["batch_size"]), None
        for chunk, images in ahead(load, (rows[first : first + size] for first in range(0, len(rows), size))):
            done, jobs = 0, []
            names = [row["id"] for row in chunk]
            for best, several in voters(images, names):
                shown = names[done : done + len(several[0])]
                several = several + [_planes(said, shown, task, device) for said in outside]
                zero = torch.stack(several).mean(0) if params["first"] == "mean" else best
                for k, one in [*([] if zero is None else [(0, zero)]), *enumerate(several, 1)]:
                    soft = (one * 255).round().byte().cpu().numpy() if not k and params["soft_labels"] else None
                    for offset, mask in enumerate(task.decide(one).cpu().numpy()):
                        planes = None if soft is None else soft[offset]
                        jobs.append(writers.submit(write, k, chunk[done + offset], mask, planes))
                done += len(several[0])
            if finished is not None:
                finished.result()
            finished = flusher.submit(finish, jobs)
        if finished is not None:
            finished.result()
    written.sort(key=lambda row: (row["id"], row["teacher"]))
    write_table(table, written, columns)
    return {"images": len(rows)}
