"""Train one EvalNet, and measure the thresholds by which a method turns its ratings into choices (section 5.2)."""

import logging
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from dissent import networks
from dissent.config.network import Network
from dissent.core.files import UserError, digest, read_json, sha256, write_json
from dissent.core.seeds import seed_of
from dissent.core.task import Task
from dissent.pseudolabels.evalnet_examples import Examples, make_examples
from dissent.pseudolabels.quality import rating, truth
from dissent.runtime import signalled
from dissent.steps.predict import load_pool
from dissent.steps.train import write_history
from dissent.training import inference
from dissent.training.checkpoint import Checkpoints
from dissent.training.data import Batch, Order, load_labelled, to_tensor
from dissent.training.learners.base import Course
from dissent.training.learners.rating import Rating
from dissent.training.loop import fit
from dissent.training.losses import Loss
from dissent.training.tensorboard import event_files

if TYPE_CHECKING:
    from dissent.core import arguments

log = logging.getLogger(__name__)

_WHY = "EvalNets are made from them"


def load_pools(files: list[str], device: str) -> list[list]:
    """The networks of each teachers.json, best first."""
    return [load_pool(file, read_json(file)["pool"], device) for file in files]


def train_evalnet(
    params: "arguments.EvalNet",
    pools: list[str],
    labelled: str,
    val: str,
    out: str,
    state: str,
    device: str,
    checkpoint_seconds: float = 60,
    events: str | None = None,
) -> dict:
    """Train one EvalNet on masks that `pools` (teachers.json of each method) make, and write it into `out`.

    Kept is the step with the smallest mean absolute error of the IoU on validation examples; its metrics.json holds
    `val.agreement`, 1 minus that. `state`, `events` and what is returned are as in `train_student`.
    """
    task, spec, channels = Task(params["task"]), params["network"], params["channels"]
    key = (params["seed"], "evalnet", params["member"])
    plan = Network.model_validate(spec)
    if fault := plan.misfit(*params["size"]):
        raise UserError(fault)
    with signalled() as stop, event_files(events) as watch:
        inputs = sorted(sha256(path) for path in (*pools, labelled, val))
        checkpoints = Checkpoints(Path(state), digest(params, inputs))
        found = load_pools(pools, device)
        subsets = {
            subset: make_examples(
                found, *load_labelled(table, channels, _WHY), params["rated"], subset, task, params, device
            )
            for subset, table in (("train", labelled), ("val", val))
        }
        steps = plan.total_steps(len(subsets["train"].masks))
        torch.manual_seed(seed_of(*key, "weights"))
        build = partial(networks.build, spec, task.outputs, channels)
        learner = Rating(build(), Loss(task, []), {}, Course(steps, 1, build))
        log.info("%d examples, %d steps of %d", len(subsets["train"].masks), steps, spec["batch_size"])
        validate = _validator(subsets["val"], task, params, device)
        batches = _batches(subsets["train"], task, spec["batch_size"], key, device)
        progress = fit(
            learner, spec, steps, batches, validate, checkpoints, stop, key, device, checkpoint_seconds, watch=watch
        )
        kept = learner.result()
        kept.load_state_dict(progress.best)
        networks.save(kept, out, spec, task.outputs, channels, {"task": params["task"], "rated": params["rated"]})
        history = write_history(Path(out), progress.history)
        value = {
            "value": progress.best_score,
            "definition": "1 - mean absolute error of the IoU on validation examples",
        }
        about = {"steps": steps, "best_step": progress.best_step, "examples": len(subsets["train"].masks)}
        write_json(
            Path(out) / "metrics.json", about | {"val": {"agreement": value}, "tables": {"history.csv": history}}
        )
    return {"steps": steps, "images": steps * spec["batch_size"]} | progress.before()


def measure_thresholds(params: "arguments.Thresholds", pools: list[str], val: str, out: str, device: str) -> None:
    """Write {"low", "high"}: those given as numbers, and for `validation` what the pools' masks are worth there.

    low: mean quality of all their masks of validation images; high: mean of the best mask of each image.
    """
    task = Task(params["task"])
    images, labels = load_labelled(val, params["channels"], _WHY)
    how = (device, params["precision"], params["batch_size"])
    ratings = []
    for network in (one for pool in load_pools(pools, device) for one in pool):
        masks = inference.masks(network, images, task, *how)
        told = [truth(mask, label, None, task) for mask, label in zip(masks, labels, strict=True)]
        ratings.append([rating(one.heads) for one in told])
    table = np.asarray(ratings)
    measured = {"low": float(table.mean()), "high": float(table.max(0).mean())}
    given = {name: params["quality"][name] for name in measured}
    used = {name: measured[name] if value == "validation" else value for name, value in given.items()}
    if used["low"] == used["high"] == 0:
        raise UserError(
            f"no mask that the networks of `quality.of` make of the images in {val} is worth anything: these images show no "
            "object, or no network finds one; put images with objects into `val`, or give both thresholds as numbers"
        )
    if used["low"] >= used["high"]:
        raise UserError(
            f"`quality.low` is {used['low']:.3f} and `quality.high` {used['high']:.3f}: the first must be smaller; "
            "give both as numbers, or both as `validation`"
        )
    rounded = {name: round(value, 6) for name, value in used.items()}
    write_json(out, rounded | {"measured": {name: round(value, 6) for name, value in measured.items()}})


def rate(network_input, pool: list, batch: int, device: str, precision: str) -> np.ndarray:
    """Mean of what the EvalNets say of (N, H, W, channels + planes) bytes: (N, heads, C) of 0 to 1."""
    parts = []
    with torch.inference_mode(), inference.autocast(device, precision):
        for first in range(0, len(network_input), batch):
            x = to_tensor(network_input[first : first + batch], device)
            parts.append(torch.stack([network.eval()(x).float().sigmoid() for network in pool]).mean(0).cpu().numpy())
    return np.concatenate(parts)


def _batches(examples: Examples, task: Task, batch: int, key: tuple, device: str):
    order = Order(len(examples.masks), batch, (*key, "examples"))

    def batches(step: int) -> tuple[Batch, dict]:
        chosen = order(step)
        images = to_tensor(examples.planes(chosen, task), device).contiguous(memory_format=torch.channels_last)
        return Batch(images, torch.from_numpy(examples.target[chosen]).to(device), [f"example {i}" for i in chosen]), {}

    return batches


def _validator(examples: Examples, task: Task, params: "arguments.Facts", device: str):
    def validate(network: torch.nn.Module) -> float:
        batch, errors = params["batch_size"], []
        for first in range(0, len(examples.masks), batch):
            chosen = range(first, min(first + batch, len(examples.masks)))
            told = rate(examples.planes(chosen, task), [network], batch, device, params["precision"])
            errors.append(np.abs(told[:, 0] - examples.target[list(chosen), 0]).mean(1))
        return 1 - float(np.concatenate(errors).mean())

    return validate
