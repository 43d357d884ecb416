"""JSON schemas of the config files, so that editors complete and check keys: `python -m dissent.config.schema config/schema`.

A file of settings names its schema in a first line: `# yaml-language-server: $schema=../schema/method.json`.
"""

import json
import sys
from pathlib import Path

from dissent.config.base import Model
from dissent.config.dataset import Dataset
from dissent.config.experiment import Experiment
from dissent.config.method import SHARED, Method
from dissent.config.network import Network
from dissent.config.settings import Settings
from dissent.config.study import Study
from dissent.core.files import write_text

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_MODELS: dict[str, type[Model]] = {
    "config": Settings,
    "experiment": Experiment,
    "study": Study,
    "method": Method,
    "network": Network,
    "dataset": Dataset,
}


def schemas() -> dict[str, dict]:
    """{kind of file: its JSON schema}; keys of a method that other files may set are among theirs."""
    made = {kind: _plain(model) for kind, model in _MODELS.items()}
    method = made["method"]
    keys = method["properties"] | {"learn": {"$ref": "#/$defs/AnyLearner"}}
    partial = {"type": "object", "properties": keys, "additionalProperties": False}

    experiment = made["experiment"]
    experiment["properties"] |= {key: keys[key] for key in keys if key not in experiment["properties"]}
    experiment["properties"]["methods"]["additionalProperties"] = partial
    study = made["study"]
    study["properties"] |= {key: keys[key] for key in SHARED}
    variant = study["$defs"]["Variant"]
    variant["properties"] |= keys
    variant["additionalProperties"] = False
    for one in (experiment, study):
        one["$defs"] = one.get("$defs", {}) | method["$defs"] | {"AnyLearner": _any_learner(method)}
    return {kind: {"$schema": _DIALECT, **schema} for kind, schema in made.items()}


def _any_learner(method: dict) -> dict:
    """`learn` in a file that sets keys of a method anew: options without a `name` are those of the method's own learner."""
    options = (method["$defs"][one["$ref"].rpartition("/")[2]] for one in method["properties"]["learn"]["oneOf"])
    return {"anyOf": [one | {"required": []} for one in options]}


def _plain(model: type[Model]) -> dict:
    """A model's schema without the titles that repeat the names of keys."""
    return _without_titles(model.model_json_schema())


def _without_titles(value):
    if isinstance(value, list):
        return [_without_titles(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {key: _without_titles(one) for key, one in value.items() if key != "title" or not isinstance(one, str)}


def render(schema: dict) -> str:
    """A schema as the text of its file."""
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def main(folder: str) -> None:
    """Write all schemas into a folder."""
    for kind, schema in schemas().items():
        write_text(Path(folder, f"{kind}.json"), render(schema))


if __name__ == "__main__":
    main(sys.argv[1])
