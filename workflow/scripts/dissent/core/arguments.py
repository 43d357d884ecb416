"""What each step is told of the settings: made by planning/rule_params.py, noted by Snakemake, which takes plain dicts.

Steps name these for readers and type checkers alone (`TYPE_CHECKING`): one that gets another argument leaves the code of
the others as it is, and what they made too.
"""

from typing import Any, TypedDict

Spec = dict[str, Any]
"""a part of the settings as JSON has it: the task, a network file, a key with keys of its own"""


class Coded(TypedDict):
    """Arguments of steps that need no settings: `join_shards` and `cost`."""

    code: str
    """digest of what the script runs (planning/closure.py)"""


class Facts(TypedDict):
    """What a step must know of the data, and how it computes."""

    task: Spec
    palette: list[list[int]]
    channels: int
    precision: str
    batch_size: int
    threads: int


class Prediction(Facts):
    """Arguments of `predict`."""

    part: list[int]
    """[s, n]: the s-th of n shards of the images"""
    first: str
    """`mean` of all who vote, or the `best` teacher beside its checkpoints: what the table calls teacher 0; "": there is none"""
    soft_labels: bool  # the mean's probabilities are written, too
    checkpoints: int
    """of the best teacher that vote in place of the teachers; 0: these vote"""
    tta: Spec
    """of averaged views: scales, mirrored; of those that vote: mode, number, noise; where there is a mode, teacher{k} is the k-th view of the best teacher"""
    inference: str
    """torch, or the engine that computes networks on a processor"""
    seed: int
    generation: int
    code: str


class Sizes(TypedDict):
    """How masks come to the size of a data set."""

    size: list[int]
    geometry: Spec
    published: bool
    exif: str


class Outside(Sizes):
    """What the rule `read_teacher` is told."""

    task: Spec
    palette: list[list[int]]
    threads: int
    teacher: Spec
    digest: str
    """of the contents of its folder"""
    code: str


class Masks(TypedDict):
    """Arguments of `build_masks`."""

    task: Spec
    palette: list[list[int]]
    channels: int
    threads: int
    pseudo_label: str
    select: str
    reliable_share: float
    keep_labels: bool
    inconsistency: dict[str, int]  # erode, dilate
    code: str


class Rated(Facts):
    """What all steps of EvalNets know."""

    rated: str  # predictions, or masks
    seed: int


class EvalNet(Rated):
    """Arguments of `train_evalnet`."""

    size: list[int]
    network: Spec
    member: int
    code: str


class Thresholds(Rated):
    """Arguments of `measure_thresholds`."""

    quality: dict[str, Any]
    """low and high: a number, or `validation`"""
    code: str


class Rating(Rated):
    """Arguments of `score_pairs`."""

    code: str


class Pairs(TypedDict):
    """Arguments of `assemble_pairs`: copies of this generation."""

    noise_copies: int
    noise_copies_by: str
    labelled_noise_copies: int
    code: str


class Learning(TypedDict):
    """What a student takes of its method."""

    inconsistency: Spec
    noise: Spec
    noise_ramp: float
    keep_originals: bool
    augmentation: str
    pseudo_augmentation: str | None
    keep_checkpoints: int
    labelled_batch_fraction: float | None
    end_on_labels: float
    labelled_subset: float
    learn: Spec
    soft_labels: str
    steps_from: str


class Student(TypedDict):
    """Arguments of `train`. How labels were made is not among them: if the pairs stay the same, nothing is trained anew."""

    task: Spec
    size: list[int]
    channels: int
    input: Spec
    """how an image came to the network's size; with `levels`, where images have 16 bits (steps/levels.py)"""
    rotation_invariant: bool
    network: Spec
    threads: int
    method: Learning
    seed: int
    generation: int
    member: int
    code: str


class Shown(Student):
    """Arguments of `show_pairs`."""

    palette: list[list[int]]


class Ranking(TypedDict):
    """Arguments of `rank_students` and `rank_evalnets`: how many are marked, by which score."""

    teachers: int
    score: str
    task: Spec
    """by which teachers from outside are scored; empty where there are none"""
    code: str


class Evaluation(Facts):
    """Arguments of `evaluate`."""

    run: str
    generation: int
    upper_bound: bool
    patience: int | None
    inconsistency_target: str
    pseudo_label: str
    soft_labels: bool
    had: list[str]  # settings that alarms recommend and the run has (config/remedies.py)
    code: str


class Evaluating(Evaluation):
    """What evaluate knows beside that from dataset.json."""

    metric_labels: dict[str, str]
    """score -> folder of targets of its own"""
    files: str  # files.csv


class Deciding(TypedDict):
    """Arguments of `decide`."""

    pools: list[int]  # students of every planned generation
    code: str


class Auditing(TypedDict):
    """Arguments of `audit`."""

    run: str
    generation: int
    task: Spec
    voters: list[str]
    """what the teachers of predictions.csv are called, from number 1"""
    best: int
    """number of the best teacher in predictions.csv"""
    code: str


class Report(TypedDict):
    """Arguments of `report`."""

    run: Spec
    """name, method, dataset, split, seed, as_published, upper_bounds; `partial`: what a report lacks that is made before the end"""
    controls: list[str]
    voters: list[list[str]]
    """of each generation from gen1 on: names by their numbers in predictions.csv"""
    task: Spec
    palette: list[list[int]]
    colours: list
    channels: int
    command: str
    settings: Spec
    code: dict[str, str]  # rule -> digest


class Browser(TypedDict):
    """Arguments of `browse`."""

    run: Spec  # name, method, dataset
    controls: list[str]  # their methods, as the report has them
    voters: list[list[str]]  # as the report has them
    first: str  # what predictions.csv calls teacher 0
    pseudo_label: str
    task: Spec
    palette: list[list[int]]
    channels: int
    most: int  # unlabelled images that are shown
    threads: int
    code: str


class Study(TypedDict):
    """Arguments of `tabulate_study` and `plot_labels`."""

    study: str
    blocks: list[Spec]
    """an experiment under one label fraction each, with a row a method"""
    command: str
    settings: Spec
    code: str
