"""Digests of code: what a rule's script imports, read from the syntax; an edit reruns what reaches it, and nothing else."""

import re
import shutil
from pathlib import Path

import pytest

from dissent.core.files import write_text
from dissent.planning import rule_params
from dissent.planning.closure import Library
from dissent.planning.paths import Plan

SCRIPTS = Path(__file__).resolve().parents[2] / "workflow" / "scripts"
RULES = sorted(path.stem for path in SCRIPTS.glob("*.py"))


def named(library: Library, *asked: str) -> set[str]:
    """Files of the library that a rule runs."""
    package = library.package
    return {path.relative_to(package).as_posix() for path in library.files(*asked) if path.is_relative_to(package)}


@pytest.fixture
def toy(in_tmp) -> Library:
    """A library of few lines, with every way to import."""
    files = {
        "one.py": "from dissent.runtime import job\nwith job():\n    from dissent.deep import work\n",
        "two.py": "import dissent.alone\n",
        "dissent/__init__.py": "",
        "dissent/runtime.py": "job = None\n",
        "dissent/alone.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import dissent.types\nelse:\n    import dissent.other\n",
        "dissent/types.py": "",
        "dissent/other.py": "import numpy\n",
        "dissent/deep/__init__.py": "from . import first\nfrom .second import x\n",
        "dissent/deep/first.py": "def f():\n    try:\n        from ..tools import hammer\n    except ImportError:\n        import dissent.nail\n",
        "dissent/deep/second.py": "x = 1\nmatch x:\n    case 1:\n        from dissent import nail, other as o\n",
        "dissent/deep/third.py": "",
        "dissent/tools/__init__.py": "",
        "dissent/tools/hammer.py": "import dissent.one\n",
        "dissent/nail.py": "",
    }  # fmt: skip
    for name, text in files.items():
        write_text(name, text)
    return Library(in_tmp, in_tmp / "dissent")


def test_every_way_to_import_is_seen(toy):
    deep = {"__init__.py", "first.py", "second.py"}
    assert named(toy, "one") == {
        "__init__.py",
        "runtime.py",
        "nail.py",
        "other.py",
        "tools/__init__.py",
        "tools/hammer.py",
    } | {f"deep/{name}" for name in deep}
    assert named(toy, "two") == {"__init__.py", "alone.py", "other.py"}


def test_only_the_entries_of_a_registry_that_are_used_count():
    library = Library()
    learn = {"training/learners/__init__.py", "training/learners/base.py"}
    for used, own in (
        (["supervised"], {"training/learners/supervised.py"}),
        (["fixmatch", "consistency"], {"training/learners/fixmatch.py", "training/learners/consistency.py"}),
    ):
        found = named(library, "train", *(f"learners/{one}" for one in used))
        assert {name for name in found if name.startswith("training/learners/")} == learn | own
    found = named(library, "train", "networks/unet")
    assert {"networks/smp.py", "networks/storage.py"} <= found and not {
        "networks/unet1x1.py",
        "networks/evalnet.py",
    } & found
    assert "training/learners/fixmatch.py" in found
    assert {
        name for name in named(library, "build_masks", "aggregate/mean") if name.startswith("pseudolabels/aggregate/")
    } == {
        "pseudolabels/aggregate/__init__.py",
        "pseudolabels/aggregate/single.py",
    }
    with pytest.raises(ValueError, match="has no registry with telepathy"):
        library.files("train", "learners/telepathy")
    with pytest.raises(ValueError, match="no such library file"):
        library.files("tame")


def test_an_edit_of_any_module_changes_the_rules_that_reach_it_and_no_other(in_tmp):
    shutil.copytree(SCRIPTS, "scripts", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    texts = {path: path.read_text("utf-8") for path in sorted(Path("scripts").rglob("*.py"))}
    library = Library("scripts", "scripts/dissent")
    reach = {rule: set(library.files(rule)) for rule in RULES}
    codes = {rule: library.code(rule) for rule in RULES}
    assert all(20 < len(files) < len(texts) for rule, files in reach.items() if rule.startswith("train"))
    for path, text in texts.items():
        path.write_text(f"{text}\nEDITED = True\n", "utf-8")
        library = Library("scripts", "scripts/dissent")
        touched = [rule for rule in RULES if path in reach[rule]]
        for rule in {*touched[:1], *touched[-1:]}:  # those between are made of the same digests
            assert library.code(rule) != codes[rule], path
        path.write_text(text, "utf-8")
    for rule in RULES:  # where nothing else lies, the digest is the same
        for path in reach[rule]:
            alone = Path(rule, path.relative_to("scripts"))
            alone.parent.mkdir(parents=True, exist_ok=True)
            alone.write_text(texts[path], "utf-8")
        assert Library(rule, f"{rule}/dissent").code(rule) == codes[rule], rule


def test_what_was_left_out_of_lists_by_hand(root):
    plan = Plan({}, str(root))
    library = Library()
    run = plan.config.run("demo")
    for rule, names in {
        "train": {
            "config/network.py",
            "training/data.py",
            "training/pairs.py",
            "training/loop.py",
            "steps/train.py",
            "core/files.py",
        },
        "train_evalnet": {"pseudolabels/evalnet_examples.py", "config/network.py", "training/learners/rating.py"},
        "score_pairs": {"pseudolabels/evalnet_examples.py", "core/seeds.py"},
        "evaluate": {"evaluation/diagnostics.py", "evaluation/diagnostic_facts.py", "evaluation/metrics.py"},
        "audit": {"steps/audit.py", "core/task.py"},
        "report": {"report/verdict.py", "evaluation/bootstrap.py"},
        "tabulate_study": {"report/study/rows.py", "evaluation/confusion.py"},
    }.items():
        assert names <= named(library, rule), rule
    assert rule_params.student(run, 0, 1, plan.code)["code"] == plan.code(
        "train", "learners/supervised", "networks/unet1x1"
    )


def test_every_rule_has_its_digest_but_what_is_fetched(root):
    """A library of another day fetches the same bytes, and the raw files may be gone."""
    text = "".join(path.read_text() for path in (root / "workflow/rules").glob("*.smk"))
    rules = {block.split(":")[0]: block for block in re.split(r"^rule ", text, flags=re.MULTILINE)[1:]}
    assert [name for name, block in rules.items() if not re.search(r"PLAN\.(code|preparing)\b", block)] == ["fetch"]
    given = {name: re.findall(r'PLAN\.code\("(\w+)"', block) for name, block in rules.items()}
    assert all(names in ([], [name.removesuffix("_shard")]) for name, names in given.items())


def test_nothing_is_imported_in_a_way_that_the_syntax_does_not_tell():
    texts = {path: path.read_text("utf-8") for path in SCRIPTS.rglob("*.py")}
    assert [path for path, text in texts.items() if re.search(r"import_module|__import__|exec\(|runpy", text)] == []
