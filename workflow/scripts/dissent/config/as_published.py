"""What of the published code's ways a run has: those that parity needs, and faults that are on only when they are named. No torch.

[P] and [X] of docs/reference/method_notes.md; each follows from a key of the config, so there is nothing to switch on beside these keys.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dissent.config.resolve import Run

# of ISIC, HeLa, SUIM, Cityscapes: close to what ALDT and FDT reach on the test images
_THRESHOLDS = {(0.72, 0.75), (0.59, 0.62), (0.43, 0.51), (0.372, 0.453)}


@dataclass(frozen=True)
class PublishedWay:
    """One of the published code's ways."""

    says: str
    key: str
    """of the config, by which it is on"""
    fault: bool
    """a leak or a bug, which parity of numbers may need and science does not"""
    on: Callable[["Run"], bool]


def published_ways(run: "Run") -> list[str]:
    """Names of those that are on, faults last."""
    found = [name for name, way in PUBLISHED_WAYS.items() if way.on(run)]
    return sorted(found, key=lambda name: PUBLISHED_WAYS[name].fault)


def told(name: str) -> str:
    """One of them in words, faults marked."""
    way = PUBLISHED_WAYS[name]
    return f"{name} ({'a fault of the published code: ' if way.fault else ''}{way.says}; `{way.key}`)"


def _decay(run: "Run") -> bool:
    optimizer = run.network.optimizer
    return optimizer.weight_decay_form == "absolute" and optimizer.weight_decay > 0


def _learned_doubt(run: "Run") -> bool:
    doubts = run.method.last and run.method.pseudo_label in ("agreement", "majority")
    return bool(doubts) and (run.method.inconsistency.input, run.method.inconsistency.target) == ("block", "background")


def _thresholds(run: "Run") -> bool:
    return bool(run.method.rates) and (run.method.quality.low, run.method.quality.high) in _THRESHOLDS


def _steps(run: "Run") -> bool:
    return run.network.epochs is not None and run.method.steps_from == "pairs"


def _drift(run: "Run") -> bool:
    cells = run.dataset.task.cells
    return bool(run.method.last) and cells is not None and cells.redraw == "published"


PUBLISHED_WAYS = {
    "masks_of_three_kinds": PublishedWay(
        "masks are resized to greys; training takes 255, IoU all above 0, Dice 128 and above",
        "protocol: published",
        False,
        lambda run: run.dataset.grey_masks,
    ),
    "no_antialias": PublishedWay(
        "images are made smaller without a filter",
        "protocol: published",
        False,
        lambda run: run.dataset.protocol == "published",
    ),
    "absolute_decay": PublishedWay(
        "each step takes the same part of every weight, whatever the rate", "weight_decay_form: absolute", False, _decay
    ),
    "slow_norm": PublishedWay(
        "BatchNorm's running statistics lag behind runs of few steps",
        "norm_momentum: 0.01",
        False,
        lambda run: run.network.architecture == "unet1x1" and run.network.norm_momentum == 0.01,
    ),
    "steps_of_pairs": PublishedWay(
        "who learns from more pairs takes more steps, so that data and steps are confounded",
        "epochs, steps_from: pairs",
        False,
        _steps,
    ),
    "doubt_is_background": PublishedWay(
        "doubted pixels are black in the image and learned as background: class 0, or id 0 kept for doubt",
        "inconsistency: {input: block, target: background}",
        False,
        _learned_doubt,
    ),
    "large_objects_only": PublishedWay(
        "images whose agreed foreground is not larger than their doubt are dropped, small objects first",
        "select: larger",
        False,
        lambda run: bool(run.method.last) and run.method.select == "larger" and run.dataset.task.kind == "binary",
    ),
    "weighted_targets": PublishedWay(
        "squared error towards a target above 1 weighs a label's pixels",
        "mse_targets",
        False,
        lambda run: "mse" in run.network.loss and any(one != 1 for one in run.dataset.task.mse_targets or []),
    ),
    "drifting_positions": PublishedWay(
        "positions of cells in pseudo-labels move by a pixel in each generation",
        "cells.redraw: published",
        True,
        _drift,
    ),
    "overlapping_crops": PublishedWay(
        "crops of one image that overlap are labelled and unlabelled",
        "by: crop",
        True,
        lambda run: run.dataset.splits[run.split].by == "crop",
    ),
    "thresholds_of_test": PublishedWay(
        "thresholds of quality are what ALDT and FDT reach on test images", "quality: {low, high}", True, _thresholds
    ),
}
