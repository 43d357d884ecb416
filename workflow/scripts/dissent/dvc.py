"""DVC around the workflow: one stage a generation, whose command runs Snakemake; no rule is repeated. No torch.

    python -m dissent.dvc demo > dvc.yaml      the stages of an experiment and its controls
    python -m dissent.dvc demo --write         what the first stage runs: the settings of every generation, a file each

Each stage stands on its own settings file, which holds what Snakemake compares for the rules of that generation, code
digests included. So DVC and Snakemake agree on what a change of an option or of the library makes old.
"""

import argparse
import sys
from pathlib import Path

import yaml

from dissent.files import UserError, code_digest, write_json
from dissent.spec import slices
from dissent.spec.base import read_yaml
from dissent.spec.run import Config, Run

FOLDER = "work/settings"

_HEAD = """\
# Made by `make stages EXPERIMENT={experiment}`; tests compare. `dvc repro` builds the experiment, one stage a generation.
# `persist`: DVC must not delete what Snakemake goes on from. `cache: false`: scores are kept by git.
"""


def _code(*names: str) -> str:
    return code_digest(Path(__file__).parent, *names)


def settings(config: Config, experiment: str) -> dict[str, dict]:
    """File under `work/settings` -> what it holds: one for the data, one a generation of each run, one for the report."""
    run, controls = config.run(experiment), config.controls(experiment)
    result = {"data.json": _data(run)}
    for one in (run, *controls):
        result |= {f"{one.name}/gen{g}.json": _generation(one, g) for g in _generations(one)}
    return result | {"report.json": {"report": slices.report(run, controls)}}


def _data(run: Run) -> dict:
    return {"dataset": run.dataset.model_dump(mode="json"), "code": _code("datasets")}


def _generation(run: Run, g: int) -> dict:
    rules = {
        "assemble_pairs": slices.pairs(run, g, _code),
        "train": [slices.student(run, g, i, _code) for i in range(1, run.at(g)["pool"] + 1)],
        "rank_students": slices.ranking(run, g),
        "evaluate": slices.evaluation(run, g, _code),
    }
    if g == 0:
        return rules
    return rules | {
        "predict": slices.prediction(run, _code),
        "build_masks": slices.masks(run, g, _code),
        "audit": slices.auditing(run, g, _code),
    }


def _generations(run: Run) -> range:
    return range(run.recipe.generations + 1)


def stages(config: Config, experiment: str, folder: str | None = None) -> dict:
    """dvc.yaml of an experiment as plain data; `folder`: the user's own settings folder, named in every command."""
    run, controls = config.run(experiment), config.controls(experiment)
    runs = (run, *controls)
    own = f" SETTINGS={folder}" if folder else ""
    result = {
        "settings": {
            "cmd": f"make -s settings EXPERIMENT={experiment}{own}",
            "deps": ["config", *([folder] if folder else []), "workflow/scripts/dissent"],
            "outs": [FOLDER],
        },
        "data": _data_stage(run, own),
    }
    for one in runs:
        for g in _generations(one):
            result[_stage_name(one, g)] = _generation_stage(one, g, own)
    result["report"] = {
        "cmd": _command(own, f"results/{run.name}/report.html"),
        "deps": [
            f"{FOLDER}/report.json",
            *(path for one in runs for g in _generations(one) for path in _scores(one, g)),
            "workflow/report",
            "workflow/scripts/dissent/report",
        ],
        "outs": [_kept(f"results/{run.name}/report.html")],
    }
    histories = {f"results/{run.name}/gen{g}/students/1/history.csv": "score" for g in _generations(run)}
    title = "Validation score of the first student of each generation"
    return {"stages": result, "plots": [{"validation": {"title": title, "x": "step", "y": histories}}]}


def _command(own: str, *targets: str) -> str:
    return f'make -s stage{own} TARGETS="{" ".join(targets)}"'


def _kept(path: str, **more: bool) -> dict:
    return {path: {**more, "persist": True}}


def _stage_name(run: Run, g: int) -> str:
    """DVC allows no dot in the name of a stage."""
    return f"gen{g}" if run.name == run.experiment else f"{run.name.split('.', 1)[1].replace('.', '-')}-gen{g}"


def _scores(run: Run, g: int) -> list[str]:
    names = ["metrics.json", "cost.json"] + (["audit.json"] if g else [])
    return [f"results/{run.name}/gen{g}/{name}" for name in names]


def _data_stage(run: Run, own: str) -> dict:
    data = f"data/{run.dataset_name}"
    splits = f"{data}/splits/{run.split}"
    outs = [f"{data}/images", f"{data}/labels", f"{data}/files.csv", f"{data}/dataset.json", splits]
    # what a job fetches is no dependency: it is not there before
    raw = [] if run.dataset.fetch else [Path(run.dataset.raw).as_posix()]
    return {
        "cmd": _command(own, f"{splits}/labelled.csv"),
        "deps": [f"{FOLDER}/data.json", *raw],
        "outs": [_kept(path) for path in outs],
    }


def _generation_stage(run: Run, g: int, own: str) -> dict:
    here, before = f"results/{run.name}/gen{g}", f"results/{run.name}/gen{g - 1}"
    deps = [f"{FOLDER}/{run.name}/gen{g}.json", f"data/{run.dataset_name}/splits/{run.split}"]
    outs = ["pairs.csv", "students", "teachers.json", "counts.csv", "costs", "cost.json"]
    if g:
        deps.append(f"{before}/teachers.json")
        outs = ["predictions", "predictions.csv", "masks", "masks.csv", *outs]
    if g > 1:
        deps.append(f"{before}/masks.csv")
    scores = _scores(run, g)
    return {
        "cmd": _command(own, *scores),
        "deps": deps,
        "outs": [_kept(f"{here}/{name}") for name in outs],
        "metrics": [_kept(path, cache=False) for path in scores if not path.endswith("/cost.json")],
    }


def text(config: Config, experiment: str, folder: str | None = None) -> str:
    """dvc.yaml of an experiment."""
    plain = yaml.safe_dump(stages(config, experiment, folder), sort_keys=False, width=120, allow_unicode=True)
    return _HEAD.format(experiment=experiment) + plain


def write_settings(config: Config, experiment: str, folder: str | None = None) -> None:
    """Write every settings file; UserError when dvc.yaml lacks a stage that these settings need."""
    wanted, found = stages(config, experiment, folder)["stages"], read_yaml("dvc.yaml").get("stages", {})
    old = [name for name, stage in wanted.items() if found.get(name) != stage]
    if old:
        own = f" SETTINGS={folder}" if folder else ""
        raise UserError(
            f"dvc.yaml does not fit the settings of {experiment} any more (stages {', '.join(old)}); "
            f"`make stages EXPERIMENT={experiment}{own}` writes it anew"
        )
    for path, value in settings(config, experiment).items():
        write_json(f"{FOLDER}/{path}", value)


def main(arguments: list[str] | None = None) -> int:
    """The command line; 2 for a user's mistake."""
    parser = argparse.ArgumentParser(prog="python -m dissent.dvc", description="dvc.yaml of an experiment")
    parser.add_argument("experiment", help="name of a file in config/experiments")
    parser.add_argument("--settings", metavar="DIR", help="folder of your own, looked into before config/")
    parser.add_argument("--write", action="store_true", help=f"write the settings of each generation to {FOLDER}")
    options = parser.parse_args(arguments)
    config = Config(*([options.settings] if options.settings else []), "config")
    try:
        if options.write:
            write_settings(config, options.experiment, options.settings)
        else:
            sys.stdout.write(text(config, options.experiment, options.settings))
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
