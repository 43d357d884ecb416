"""The house itself: layers, registries, who may write, and that the lists of packages and rules agree."""

import ast
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import get_args

from dissent.core import columns

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "workflow" / "scripts" / "dissent"
SCRIPTS = sorted((ROOT / "workflow" / "scripts").glob("*.py"))
FILES = sorted(LIBRARY.rglob("*.py"))

# Imports run down only: a room may use those that stand before it here. docs/explanation/architecture.md says what each is for.
FLOORS = [
    *("core", "consensus", "config", "runtime", "datasets", "networks"),
    *("evaluation", "training", "pseudolabels", "planning", "steps", "report", "cli"),
]
# A file or a folder, as it begins.
WITHOUT_TORCH = (
    *("core/", "consensus.py", "config/", "datasets/", "planning/", "report/study/"),
    *("pseudolabels/aggregate/", "pseudolabels/select/", "pseudolabels/next_images/", "pseudolabels/quality.py"),
    *(f"runtime/{name}.py" for name in ("cost", "hush", "job_logs", "locks", "logs", "parents", "signals", "owners")),
    *(
        f"evaluation/{name}.py"
        for name in ("bootstrap", "cell_counting", "confusion", "contours", "diagnostics", "stopping")
    ),
)
# Their files never import each other, but what they share.
SIBLINGS = ("training/learners/", "pseudolabels/aggregate/", "pseudolabels/select/", "datasets/formats/")
SHARED = ("base", "files")
# Logs, lock files, parts of downloads and a folder that is renamed when whole: nobody takes them for finished.
IN_PLACE = {
    "runtime/logs.py",
    "runtime/locks.py",
    "cli/predict/progress.py",
    "datasets/download.py",
    "datasets/unpack.py",
}
WRITERS = {"core/atomic.py", "training/checkpoint.py"} | IN_PLACE
KINDS = {"binary", "multiclass", "multilabel"}
INIT = {
    f"cli/init/{name}.py" for name in ("annotated_task", "centres", "infer_encoding", "mask_meaning")
}  # concludes it from files
ASK_THE_KIND = {"core/task.py", "consensus.py"} | INIT


def named(path: Path) -> str:
    return path.relative_to(LIBRARY).as_posix()


