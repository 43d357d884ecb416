"""The installed library: a wheel, unpacked where no checkout is, has its commands, its shipped settings and the workflow."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cli_data import generation
from discs import draw

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """A folder like site-packages that has nothing but what the wheel brings."""
    work = tmp_path_factory.mktemp("wheel")
    source, wheels, site = work / "source", work / "wheels", work / "site"
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    for name in listed.stdout.splitlines():
        if not name.startswith(("docs/", "tests/", "benchmarks/")) and (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, source / name)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    quiet = ["--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, "wheel", *quiet, "--no-build-isolation", "-w", wheels, source], check=True)
    subprocess.run([*pip, "install", *quiet, "--target", site, *wheels.glob("*.whl")], check=True)
    shutil.rmtree(source)
    return site


@pytest.fixture
def dissent(installed, in_tmp):
    """Run the installed `dissent`, or another module, in an empty folder; returns what it printed."""

    def run(*words: object, module: str = "dissent.cli", code: int = 0) -> str:
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        command = [sys.executable, "-m", module, *map(str, words)]
        done = subprocess.run(
            command,
            env=environment | {"PYTHONPATH": str(installed)},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


def test_own_data_are_described_and_checked_without_a_checkout(dissent, in_tmp):
    draw(in_tmp / "discs")
    shown = dissent("init", "discs/raw/tiny", "--name", "mine")
    assert (in_tmp / "config/datasets/mine.yaml").is_file() and "dissent check mine" in shown
    assert "mine" in dissent("check", "mine")


def test_new_images_are_labelled_without_a_checkout(dissent, in_tmp):
    draw(in_tmp / "discs", images=2)
    generation(size=(32, 32))
    dissent("predict", "results/toy/gen1", "discs/raw/tiny/images", "out")
    assert len(list((in_tmp / "out/masks").glob("*.png"))) == 2
    assert "are what they were" in dissent("verify", "out")


def test_the_workflow_goes_into_a_folder_of_ones_own_and_plans(dissent, installed, in_tmp):
    assert "files written to project" in dissent("workflow", "project")
    assert "0 files written to project" in dissent("workflow", "project")
    os.chdir("project")
    planned = dissent("results/demo/report.html", "-n", "--cores", 1, "--quiet", "rules", module="snakemake")
    assert "train" in planned
    (in_tmp / "project/Snakefile").write_text("# mine\n")
    assert "Snakefile" in dissent("workflow", ".", code=2)
    assert (in_tmp / "project/Snakefile").read_text() == "# mine\n"
