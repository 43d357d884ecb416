"""The library on the path, one thread of torch, and small data that tests make themselves."""

import os
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))


@pytest.fixture
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(autouse=True)
def no_settings_of_the_test_before():
    from dissent.core.rebuild_hint import use_settings

    use_settings("config")


@pytest.fixture
def in_tmp(tmp_path, monkeypatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """The folder of a project with a small finished run (tests/helpers/finished_run.py): copy it before you change anything."""
    from finished_run import finish

    folder, before = tmp_path_factory.mktemp("finished"), Path.cwd()
    os.chdir(folder)
    try:
        finish(ROOT)
    finally:
        os.chdir(before)
    return folder


@pytest.fixture
def copied(finished, tmp_path, monkeypatch):
    """A copy of that project as the folder of work; returns it."""
    shutil.copytree(finished, tmp_path / "project", symlinks=True)
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project"


@pytest.fixture(scope="session")
def whole_run(tmp_path_factory):
    """The folder of a project whose run `tiny` Snakemake made, as `test_workflow.snakemake` does: made once, whichever process asks first."""
    from discs import draw
    from filelock import FileLock
    from test_workflow import snakemake

    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "whole_run"
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            folder.mkdir()
            draw(folder)
            result = snakemake(ROOT, "results/tiny/report.html", "results/tiny/gen1/pairs", cwd=folder)
            (folder / "told.txt").write_text(f"{result.returncode}\n{result.stdout[-3000:]}{result.stderr[-3000:]}")
    told = (folder / "told.txt").read_text()
    assert told.startswith("0\n"), told
    return folder


@pytest.fixture
def whole_run_here(whole_run, in_tmp):
    """That run in a folder of the test's own, with what Snakemake remembers of it."""
    shutil.copytree(whole_run, in_tmp, dirs_exist_ok=True, ignore=shutil.ignore_patterns("told.txt"))
    return in_tmp


@pytest.fixture
def finished_here(finished, in_tmp):
    """That run in a folder of the test's own, with settings of the user's in `own`; images 0 to 11 are its pool."""
    for name in ("data", "raw", "results"):
        shutil.copytree(finished / name, name)
    shutil.copytree(ROOT / "tests" / "settings", "own")
    return in_tmp
