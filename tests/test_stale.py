"""Snakemake's lock after a kill: taken away when nobody works in the folder, left where somebody does."""

import subprocess
import sys

import pytest
from processes import python, wait_until

from dissent.jobs.stale import clear


@pytest.fixture
def locked(in_tmp):
    path = in_tmp / ".snakemake" / "locks" / "0.output.lock"
    path.parent.mkdir(parents=True)
    path.write_text("results/a\n")
    return path


@pytest.fixture
def sleeper():
    """Start `python WORDS...` that waits until it is killed."""
    started = []

    def start(path, folder):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("print('up', flush=True)\nimport time\ntime.sleep(60)\n")
        process = subprocess.Popen([sys.executable, str(path)], cwd=folder, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout.readline() == "up\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_a_lock_without_holder_goes(locked):
    assert clear() and not locked.exists()
    assert not clear()


@pytest.mark.parametrize("name", ["bin/snakemake", ".snakemake/scripts/tmp1.train.py"])
def test_the_lock_of_a_living_one_stays_until_it_is_killed(locked, sleeper, in_tmp, name):
    holder = sleeper(in_tmp / name, in_tmp)
    assert not clear() and locked.exists()
    holder.kill()
    assert wait_until(clear), "a zombie holds nothing"
    assert not locked.exists()


def test_who_works_elsewhere_holds_nothing_here(locked, sleeper, in_tmp, tmp_path_factory):
    sleeper(in_tmp / "bin/snakemake", tmp_path_factory.mktemp("elsewhere"))
    assert clear()


def test_command(locked):
    assert "took away the lock" in python("-m", "dissent.jobs.stale").communicate()[0]
    assert python("-m", "dissent.jobs.stale").communicate()[0] == ""
