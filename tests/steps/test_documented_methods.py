"""The method and the learner that docs/how-to/adding.md shows run as they stand there."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from in_process import InProcess
from test_methods import pairs


def test_the_method_that_docs_show_runs(in_tmp):
    root = Path(__file__).parents[2]
    text = re.search(
        r"```yaml\n(# config/methods/(\w+)\.yaml.*?)```", (root / "docs/how-to/adding.md").read_text(), re.DOTALL
    )
    house = InProcess(root, "binary")
    house._write("methods", text[2], text[1])
    run = house.run(text[2])
    labelled, pseudo = pairs(Path("results", run.name, "gen2"))
    assert {row["noise_copies"] for row in labelled} == {"0"} and {row["noise_copies"] for row in pseudo} == {"1"}


def test_the_learner_that_docs_show_runs_in_every_kind(in_tmp):
    """Its four steps are done on a copy of the library, and its method is run there."""
    root = Path(__file__).parents[2]
    page = (root / "docs/how-to/adding.md").read_text("utf-8")
    part = page[page.index("## A learner") :].split("\n## ")[0]
    blocks = {path: text for path, text in re.findall(r"```\w+\n# ([\w/.]+).*?\n(.*?)```", part, re.DOTALL)}
    library = in_tmp / "workflow/scripts/dissent"
    shutil.copytree(root / "workflow/scripts/dissent", library)
    for name in ("config", "envs", "Snakefile"):
        (in_tmp / name).symlink_to(root / name)
    (in_tmp / "workflow/resources").symlink_to(root / "workflow/resources")
    new, options, method = blocks
    (in_tmp / "workflow/scripts/dissent" / new).write_text(blocks[new])
    registry = library / "training/learners/__init__.py"
    text = registry.read_text().replace(
        "LEARNERS: dict[str, type[Learner]] = {", 'LEARNERS: dict[str, type[Learner]] = {\n    "entropy": Entropy,'
    )
    registry.write_text("from dissent.training.learners.entropy import Entropy\n" + text)
    text = (in_tmp / "workflow/scripts/dissent" / options).read_text()
    where = text.index("\nLearn = Annotated[")
    (in_tmp / "workflow/scripts/dissent" / options).write_text(
        text[:where] + blocks[options] + "\n" + text[where:].replace("Supervised", "Entropy | Supervised", 1)
    )
    script = (
        "import sys; from pathlib import Path; from in_process import InProcess\n"
        "for kind in ('binary', 'multiclass', 'multilabel'):\n"
        "    folder = Path(sys.argv[1], kind); folder.mkdir(); import os; os.chdir(folder)\n"
        "    house = InProcess(Path(sys.argv[1]), kind); house._write('methods', 'entropy', sys.argv[2]); house.run('entropy')\n"
    )
    paths = os.pathsep.join([str(in_tmp / "workflow/scripts"), str(root / "tests/helpers"), str(root / "tests")])
    command = [sys.executable, "-c", script, str(in_tmp), blocks[method]]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for kind in ("binary", "multiclass", "multilabel"):
        [history] = in_tmp.glob(f"{kind}/results/*.entropy/gen0/students/1/history.csv")
        assert "unlabelled_loss" in history.read_text().splitlines()[0]
