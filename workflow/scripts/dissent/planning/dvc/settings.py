"""The settings of every generation, a file each: what the stages of dvc.yaml depend on."""

import json

from dissent.config.resolve import Config, Run
from dissent.core.files import UserError, read_json, write_json
from dissent.planning import browsing, outside, rule_params
from dissent.planning.closure import Library

FOLDER = "work/settings"
_code = Library().code


def generations(run: Run) -> range:
    """Numbers of the generations of a run, 0 too."""
    return range(run.method.last + 1)


def settings(config: Config, experiment: str) -> dict[str, dict]:
    """File under `work/settings` -> what it holds: one for the data, one a generation of each run, one for the report."""
    run, controls = config.run(experiment), config.controls(experiment)
    rules = [*(["fetch"] if run.dataset.fetch else []), "prepare", "split"]
    result = {"data.json": {"dataset": run.dataset.model_dump(mode="json"), "code": [_code(rule) for rule in rules]}}
    for one in (run, *controls):
        result |= {f"{one.name}/gen{g}.json": _generation(one, g) for g in generations(one)}
    report = rule_params.report(run, controls, _code, config)
    return result | {"report.json": {"report": report, "browse": browsing.settings(run, controls, _code)}}


def _generation(run: Run, g: int) -> dict:
    rules = {
        "assemble_pairs": rule_params.pairs(run, g, _code),
        "train": [rule_params.student(run, g, i, _code) for i in range(1, run.at(g)["students"] + 1)],
        "rank_students": rule_params.ranking(run, g, _code),
        "evaluate": rule_params.evaluation(run, g, _code),
        "cost": rule_params.costing(_code),
    }
    if g == 0:
        names = [one.name for one in run.external_teachers]
        return rules | ({"read_teacher": [outside.settings(run, name, _code) for name in names]} if names else {})
    if run.method.rates:
        rules |= {"score_pairs": rule_params.rating(run, _code), "thresholds": rule_params.thresholds(run, _code)}
    if run.evalnet:
        rules |= {
            "train_evalnet": [rule_params.evalnet(run, i, _code) for i in range(1, run.method.quality.trained + 1)],
            "rank_evalnets": rule_params.ranking_evalnets(run, _code),
        }
    if run.method.patience:
        rules["decide"] = rule_params.deciding(run, _code)
    if run.shards > 1:
        rules["join_shards"] = rule_params.joining(_code)
    return rules | {
        "predict": rule_params.prediction(run, g, _code),
        "build_masks": rule_params.masks(run, g, _code),
        "audit": rule_params.auditing(run, g, _code),
    }


def write_settings(config: Config, experiment: str) -> None:
    """Write every settings file."""
    for path, value in settings(config, experiment).items():
        write_json(f"{FOLDER}/{path}", value)


def check_settings(config: Config, experiment: str) -> None:
    """UserError when the files under work/settings hold other settings than config/ and the library give now."""
    wanted = {f"{FOLDER}/{path}": value for path, value in settings(config, experiment).items()}
    old = [path for path, value in wanted.items() if read_json(path) != json.loads(json.dumps(value))]
    if old:
        raise UserError(
            f"the results that came were made with other settings or another library than stand here "
            f"({', '.join(old)}): put yours back to what was committed, `make pull`, and change them after that"
        )
