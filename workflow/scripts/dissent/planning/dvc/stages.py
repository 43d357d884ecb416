"""dvc.yaml of an experiment and its controls."""

import os
from pathlib import Path

import yaml

from dissent.config.base import read_yaml
from dissent.config.resolve import Config, Run
from dissent.core.files import UserError
from dissent.datasets import folders
from dissent.datasets.split_files import lists_of
from dissent.planning.dvc.scores import runs_of, scores_file
from dissent.planning.dvc.settings import FOLDER, generations
from dissent.planning.homes import home_of

_TRAINED = ("pairs.csv", "pairs.json", "students")  # of a pool; a run that has its students from another has none
_HEAD = """\
# Made by `make stages EXPERIMENT={experiment}`; tests compare. `dvc repro` builds the experiment, one stage a generation.
# `persist`: DVC must not delete what Snakemake goes on from. `cache: false`: scores are kept by git.
"""


def text(config: Config, experiment: str, own: str | None = None) -> str:
    """dvc.yaml as text; `own`: the user's settings folder, named in every command."""
    plain = yaml.safe_dump(stages(config, experiment, own), sort_keys=False, width=120, allow_unicode=True)
    return _HEAD.format(experiment=experiment) + plain


def stages(config: Config, experiment: str, own: str | None = None) -> dict:
    """dvc.yaml as plain data."""
    run, *_ = runs = runs_of(config, experiment)
    option = _option(own)
    result = {
        "settings": {
            "cmd": f"make -s settings EXPERIMENT={experiment}{option}",
            "deps": ["config", *([own] if own else []), "workflow/scripts/dissent"],
            # of a file without keys DVC takes them all; `deps` hold whatever else could change
            "params": [{path: None} for path in _settings_files(config, experiment)],
            "outs": [FOLDER],
        },
        "data": _data(run, option),
    }
    for one in runs:
        result |= {_name(one, g): _generation(config, one, g, option, {r.name for r in runs}) for g in generations(one)}
    browser = ("browse.html", "browse") if run.method.last else ()
    result["report"] = {
        "cmd": _command(option, f"results/{run.name}/report.html"),
        "deps": [
            f"{FOLDER}/report.json",
            *(path for one in runs for g in generations(one) for path in _scores(one, g)),
            "workflow/report",
            "workflow/scripts/dissent/report",
        ],
        "outs": [_kept(f"results/{run.name}/{name}") for name in ("report.html", *browser)],
    }
    result["scores"] = {
        "cmd": f"make -s scores EXPERIMENT={experiment}{option}",
        "deps": [
            *(f"results/{one.name}/gen{g}/metrics.json" for one in runs for g in generations(one)),
            "workflow/scripts/dissent/planning/dvc/scores.py",
        ],
        "metrics": [{scores_file(one, g): {"cache": False}} for one in runs for g in generations(one)],
    }
    histories = {f"results/{run.name}/gen{g}/students/1/history.csv": "score" for g in generations(run)}
    title = "Validation score of the first student of each generation"
    return {"stages": result, "plots": [{"validation": {"title": title, "x": "step", "y": histories}}]}


def _option(own: str | None) -> str:
    """What `make` needs for a settings folder of the user's."""
    return f" CONFIG_DIR={own}" if own else ""


def check_stages(config: Config, experiment: str, own: str | None = None) -> None:
    """UserError when dvc.yaml lacks a stage that the settings need, or has another in its place."""
    found = read_yaml("dvc.yaml").get("stages", {})
    wanted = stages(config, experiment, own)["stages"]
    old = [name for name, stage in wanted.items() if _made(found.get(name)) != _made(stage)]
    if old:
        raise UserError(
            f"dvc.yaml does not fit the settings of {experiment} any more (stages {', '.join(old)}); "
            f"`make stages EXPERIMENT={experiment}{_option(own)}` writes it anew"
        )


def _made(stage: dict | None) -> dict | None:
    """A stage without `params`, which only tell what changed: an experiment of `dvc exp run` may name other files."""
    return stage and {key: value for key, value in stage.items() if key != "params"}


def _settings_files(config: Config, experiment: str) -> list[str]:
    """The settings files that the runs of an experiment are made from."""
    fresh = Config(*config.folders)
    for run in (fresh.run(experiment), *fresh.controls(experiment)):
        for name in run.rated_pools:
            fresh.run(name)
    return sorted(Path(os.path.relpath(path)).as_posix() for path in fresh.used)


