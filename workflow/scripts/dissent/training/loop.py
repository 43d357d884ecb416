"""THE loop: steps, rate, precision, validation, the best kept, checkpoints, resume. Every method learns through it."""

import logging
import math
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from tqdm import tqdm

from dissent.config.task import merit
from dissent.core.files import UserError
from dissent.core.seeds import seed_of
from dissent.runtime import Interrupted, Stop
from dissent.runtime.hush import hushed
from dissent.training import together
from dissent.training.checkpoint import Checkpoints
from dissent.training.data import Batch
from dissent.training.inference import autocast
from dissent.training.learners import Learner
from dissent.training.optim import Average, Optimizer
from dissent.training.tensorboard import Watch

log = logging.getLogger(__name__)


@dataclass
class Progress:
    """What a training has reached; all of it is in its checkpoints."""

    step: int = 0
    best_step: int = 0
    best_score: float | None = None
    best: dict[str, Tensor] = field(default_factory=dict)
    history: list[dict] = field(default_factory=list)
    recent: list[float | Tensor] = field(default_factory=list)
    numbers: dict[str, list[float | Tensor]] = field(default_factory=dict)
    """what the learner told of each step since the last validation"""
    kept_checkpoints: list[dict[str, Tensor]] = field(default_factory=list)
    """weights at even steps, as many as `fit` was told to keep"""
    spent: dict[str, float] = field(default_factory=dict)
    """seconds and cpu_seconds of the starts before this one, up to their last checkpoints"""

    def before(self) -> dict:
        """What earlier starts took, for the cost; nothing where there were none."""
        return {"earlier": self.spent} if self.spent else {}

    def mark(self, score: float | None, network: nn.Module, row: dict) -> None:
        """Note a validation; keep the weights if none were better (ties: the earlier ones stay).

        Where neither this validation nor the best had a score, nothing tells them apart: the later ones have learned longer.
        """
        self.history.append({"step": self.step, "score": score, **row})
        unknown = score is None and self.best_score is None
        if not self.best or unknown or merit(score, "score") > merit(self.best_score, "score"):
            self.best_step, self.best_score = self.step, score
            self.best = _copied(network)

    def note(self, loss: Tensor, numbers: Mapping[str, Tensor | float]) -> None:
        """Keep what a step told until the next validation."""
        self.recent.append(loss)
        for name, value in numbers.items():
            self.numbers.setdefault(name, []).append(value)

    def means(self) -> dict[str, float]:
        """Means of the loss and of the learner's numbers since the last call."""
        told = {"loss": _mean(self.recent)} | {name: round(_mean(many), 6) for name, many in self.numbers.items()}
        self.recent.clear()
        self.numbers.clear()
        return told


