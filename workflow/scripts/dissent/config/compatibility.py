"""What no single file can tell: whether dataset, network and method of a run fit each other."""

from pathlib import Path
from typing import TYPE_CHECKING

from dissent.config.averaged import COLOURFUL, IMAS, U2PL
from dissent.config.external_teacher import check_teachers
from dissent.config.task import NEW_FIRST_LABEL
from dissent.core.files import MOST_BY_LABEL, UserError

if TYPE_CHECKING:
    from dissent.config.resolve import Run


def check_together(run: "Run", path: Path) -> None:
    """UserError says what does not fit; `path`: the experiment's file."""
    kind, network, (height, width) = run.dataset.task.kind, run.network, run.dataset.size
    if fault := network.misfit(height, width):
        raise UserError(f"network {run.network_name} and data set {run.dataset_name} do not fit: {fault} ({path})")
    if len(set(run.controls)) < len(run.controls) or run.method_name in run.controls:
        raise UserError(f"`controls` in {path} names a method twice, or the experiment's own")
    if kind == "multiclass" and "bce" in run.network.loss:
        raise UserError(
            f"`loss: bce` of network {run.network_name} is for binary and multilabel tasks; use ce ({path})"
        )
    weights, labels = network.loss_options.class_weights, run.dataset.task.labels
    if weights and (len(weights) != len(labels) or run.dataset.task.doubt_class):
        raise UserError(
            f"`loss_options.class_weights` of network {run.network_name} has {len(weights)} numbers, and data set "
            f"{run.dataset_name} {len(labels)} labels{', and an output for doubt' if run.dataset.task.doubt_class else ''} ({path})"
        )
    if network.architecture == "evalnet":
        raise UserError(f"network {run.network_name} rates masks and cannot make any; name it as `evalnet` ({path})")
    if run.evalnet and run.evalnet.architecture != "evalnet":
        raise UserError(f"`evalnet` in {path} must name a network file with `architecture: evalnet`")
    if run.evalnet and (fault := run.evalnet.misfit(height, width)):
        raise UserError(f"EvalNets and data set {run.dataset_name} do not fit: {fault} ({path})")
    wider = {"width_factor": run.method.width_factor != 1, "diversify.widths": bool(run.method.diversify.widths)}
    if network.architecture != "unet1x1" and any(wider.values()):
        raise UserError(
            f"`{next(filter(wider.get, wider))}` of {run.method_name} needs a unet1x1, not the {network.architecture} of {path}"
        )
    many = kind == "multilabel" and len(run.dataset.task.labels) > MOST_BY_LABEL
    if many and run.method.inconsistency.target == "ignore_label":
        raise UserError(
            f"`inconsistency.target: ignore_label` is for {MOST_BY_LABEL} labels at most, and data set {run.dataset_name} has "
            f"{len(run.dataset.task.labels)}; use ignore ({path})"
        )
    learned = [check(run, g) for g in sorted({0, run.method.last}) for check in (_learns_nothing, _learns_beside)]
    for fault in (_teaches_a_class(run), *learned):
        if fault:
            raise UserError(f"{fault} ({path})")
    if run.shards > 1 and run.method.select == "stable":
        raise UserError(
            f"`shards: {run.shards}` with `select: stable` of {run.method_name}: images are ranked among all, and shards see a part "
            f"each; leave `shards` out ({path})"
        )
    try:
        check_teachers(run.external_teachers, run.dataset.task, run.name)
    except ValueError as error:
        raise UserError(f"{error} ({path})") from None
    if run.method.inconsistency.target == "own_class" and not run.dataset.task.doubt_class:
        raise UserError(
            f"`inconsistency.target: own_class` needs `doubt_class: true` in data set {run.dataset_name} ({path})"
        )


def _learner_of(run: "Run", generation: int) -> str:
    """The method whose learner students of a generation have."""
    return run.method.start if generation == 0 and run.method.start is not None else run.method_name


def _learns_nothing(run: "Run", generation: int) -> str:
    """What of a generation's learner would vanish with this data set; or ""."""
    learn, task, name = run.learner(generation), run.dataset.task, _learner_of(run, generation)
    if isinstance(learn, IMAS) and run.dataset.channels == 1 and set(learn.operations) <= set(COLOURFUL):
        return (
            f"`learn.operations` of method {name} changes colours alone, and the images of data set {run.dataset_name} are "
            "grey; add others, as contrast and blur, or leave the key out"
        )
    classes = len(task.labels) if task.kind == "multiclass" else 2
    if isinstance(learn, U2PL) and learn.low_rank and learn.low_rank >= classes:
        return (
            f"`learn.low_rank: {learn.low_rank}` of method {name} leaves no class whose negative a pixel could be: data set "
            f"{run.dataset_name} has {classes} at a pixel{'' if task.kind == 'multiclass' else ', a label and its absence'}; leave the key "
            f"out, or use {classes - 1} or less"
        )
    return ""


def _learns_beside(run: "Run", generation: int) -> str:
    """Why the networks that a generation's learner trains beside the network file's do not fit; or ""."""
    name = _learner_of(run, generation)
    try:
        several = run.learner(generation).trained(run.network)
    except UserError as error:
        return f"`learn` of method {name} and network {run.network_name} do not fit: {error}"
    faults = [fault for one in several[1:] if (fault := one.misfit(*run.dataset.size))]
    return f"`learn.senior` of method {name} and data set {run.dataset_name} do not fit: {faults[0]}" if faults else ""


def _teaches_a_class(run: "Run") -> str:
    """What a method would teach where teachers disagree, when every id of the data set is a class of its own; or ""."""
    task, method = run.dataset.task, run.method
    if task.kind != "multiclass" or task.background is not None or not method.teaches_background:
        return ""
    key, remedy = (
        "`inconsistency.target: background`",
        "`inconsistency: {input: keep, target: ignore}`, as im_clean has it",
    )
    if method.pseudo_label == "unanimous":
        key, remedy = "`pseudo_label: unanimous`", f"`pseudo_label: agreement` with {remedy}, or `pseudo_label: mean`"
    return (
        f"{key} of method {run.method_name} teaches id 0 wherever teachers disagree, and id 0 of data set {run.dataset_name} is "
        f"the class `{task.labels[0]}`. Choose {remedy}; or say in the data set's `task` which label means nothing in "
        f"particular (`background: NAME`), or {NEW_FIRST_LABEL}"
    )
