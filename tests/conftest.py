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
def finished_here(finished, in_tmp):
    """That run in a folder of the test's own, with settings of the user's in `own`; images 0 to 11 are its pool."""
    for name in ("data", "raw", "results"):
        shutil.copytree(finished / name, name)
    shutil.copytree(ROOT / "tests" / "settings", "own")
    return in_tmp