def fit(
    learner: Learner,
    spec: dict,
    steps: int,
    batches: Callable[[int], tuple[Batch, Mapping[str, Tensor]]],
    validate: Callable[[nn.Module], float | None],
    checkpoints: Checkpoints,
    stop: Stop,
    key: tuple,
    device: str,
    checkpoint_seconds: float = 60,
    keep: int = 0,
    watch: Watch = lambda history: None,
) -> Progress:
    """Train `learner` for `steps` steps and return the best weights of `result()` by validation (higher is better).

    With `keep` also those at steps 1/keep, 2/keep ... of the budget, whatever their score. `watch` is told the rows of validations as
    they come, and first those that are there already.

    `spec` = a network file as a dict; `batches(step)` depends on the step alone; `key` seeds torch on every step, so
    that a run that was killed anywhere ends with the same bytes as an unbroken one (on one type of CPU). The last
    checkpoint is of the finished training: who starts again then returns at once. UserError at
    a loss that is not finite or above a million (with step, rate, images), or at such weights; Interrupted when `stop.requested`, after a checkpoint.
    """
    learner.to(device).to(memory_format=torch.channels_last)
    optimizer = Optimizer(learner, spec["optimizer"], spec["schedule"], steps)
    scaler = torch.amp.GradScaler(device, enabled=spec["precision"] == "fp16")
    average = Average(learner.result(), spec["ema_decay"]) if spec["ema_decay"] else None
    parts = {"learner": learner, "optimizer": optimizer.inner, "scaler": scaler}
    parts |= {"average": average} if average else {}
    every = spec["validate_every"] or max(1, steps // 50)
    progress = _resume(checkpoints, parts)
    watch(progress.history)
    guard = _Guard(1 if device == "cpu" else 20)
    clock = _Clock(progress.step, steps)
    apart = 1 if together.number() == 1 else 10  # steps between two agreements of several processes
    bar = tqdm(
        total=steps,
        initial=progress.step,
        disable=hushed() or not sys.__stderr__ or not sys.__stderr__.isatty(),
        file=sys.__stderr__,
        leave=False,
    )
    for step in range(progress.step, steps):
        torch.manual_seed(seed_of(*key, "step", step))
        batch, views = batches(step)
        rate = optimizer.set_rate(step)
        learner.train()
        with autocast(device, spec["precision"]):
            loss, numbers = learner.loss(batch, views, step)
        guard.look(step, rate, loss.detach(), batch.names)
        _descend(optimizer.inner, scaler, loss, learner, spec["gradient_clip"])
        learner.after(step)
        if average is not None:
            average.update(learner.result(), step)
        progress.note(loss.detach(), numbers)
        progress.step = step + 1
        kept = average.network if average is not None else learner.result()
        progress.kept_checkpoints += [
            _copied(kept) for part in range(1, keep + 1) if max(1, steps * part // keep) == progress.step
        ]
        bar.update()
        if progress.step % every == 0 or progress.step == steps:
            guard.check()
            guard.check_weights(progress.step, kept)
            score, told = validate(kept), dict[str, float | None](progress.means())
            told |= {f"{name}_score": validate(network) for name, network in learner.others().items()}
            progress.mark(score, kept, {"learning_rate": rate, **told})
            watch(progress.history)
            message = f"loss {told['loss']:.4f}  score {'none' if score is None else f'{score:.4f}'}"
            log.info("step %d/%d  %s  %s left", progress.step, steps, message, clock.left(progress.step))
            bar.set_postfix_str(message)
        done = progress.step == steps  # then the best weights are all that is needed, until others have seen them
        leave = together.first_decides(stop.requested) if progress.step % apart == 0 else False
        if done or leave or (together.is_first() and clock.since_save() > checkpoint_seconds):
            guard.check()
            if together.is_first():
                checkpoints.save(progress.step, _state({} if done else parts, progress, clock))
            clock.saved()
            if leave and not done:
                raise Interrupted(f"stopped after step {progress.step} of {steps}; its checkpoint is written")
    bar.close()
    return progress


def _copied(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().cpu().clone() for name, value in network.state_dict().items()}


def _mean(values: Sequence[float | Tensor]) -> float:
    return sum(float(value) for value in values) / max(1, len(values))


def _descend(
    optimizer: torch.optim.Optimizer, scaler: torch.amp.GradScaler, loss: Tensor, learner: nn.Module, clip: float
) -> None:
    optimizer.zero_grad(set_to_none=True)
    scaler.scale(loss).backward()
    together.share_gradients(learner)
    if clip:
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(learner.parameters(), clip)
    scaler.step(optimizer)
    scaler.update()


def _state(parts: Mapping, progress: Progress, clock: "_Clock") -> dict:
    progress.recent = [float(loss) for loss in progress.recent]
    progress.numbers = {name: [float(value) for value in many] for name, many in progress.numbers.items()}
    reached = vars(progress) | {"spent": clock.spent(progress.spent)}
    return {"progress": reached, **{name: part.state_dict() for name, part in parts.items()}}


def _resume(checkpoints: Checkpoints, parts: Mapping) -> Progress:
    found = checkpoints.load()
    if found is None:
        return Progress()
    step, state = found
    for name, part in parts.items():
        if name in state:
            part.load_state_dict(state[name])
    log.info("resumed after step %d", step)
    return Progress(**state["progress"])


_CALMER = (
    "a smaller `optimizer.learning_rate`, a `schedule.warmup` or `gradient_clip: 1` in the network file helps most often; the last good "
    "checkpoint is kept"
)
EXPLODED = 1e6  # a loss; those of sane trainings begin below 10 and fall


class _Guard:
    """Stops at a loss that is not finite, or far beyond sense. Reading a number from a GPU waits for all work before it: many at a time."""

    def __init__(self, at_a_time: int):
        self.at_a_time = at_a_time
        self.waiting: list[tuple[int, float, Tensor, list[str]]] = []

    def look(self, step: int, rate: float, loss: Tensor, names: list[str]) -> None:
        self.waiting.append((step, rate, loss, names))
        if len(self.waiting) >= self.at_a_time:
            self.check()

    def check(self) -> None:
        for step, rate, loss, names in self.waiting:
            if not math.isfinite(float(loss)) or float(loss) > EXPLODED:
                raise UserError(
                    f"the loss became {float(loss):g} at step {step + 1} with rate {rate:g} on the images "
                    f"{', '.join(names)}; {_CALMER}"
                )
        self.waiting.clear()

    def check_weights(self, step: int, network: nn.Module) -> None:
        """Refuse weights that are no numbers: after the last step no further loss would tell of a bad gradient."""
        if not all(bool(value.isfinite().all()) for value in network.state_dict().values()):
            raise UserError(f"weights became infinite or no numbers at all by step {step}; {_CALMER}")


class _Clock:
    """Time left, time since the last checkpoint, and what this start has taken."""

    def __init__(self, first: int, steps: int):
        self.first, self.steps = first, steps
        self.started = self.last_save = time.monotonic()
        self.cpu_started = time.process_time()

    def left(self, step: int) -> str:
        seconds = round((time.monotonic() - self.started) / (step - self.first) * (self.steps - step))
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"

    def since_save(self) -> float:
        return time.monotonic() - self.last_save

    def saved(self) -> None:
        self.last_save = time.monotonic()

    def spent(self, before: Mapping[str, float]) -> dict[str, float]:
        now = {"seconds": time.monotonic() - self.started, "cpu_seconds": time.process_time() - self.cpu_started}
        return {name: round(value + before.get(name, 0.0), 3) for name, value in now.items()}