def _command(option: str, *targets: str) -> str:
    return f'make -s stage{option} TARGETS="{" ".join(targets)}"'


def _kept(path: str, **more: bool) -> dict:
    return {path: {**more, "persist": True}}


def _name(run: Run, g: int) -> str:
    """DVC allows no dot in the name of a stage."""
    return f"gen{g}" if run.name == run.experiment else f"{run.name.split('.', 1)[1].replace('.', '-')}-gen{g}"


def _scores(run: Run, g: int) -> list[str]:
    names = ["metrics.json", "cost.json"] + (["audit.json"] if g else [])
    return [f"results/{run.name}/gen{g}/{name}" for name in names]


def _data(run: Run, option: str) -> dict:
    data = f"data/{run.dataset_name}"
    splits = f"{data}/splits/{run.split}"
    made = [*folders(run.dataset), "files.csv", "raw.csv", "raw.json", "dataset.json"]
    raw, own = Path(run.dataset.raw).as_posix(), run.dataset.own_masks
    # what a job fetches is no dependency: it is not there before
    deps = [*([] if run.dataset.fetch else [raw]), *([Path(own).as_posix()] if own is not None else [])]
    split = run.dataset.splits[run.split]
    if split.lists is not None or split.fixed is not None:
        lists = [os.path.relpath(path) for path in lists_of(run.dataset.model_dump(mode="json"), run.split)]
        deps += [path for path in lists if not Path(path).is_relative_to(raw)]
    return {
        "cmd": _command(option, f"{splits}/labelled.csv"),
        "deps": [f"{FOLDER}/data.json", *deps],
        "outs": [*(_kept(f"{data}/{name}") for name in made), _kept(splits)],
    }


def _home(config: Config, run: Run, g: int) -> str:
    # both runs have one code: what is compared is their settings
    return run.name if g else home_of(config, run, lambda *_: "")


def _pool(config: Config, name: str) -> list[str]:
    """Files of the generation 0 of run `name`."""
    own = _home(config, config.run(name), 0) == name
    return [f"results/{name}/gen0/{part}" for part in (*(_TRAINED if own else ()), "teachers.json")]


def _generation(config: Config, run: Run, g: int, option: str, others: set[str]) -> dict:
    here = f"results/{run.name}/gen{g}"
    deps = [f"{FOLDER}/{run.name}/gen{g}.json", f"data/{run.dataset_name}/splits/{run.split}"]
    home = _home(config, run, g)
    outs = [
        *(_TRAINED if home == run.name else ()),
        "teachers.json",
        "counts.csv",
        "examples",
        "README.md",
        "costs",
        "cost.json",
    ]
    deps += [f"results/{home}/gen0/students"] if home != run.name else []
    patience = run.method.patience
    named = ["teachers.json", *(["counts.csv"] if patience is not None else [])]
    deps += [f"results/{run.name}/gen{h}/{name}" for h in range(g) for name in (*named, *(["masks.csv"] if h else []))]
    if patience is not None and g > patience:
        deps.append(f"results/{run.name}/gen{g - 1}/metrics.json")
        outs.append(f"stop.{patience}.json")
    if g:
        outs = [f"{name}{form}" for name in ("predictions", "masks") for form in ("", ".csv", ".json")] + outs
    outs = [f"{here}/{name}" for name in outs]
    if run.external_teachers:
        masks, read = sorted({one.masks for one in run.external_teachers}), f"results/{run.name}/external"
        deps += [read] if g else masks
        outs += [] if g else [read]
    if g and run.method.rates:
        outs += [f"{here}/scores.csv", f"{here}/scores.json"]
    if g == 1 and run.method.rates:
        # the pools of other methods that EvalNets learn from are made here too, for no stage of their own exists
        pools = [path for name in run.rated_pools for path in _pool(config, name)]
        outs += [f"results/{run.name}/evalnets", *(path for path in pools if path.split("/")[1] not in others)]
    elif g and run.method.rates:
        deps.append(f"results/{run.name}/evalnets")
    scores = _scores(run, g)
    return {
        "cmd": _command(option, *scores),
        "deps": deps,
        "outs": [
            *(_kept(path) for path in outs),
            *(_kept(path, cache=False) for path in scores if not path.endswith("/cost.json")),
        ],
    }
