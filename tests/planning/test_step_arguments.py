"""What steps are told of the settings (core/arguments.py): typed where it is made and where it is read."""

import ast

from dissent.config.resolve import Config
from dissent.planning import rule_params


def test_what_is_made_has_the_keys_of_its_type(root):
    """mypy checks what stands in the code; this, that a run has no other keys."""
    config = Config(root / "config")
    given = {"run": config.run("demo.im_plus_plus"), "generation": 1, "member": 1, "controls": [], "config": config}
    given["code"] = lambda *names: "code"
    made = [one for one in vars(rule_params).values() if getattr(one, "__module__", "") == rule_params.__name__]
    told = 0
    for function in made:
        kind = function.__annotations__.get("return")
        if "code" in function.__annotations__ and hasattr(kind, "__total__"):
            found = function(**{key: given[key] for key in function.__annotations__ if key in given})
            assert list(found) == list(kind.__annotations__), function.__name__
            told += 1
    assert told >= 15


def test_no_step_takes_a_dict_whose_keys_stand_in_prose(root):
    for path in root.glob("workflow/scripts/dissent/steps/*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.arg) and node.arg in ("params", "settings") and node.annotation:
                assert ast.unparse(node.annotation) not in ("dict", "Mapping"), f"{path}:{node.lineno}"