def room(path: Path) -> str:
    return named(path).split("/")[0].removesuffix(".py")


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def imports(tree: ast.AST) -> set[str]:
    """Full dotted names, imports inside functions too."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            assert not node.level, "relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def inner(tree: ast.AST) -> set[tuple[str, ...]]:
    """What is imported of dissent, as path parts without the `dissent`."""
    return {tuple(name.split(".")[1:]) for name in imports(tree) if name.split(".")[0] == "dissent"}


def test_every_room_has_a_floor():
    assert {room(path) for path in FILES} - {"__init__"} == set(FLOORS)


def test_columns_and_subsets_are_named_in_one_place():
    """A tuple or list of words that core/columns.py has too would be a second place to change."""
    own = {value for value in vars(columns).values() if isinstance(value, tuple)}
    for path in [*FILES, *SCRIPTS]:
        nodes = list(ast.walk(parsed(path))) if path != LIBRARY / "core/columns.py" else []
        types = [node.slice for node in nodes if isinstance(node, ast.Subscript)]  # Literal[...] takes words alone
        for node in nodes:
            if isinstance(node, ast.Tuple | ast.List) and node not in types:
                words = tuple(one.value for one in node.elts if isinstance(one, ast.Constant))
                assert words not in own, f"{path}:{node.lineno}"


def test_imports_run_down():
    wrong = {}
    for path in FILES:
        own = room(path)
        allowed = set() if own == "__init__" else set(FLOORS[: FLOORS.index(own) + 1])
        if found := {parts[0] for parts in inner(parsed(path)) if parts} - allowed:
            wrong[named(path)] = found
    assert wrong == {}


def test_siblings_do_not_know_each_other():
    wrong = {}
    for path in FILES:
        family = tuple(named(path).split("/")[:-1])
        if f"{'/'.join(family)}/" not in SIBLINGS or path.name in ("__init__.py", "base.py"):
            continue
        shared = {(*family, name) for name in SHARED}
        found = {parts for parts in inner(parsed(path)) if parts[:2] == family and parts[:3] not in shared}
        if found:
            wrong[named(path)] = found
    assert wrong == {}


def test_only_what_computes_knows_torch_and_nothing_knows_snakemake():
    heavy = {"torch", "torchvision", "timm", "segmentation_models_pytorch"}
    wrong = {}
    for path in FILES:
        if named(path) in ("cli/snakemake.py", "cli/console/handler.py"):
            continue  # the `snakemake` of the command line, and what it shows
        banned = {"snakemake"} | (heavy if named(path).startswith(WITHOUT_TORCH) else set())
        if found := {name.split(".")[0] for name in imports(parsed(path))} & banned:
            wrong[named(path)] = found
    assert wrong == {}


def test_modules_that_rules_import_need_no_torch():
    """What rules/*.smk import, and the stages of DVC."""
    names = {"dissent.planning.dvc"}
    for path in (ROOT / "workflow" / "rules").glob("*.smk"):
        names |= set(re.findall(r"^\s*(?:from|import) (dissent[\w.]*)", path.read_text(), re.MULTILINE))
    assert "dissent.planning.paths" in names
    code = f"import sys, {', '.join(sorted(names))}; print('torch' in sys.modules)"
    environment = os.environ | {"PYTHONPATH": str(LIBRARY.parent)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.strip() == "False"


def asks_the_kind(node: ast.AST) -> bool:
    """A comparison with the name of a kind; a literal table that is keyed by it asks nothing."""
    return isinstance(node, ast.Compare | ast.MatchValue) and any(
        isinstance(part, ast.Constant) and part.value in KINDS for part in ast.walk(node)
    )


def goes_behind(tree: ast.AST) -> list[int]:
    """Lines that change what is frozen, or take what another module of ours keeps to itself."""
    lines = []
    ours = {alias.asname or alias.name for node in ast.walk(tree) for alias in own_names(node)}
    for node in ast.walk(tree):
        private = [alias.name for alias in own_names(node) if alias.name.startswith("_")]
        dodge = isinstance(node, ast.Attribute) and node.attr in ("__dict__", "__setattr__")
        inside = isinstance(node, ast.Attribute) and node.attr.startswith("_") and getattr(node.value, "id", "") in ours
        if private or dodge or inside:
            lines.append(node.lineno)
    return lines


def own_names(node: ast.AST) -> list[ast.alias]:
    ours = isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "dissent"
    return node.names if ours else []


def test_no_module_goes_behind_another():
    assert {named(path): lines for path in FILES if (lines := goes_behind(parsed(path)))} == {}
    for code in (
        "self.__dict__['a'] = 1",
        "object.__setattr__(a, 'b', 1)",
        "from dissent.core.files import _a",
        "from dissent.core import files\nfiles._a()",
    ):
        assert goes_behind(ast.parse(code)), code
    assert not goes_behind(ast.parse("from dissent.core import files\nself._a(files.a)._replace()"))


def test_the_kind_of_task_is_asked_in_one_place():
    wrong = {}
    for path in FILES:
        if room(path) == "config" or named(path) in ASK_THE_KIND:
            continue
        if found := [node.lineno for node in ast.walk(parsed(path)) if asks_the_kind(node)]:
            wrong[named(path)] = found
    assert wrong == {}


def test_names_become_words_in_one_place():
    found = {named(path) for path in FILES if "isprintable()" in path.read_text("utf-8")}
    assert found == {"core/words.py", "config/task.py"}  # and what a label may not be called


def writes(node: ast.Call) -> bool:
    """A call that writes a file in place."""
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    owner = getattr(getattr(node.func, "value", None), "id", "")
    if name in ("write_text", "write_bytes"):
        return isinstance(node.func, ast.Attribute)
    if (owner, name) in {("torch", "save"), ("json", "dump"), ("pickle", "dump"), ("shutil", "copy")}:
        return True
    if (owner == "np" and name.startswith("save")) or name in ("imwrite", "to_csv", "save_file"):
        return True
    if owner in ("image", "figure") and name in ("save", "savefig"):  # into memory is fine
        return not (isinstance(node.args[0], ast.Name) and node.args[0].id == "stream")
    if name in ("open", "fdopen"):
        modes = [*node.args[:2], *(word.value for word in node.keywords if word.arg == "mode")]
        return any(
            isinstance(mode, ast.Constant) and re.fullmatch("[rbt]*[wax+][bt+]*", str(mode.value)) for mode in modes
        )
    return False


def test_files_are_written_by_files_py_alone():
    wrong = {}
    for path in [*FILES, *SCRIPTS]:
        if path.is_relative_to(LIBRARY) and named(path) in WRITERS:
            continue
        found = [node.lineno for node in ast.walk(parsed(path)) if isinstance(node, ast.Call) and writes(node)]
        if found:
            wrong[path.name] = found
    assert wrong == {}


def test_these_checks_see_what_they_look_for():
    bad = [
        "open(p, 'w')",
        "open(p, mode='ab')",
        "Path(p).write_text('')",
        "torch.save(x, p)",
        "np.savez(p, x)",
        "image.save(p)",
    ]
    good = ["open(p)", "open(p, 'rb')", "write_text(p, '')", "image.save(stream, 'PNG')", "opened.open(entry)"]
    assert [writes(ast.parse(code).body[0].value) for code in bad + good] == [True] * len(bad) + [False] * len(good)
    asked = ["task.kind == 'binary'", "kind in ('binary', 'multiclass')", "{'binary': 1}[kind]"]
    assert [asks_the_kind(ast.parse(code).body[0].value) for code in asked] == [True, True, False]
    assert inner(ast.parse("def f():\n    from dissent.training.loop import fit")) == {("training", "loop", "fit")}


def test_truncated_images_are_never_let_through():
    """Pillow would fill what is missing with grey."""
    assert not [path for path in [*FILES, *SCRIPTS] if "LOAD_TRUNCATED_IMAGES" in path.read_text("utf-8")]


def test_files_stay_short():
    assert {named(path): lines for path in FILES if (lines := path.read_text("utf-8").count("\n")) > 260} == {}
    assert {path.name: lines for path in SCRIPTS if (lines := path.read_text("utf-8").count("\n")) > 40} == {}


def rules() -> dict[str, str]:
    """Rule -> its text."""
    found = {}
    for path in (ROOT / "workflow" / "rules").glob("*.smk"):
        for block in re.split(r"^rule ", path.read_text(), flags=re.MULTILINE)[1:]:
            found[block.split(":")[0]] = block
    return found


def test_a_rule_is_called_like_its_script():
    scripts = {name: re.search(r'"\.\./scripts/(\w+)\.py"', text).group(1) for name, text in rules().items()}
    assert scripts == {name: name.removesuffix("_shard") for name in scripts}
    assert set(scripts.values()) == {path.stem for path in SCRIPTS}


def test_every_rule_names_log_and_conda_file():
    for name, text in rules().items():
        assert re.search(r"^    log:", text, re.MULTILINE), name
        assert "../../envs/dissent.yaml" in text, name


def literal(model, field: str) -> set[str]:
    return set(get_args(model.model_fields[field].annotation))


def test_registries_hold_the_names_of_the_options():
    from dissent import networks
    from dissent.config import mask_encoding, method, network, task
    from dissent.datasets import mask_readers
    from dissent.evaluation import metrics
    from dissent.pseudolabels.aggregate import LABELERS
    from dissent.pseudolabels.select import SELECTORS
    from dissent.training import augment, learners, losses

    names = {literal(kind, "name").pop() for kind in get_args(get_args(method.Learn)[0])}
    assert set(learners.LEARNERS) == names
    assert set(LABELERS) == literal(method.Method, "pseudo_label")
    assert set(SELECTORS) == literal(method.Method, "select")
    assert set(augment.GEOMETRY) == set(augment.COLOUR) == literal(method.Method, "augmentation")
    assert set(losses.LOSSES) == set(get_args(network.LossName))
    assert set(networks.ARCHITECTURES) == literal(network.Network, "architecture")
    assert set(metrics.SCORES) >= literal(task.TaskSettings, "score")
    kinds = get_args(get_args(mask_encoding.Encoding)[0])
    assert set(mask_readers.READERS) == {literal(kind, "name").pop() for kind in kinds}
