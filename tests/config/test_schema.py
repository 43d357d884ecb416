"""config/schema: what the models say, and every shipped file of settings names and fits its own."""

import json
from pathlib import Path

import jsonschema
import pytest

from dissent.config.base import read_yaml
from dissent.config.schema import render, schemas

ROOT = Path(__file__).resolve().parents[2]
KINDS = {
    "experiments": "experiment",
    "studies": "study",
    "methods": "method",
    "networks": "network",
    "datasets": "dataset",
}
SHIPPED = [(path, kind) for folder, kind in KINDS.items() for path in sorted((ROOT / "config" / folder).glob("*.yaml"))]
TOP = ROOT / "config" / "config.yaml"


@pytest.fixture(scope="module")
def made() -> dict[str, dict]:
    return schemas()


def test_the_files_are_what_the_models_say(made):
    told = "run `python -m dissent.config.schema config/schema`"
    there = {path.stem: path.read_text("utf-8") for path in (ROOT / "config" / "schema").glob("*.json")}
    assert there == {kind: render(schema) for kind, schema in made.items()}, told


def test_every_shipped_file_names_its_schema_and_fits_it(made):
    checks = {kind: jsonschema.Draft202012Validator(schema) for kind, schema in made.items()}
    assert len(SHIPPED) > 50
    for path, kind in [*SHIPPED, (TOP, "config")]:
        folder = "schema" if path == TOP else "../schema"
        assert path.read_text("utf-8").splitlines()[0] == f"# yaml-language-server: $schema={folder}/{kind}.json", path
        assert [error.message for error in checks[kind].iter_errors(read_yaml(path))] == [], path


WRONG = {
    "experiment": {"dataset": "a", "split": "b", "network": "c", "method": "d", "poool": 3},
    "method": {"pool": 0},
    "network": {"architecture": "unet", "precision": "fp8"},
    "study": {"experiments": ["a"], "methods": ["b"], "teachers": 2},
    "dataset": {"raw": "x"},
    "config": {"setings": "mine"},
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_the_models_refuse_an_editor_marks(made, kind):
    assert list(jsonschema.Draft202012Validator(made[kind]).iter_errors(WRONG[kind])) != []


def test_a_method_may_be_set_anew_where_the_models_allow_it(made):
    base = {"dataset": "a", "split": "b", "network": "c", "method": "d"}
    experiment = base | {"teachers": [2, 3], "methods": {"im": {"pseudo_label": "majority"}}}
    jsonschema.validate(experiment, made["experiment"])
    jsonschema.validate(
        {"experiments": ["a"], "methods": ["b"], "variants": {"b": {"of": "im", "teachers": 3}}}, made["study"]
    )
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(base | {"methods": {"im": {"lable": "majority"}}}, made["experiment"])


def test_the_schemas_are_json(made):
    assert json.loads(json.dumps(made)) == made
