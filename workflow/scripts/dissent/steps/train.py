"""Train one student of a generation: pairs in, the best network out."""

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from dissent import networks
from dissent.config.network import Network
from dissent.core.columns import HISTORY
from dissent.core.files import UNKNOWN, UserError, digest, read_table, sha256, write_json, write_table
from dissent.core.seeds import count_of, seed_of
from dissent.core.task import Task
from dissent.evaluation import metrics
from dissent.evaluation.counting import count_all, count_cells
from dissent.runtime import signalled
from dissent.steps.train_beside import beside
from dissent.training import augment, inference, together
from dissent.training.checkpoint import Checkpoints
from dissent.training.data import Batch, Unlabelled, load_labelled, load_unlabelled, to_tensor
from dissent.training.learners import LEARNERS, Course, Learner
from dissent.training.loop import fit
from dissent.training.losses import Loss
from dissent.training.norm_statistics import measure_norm
from dissent.training.order import RareClasses, places
from dissent.training.pairs import Pairs, Resident
from dissent.training.tensorboard import event_files

if TYPE_CHECKING:
    from dissent.core import arguments

log = logging.getLogger(__name__)


def train_student(
    params: "arguments.Student",
    pairs: str,
    val: str,
    unlabelled: str,
    out: str,
    state: str,
    device: str,
    checkpoint_seconds: float = 60,
    cards: int = 1,
    events: str | None = None,
) -> dict:
    """Train one student and write model.safetensors, model.json, history.csv and metrics.json into `out`.

    `state`: folder of the resume state (runtime/student_states.py), which no other process uses; its last checkpoint, of the
    finished training, stays. Returns {"steps", "images"} for the cost, and what earlier starts took, as {"earlier"}.
    `cards`: how many share the images of each step out among them (training/together.py); processes of them on a CPU.
    `events`: a folder for TensorBoard event files (training/tensorboard.py).
    """
    if cards > 1:
        given: dict = {"params": params, "pairs": pairs, "val": val, "unlabelled": unlabelled, "out": out}
        given |= {"state": state, "device": device, "checkpoint_seconds": checkpoint_seconds}
        with beside(cards, device, given):
            return train_student(**given, events=events)  # of this process alone
    spec, method = params["network"], params["method"]
    key = (params["seed"], params["generation"], params["member"])
    task = Task(params["task"])
    channels, batch = params["channels"], spec["batch_size"]
    inputs = sorted(sha256(path) for path in (pairs, val, unlabelled))
    with signalled() as stop, event_files(events) as watch:
        checkpoints = Checkpoints(Path(state), digest(params, inputs))
        rare = RareClasses(task, spec["rare_classes"]) if spec["rare_classes"] else None
        free, member = params["rotation_invariant"], params["member"]
        training = Pairs(pairs, channels, method, free, key[:2], member, batch, rare, task)
        if all((label == UNKNOWN).all() for label in training.targets):
            raise UserError(
                f"all pixels of all labels that {pairs} names are unknown (255): there is nothing to learn. Are the values in "
                "the masks read as they are meant? `dissent check` shows what each of them became"
            )
        others = len(read_table(unlabelled))
        plan = Network.model_validate(spec)
        if fault := plan.misfit(*params["size"]):
            raise UserError(fault)
        steps = plan.student_steps(method["steps_from"], len(training), training.people, others)
        if method["end_on_labels"]:
            training.end_on_labels(steps - count_of(method["end_on_labels"], steps))
        torch.manual_seed(seed_of(*key, "weights"))
        build = partial(_built, spec, task.outputs, channels, device)
        network, course = build(), Course(steps, max(1, others // _unlabelled_a_step(params)), build)
        learner = LEARNERS[method["learn"]["name"]](
            network,
            Loss(task, spec["loss"], spec["loss_options"], spec["options"]["aux_head"], method["soft_labels"]),
            method["learn"],
            course,
        )
        log.info("%d pairs, %d steps of %d images", len(training), steps, batch)
        with ThreadPoolExecutor(1) as ahead:
            draw = _batches(training, learner, unlabelled, params, key, device, ahead)
            seen = load_labelled(val, channels, "the best step of a training is chosen on them")
            scorer = _validator(seen, task, params, device)
            keep = method["keep_checkpoints"]
            progress = fit(
                learner, spec, steps, draw, scorer, checkpoints, stop, key, device, checkpoint_seconds, keep, watch
            )
        done = {"steps": steps, "images": steps * batch} | progress.before()
        kept = learner.result()
        kept.load_state_dict(progress.best)
        if spec["norm_statistics"] == "unlabelled":
            measure_norm(kept, load_unlabelled(unlabelled, channels), batch, device, spec["precision"])
        result = _final_metrics(kept, seen, task, params, device)
        if not together.is_first():
            return done
        about = {"task": params["task"], "size": params["size"], "input": params["input"]}
        networks.save(kept, out, spec, task.outputs, channels, about, progress.kept_checkpoints)
        history = write_history(Path(out), progress.history)
        write_json(
            Path(out) / "metrics.json",
            {
                "steps": steps,
                "best_step": progress.best_step,
                "pairs": len(training),
                "val": result,
                "tables": {"history.csv": history},
            },
        )
    return done


def _unlabelled_a_step(params: "arguments.Student") -> int:
    return max(1, round(params["network"]["batch_size"] * params["method"]["learn"].get("ratio", 1.0)))


def _built(spec: dict, outputs: int, channels: int, device: str, **changes: object) -> nn.Module:
    """A network for the images and labels, spread over the cards; `changes`: keys of the network file that differ."""
    return together.spread(networks.build(spec | changes, outputs, channels), device)


def _batches(
    training: Pairs,
    learner: Learner,
    unlabelled: str,
    params: "arguments.Student",
    key: tuple,
    device: str,
    ahead: ThreadPoolExecutor,
) -> Callable[[int], tuple[Batch, Mapping[str, Tensor]]]:
    """The function from a step to its batch: the next one is drawn while this one is learned."""
    method, count, task = params["method"], _unlabelled_a_step(params), Task(params["task"])
    stream = Unlabelled(unlabelled, params["channels"], count, key) if learner.views else None

    source = Resident(training, device) if Resident.fits(training, device) else training

    def draw(step: int) -> tuple:
        return source.batch(step), stream.batch(step) if stream else None

    waiting: dict = {}

    def batches(step: int) -> tuple[Batch, Mapping[str, Tensor]]:
        (images, labels, names), more = (waiting.pop(step) if step in waiting else ahead.submit(draw, step)).result()
        waiting[step + 1] = ahead.submit(draw, step + 1)
        random = torch.Generator().manual_seed(seed_of(*key, "views", step))
        shown, target, colours = to_tensor(images, device), torch.as_tensor(labels).to(device), params["channels"]
        if target.ndim == 4:  # soft labels are moved with their images, as channels behind the colours
            shown = torch.cat([shown, to_tensor(target[..., 1:], device)], 1)
            target = target[..., 0]
        free, crop = params["rotation_invariant"], params["network"]["crop"]
        both = (method["augmentation"], method["pseudo_augmentation"] or method["augmentation"])
        pseudo = [name in training.pseudo for name in names]
        wanted = places(task, target, training.wanted(step)) if crop and params["network"]["rare_classes"] else None
        seen, target = augment.view_of_batch(shown, target, pseudo, both, free, random, crop, wanted, colours)
        views = augment.views_of_images(to_tensor(more, device), learner.views, free, random, crop) if stream else {}
        views = {name: view.contiguous(memory_format=torch.channels_last) for name, view in views.items()}
        soft = None
        if seen.shape[1] > colours:  # what people labelled keeps its edges, which moving would have made soft
            by_teachers = torch.tensor(pseudo, device=device)[:, None, None, None]
            soft = torch.where(by_teachers, seen[:, colours:] / 255, task.planes(target)[0])
        return Batch(seen[:, :colours].contiguous(memory_format=torch.channels_last), target, names, soft), views

    return batches


def _masks(network: nn.Module, images, task: Task, params: "arguments.Student", device: str):
    return inference.masks(
        network, images, task, device, params["network"]["precision"], params["network"]["batch_size"]
    )


def _validator(
    seen: tuple[np.ndarray, np.ndarray], task: Task, params: "arguments.Student", device: str
) -> Callable[[nn.Module], float | None]:
    images, labels = seen
    scorer = metrics.scorer(task.score, params["task"])

    def validate(network: nn.Module) -> float | None:
        return scorer(count_all(_masks(network, images, task, params, device), labels, params["task"]))["value"]

    return validate


def _final_metrics(
    network: nn.Module, seen: tuple[np.ndarray, np.ndarray], task: Task, params: "arguments.Student", device: str
) -> dict:
    images, labels = seen
    masks = _masks(network.to(device), images, task, params, device)
    counts = count_all(masks, labels, params["task"])
    # scores that have targets of their own (docs/explanation/protocol.md) are the job of evaluate, which has them
    chosen = (task.score, task.spec["rank_by"])
    names = [name for name in metrics.SCORES if not name.startswith("published_") or name in chosen]
    result = {name: metrics.scorer(name, params["task"])(counts) for name in names}
    if task.cells:
        result["mcce"] = metrics.scorer("mcce", params["task"])(count_cells(masks, labels, params["task"]))
    return result


def write_history(out: Path, history: list[dict]) -> dict:
    """Write history.csv; returns its digest and rows, for metrics.json beside it."""
    columns = list(dict.fromkeys((*HISTORY, *(name for row in history for name in row))))
    return write_table(out / "history.csv", [{name: row.get(name, "") for name in columns} for row in history], columns)
