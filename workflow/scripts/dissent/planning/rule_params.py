"""The slice of the settings that each rule's script uses, as one plain dict: what is in it reruns the rule when it changes."""

from collections.abc import Callable

from dissent.config.as_published import published_ways
from dissent.config.remedies import had
from dissent.config.resolve import Config, Run
from dissent.core import arguments
from dissent.core.rebuild_hint import option

Code = Callable[..., str]
"""a rule, and the entries of registries that it uses -> digest of what its script runs (planning/closure.py)"""


def facts(run: Run) -> arguments.Facts:
    """What a job must know of the data, and how it computes."""
    task = run.dataset.task
    return {
        "task": task.model_dump(mode="json"),
        "palette": task.palette,
        "channels": run.dataset.channels,
        "precision": run.network.precision,
        "batch_size": run.network.batch_size,
        "threads": run.network.resources.threads,
    }


def prediction(run: Run, generation: int, code: Code, shard: int = 1) -> arguments.Prediction:
    """What the rule `predict` is told: one shard of the unlabelled images, as the pool of the generation before sees them."""
    return {
        **facts(run),
        "part": [shard, run.shards],
        "first": run.first(generation),
        "soft_labels": run.method.soft_labels != "none",
        "checkpoints": run.at(generation)["keep_checkpoints"] if run.at(generation)["voters"] == "checkpoints" else 0,
        "tta": run.at(generation)["tta"],
        "inference": run.network.resources.inference,
        "seed": run.seed,
        "generation": generation,
        "code": code("predict", _architecture(run)),
    }


def _architecture(run: Run) -> str:
    return f"networks/{run.network.architecture}"


def masks(run: Run, generation: int, code: Code) -> arguments.Masks:
    """What the rule `build_masks` is told."""
    method = run.at(generation)
    task = run.dataset.task
    return {
        "task": task.model_dump(mode="json"),
        "palette": task.palette,
        "channels": run.dataset.channels,
        "threads": run.network.resources.threads,
        "pseudo_label": method["pseudo_label"],
        "select": method["select"],
        "reliable_share": method["reliable_share"],
        "keep_labels": method["keep_labels"],
        "inconsistency": {key: method["inconsistency"][key] for key in ("erode", "dilate")},
        "code": code("build_masks", f"aggregate/{method['pseudo_label']}", f"select/{method['select']}"),
    }


def evalnet(run: Run, member: int, code: Code) -> arguments.EvalNet:
    """What the rule `train_evalnet` is told."""
    return {
        **_rated(run),
        "size": list(run.dataset.size),
        "network": run.rater.model_dump(mode="json", exclude={"resources"}),
        "threads": run.rater.resources.threads,
        "member": member,
        "code": code("train_evalnet", *_rating_networks(run)),
    }


def _rating_networks(run: Run) -> tuple[str, ...]:
    return (_architecture(run), "networks/evalnet")


def thresholds(run: Run, code: Code) -> arguments.Thresholds:
    """What the rule `measure_thresholds` is told."""
    limits = {name: getattr(run.method.quality, name) for name in ("low", "high")}
    return {**_rated(run), "quality": limits, "code": code("measure_thresholds", *_rating_networks(run))}


def rating(run: Run, code: Code) -> arguments.Rating:
    """What the rule `score_pairs` is told."""
    return {**_rated(run), "code": code("score_pairs", *_rating_networks(run))}


def _rated(run: Run) -> arguments.Rated:
    return {**facts(run), "rated": run.method.rates, "seed": run.seed}


def pairs(run: Run, generation: int, code: Code) -> arguments.Pairs:
    """What the rule `assemble_pairs` is told."""
    method = run.at(generation)
    return {
        "noise_copies": method["noise_copies"],
        "noise_copies_by": method["noise_copies_by"],
        "labelled_noise_copies": method["labelled_noise_copies"],
        "code": code("assemble_pairs"),
    }


def student(run: Run, generation: int, member: int, code: Code) -> arguments.Student:
    """What the rule `train` is told."""
    method = run.at_member(generation, member)
    learner = f"learners/{method['learn']['name']}"
    return {
        "task": run.dataset.task.model_dump(mode="json"),
        "size": list(run.dataset.size),
        "channels": run.dataset.channels,
        "input": _input(run),
        "rotation_invariant": run.dataset.rotation_invariant,
        "network": run.network_at(generation, member).model_dump(mode="json", exclude={"resources"}),
        "threads": run.network.resources.threads,
        "method": {
            "inconsistency": _inconsistency(method, run),
            "noise": method["noise"],
            "noise_ramp": method["noise_ramp"],
            "keep_originals": method["keep_originals"],
            "augmentation": method["augmentation"],
            "pseudo_augmentation": method["pseudo_augmentation"],
            "keep_checkpoints": method["keep_checkpoints"],
            "labelled_batch_fraction": method["labelled_batch_fraction"],
            "end_on_labels": method["end_on_labels"],
            "labelled_subset": method["labelled_subset"],
            "learn": method["learn"],
            "soft_labels": method["soft_labels"],
            "steps_from": method["steps_from"],
        },
        "seed": run.seed,
        "generation": generation,
        "member": member,
        "code": code("train", learner, _architecture(run)),
    }


