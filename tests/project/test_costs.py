"""What the scripts of rules count as work."""

import ast
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "workflow" / "scripts"
COUNTING = sorted(path.name for path in SCRIPTS.glob("*.py") if "cost(" in path.read_text("utf-8"))


@pytest.mark.parametrize("name", [name for name in COUNTING if name != "cost.py"])
def test_imports_are_no_work(name):
    tree = ast.parse((SCRIPTS / name).read_text("utf-8"))
    counted = [
        block
        for block in ast.walk(tree)
        if isinstance(block, ast.With)
        and any(
            isinstance(item.context_expr, ast.Call) and ast.unparse(item.context_expr.func) == "cost"
            for item in block.items
        )
    ]
    assert counted
    for block in counted:
        inside = {type(node) for node in ast.walk(block)}
        assert not inside & {ast.Import, ast.ImportFrom}
        assert "prepare_process" not in ast.unparse(block)  # which imports torch