def showing(run: Run, generation: int, code: Code) -> arguments.Shown:
    """What the rule `show_pairs` is told."""
    student_one = student(run, generation, 1, code)
    return {**student_one, "palette": run.dataset.task.palette, "code": code("show_pairs")}


def _inconsistency(method: dict, run: Run) -> dict:
    """The key `inconsistency`: `ignore_label` is `ignore` where labels exclude each other; `background` is named where it is not id 0."""
    rule, task = method["inconsistency"], run.dataset.task
    if rule["target"] == "ignore_label" and not task.overlapping:
        rule = rule | {"target": "ignore"}
    id_of = task.labels.index(task.background) if task.background else 0
    return rule | {"background": id_of} if id_of and rule["target"] == "background" else rule


def _input(run: Run) -> dict:
    """How an image came to the network's size: model.json keeps it, so that new images come to it in the same way."""
    keys = {"geometry", "bit_depth", "exif", "protocol"}
    return {"dataset": run.dataset_name} | run.dataset.model_dump(mode="json", include=keys)


def ranking(run: Run, generation: int, code: Code) -> arguments.Ranking:
    """What the rule `rank_students` is told: how many of this pool label for the next generation."""
    method = run.at(generation)
    task = run.dataset.task
    teachers = min(method["teachers"], method["students"])
    scoring = task.model_dump(mode="json") if run.external_teachers else {}
    return {"teachers": teachers, "score": task.rank_by or task.score, "task": scoring, "code": code("rank_students")}


def ranking_evalnets(run: Run, code: Code) -> arguments.Ranking:
    """What the rule `rank_evalnets` is told: how many of them rate."""
    return {"teachers": run.method.quality.used, "score": "agreement", "task": {}, "code": code("rank_evalnets")}


def joining(code: Code) -> arguments.Coded:
    """What the rule `join_shards` is told."""
    return {"code": code("join_shards")}


def costing(code: Code) -> arguments.Coded:
    """What the rule `cost` is told."""
    return {"code": code("cost")}


def evaluation(run: Run, generation: int, code: Code) -> arguments.Evaluation:
    """What the rule `evaluate` is told."""
    return {
        **facts(run),
        "run": run.name,
        "generation": generation,
        "upper_bound": run.method.upper_bound,
        "patience": run.method.patience,
        "inconsistency_target": _inconsistency(run.at(generation), run)["target"],
        "pseudo_label": run.method.pseudo_label,
        "soft_labels": run.method.soft_labels != "none",
        "had": had(run, generation),
        "code": code("evaluate", _architecture(run)),
    }


def deciding(run: Run, code: Code) -> arguments.Deciding:
    """What the rule `decide` is told: how many students each planned generation has."""
    pools = [run.at(generation)["students"] for generation in range(run.method.last + 1)]
    return {"pools": pools, "code": code("decide")}


def auditing(run: Run, generation: int, code: Code) -> arguments.Auditing:
    """What the rule `audit` is told."""
    return {
        "run": run.name,
        "generation": generation,
        "task": run.dataset.task.model_dump(mode="json"),
        "voters": run.voter_names(generation),
        "best": 0 if run.first(generation) == "best" else 1,
        "code": code("audit"),
    }


def report(run: Run, controls: list[Run], code: Code, config: Config) -> arguments.Report:
    """What the rule `report` is told. `config`: whose folders the command names."""
    task = run.dataset.task
    return {
        "run": {
            "name": run.name,
            "method": f"{run.method_name} ({remark})" if (remark := run.method.learn.remark) else run.method_name,
            "dataset": run.dataset_name,
            "split": run.split,
            "seed": run.seed,
            "as_published": published_ways(run),
            "upper_bounds": [one.method_name for one in (run, *controls) if one.method.upper_bound],
        },
        "controls": [one.method_name for one in controls],
        "voters": [run.voter_names(g) for g in range(1, run.method.last + 1)],
        "task": task.model_dump(mode="json"),
        "palette": task.palette,
        "colours": task.legend,
        "channels": run.dataset.channels,
        "command": f"snakemake --cores 2 results/{run.name}/report.html{settings_option(config)}",
        "settings": run.model_dump(mode="json", exclude={"dataset": {"splits"}})
        | {"split_of_the_data": run.dataset.splits[run.split].model_dump(mode="json")},
        "code": {
            "predict": prediction(run, run.method.last, code)["code"],
            "build_masks": masks(run, run.method.last, code)["code"],
            "train": student(run, run.method.last, 1, code)["code"],
            "evaluate": evaluation(run, 0, code)["code"],
            "report": code("report"),
        },
    }


def settings_option(config: Config) -> str:
    """What the command line needs for a settings folder of the user's."""
    return next(filter(None, map(option, config.folders[:-1])), "")
