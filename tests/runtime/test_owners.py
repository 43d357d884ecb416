"""Snakemake's lock after a kill: gone when its owner is proven dead, left and explained in every other case."""

import os
from pathlib import Path

import psutil
import pytest
from processes import python, wait_until

from dissent.core.files import read_json, write_json
from dissent.runtime import owners

OWNER = """
import sys, time
from pathlib import Path
from dissent.runtime.owners import noted
with noted(Path(".snakemake/locks"), [Path(".snakemake/locks/0.output.lock")]):
    print("noted", flush=True)
    time.sleep(60)
"""
WAIT = "print('up', flush=True)\nimport time\ntime.sleep(60)\n"
LOCKS = Path(".snakemake/locks")


@pytest.fixture
def start(in_tmp):
    """Start `python PATH` in the working directory, for PATH with this text; ended at the end."""
    started = []

    def begin(path: str, text: str):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text)
        process = python(Path(path).absolute())
        started.append(process)
        assert process.stdout.readline()
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def owner(start):
    """A process that has Snakemake's lock here."""
    LOCKS.mkdir(parents=True)
    (LOCKS / "0.output.lock").write_text("results/a\n")
    return start("owner.py", OWNER)


def record() -> Path:
    return next(Path(".snakemake/owners").glob("*.json"))


def kill(process) -> None:
    process.kill()
    process.wait()


def test_the_lock_of_a_living_owner_stays_until_it_is_killed(owner, capsys):
    assert (
        owners.clear(LOCKS)
        == f"process {owner.pid} on {os.uname().nodename} makes these files: wait until it has ended"
    )
    kill(owner)
    assert owners.clear(LOCKS) == "" and not list(LOCKS.iterdir())
    assert f"took away the lock of process {owner.pid}" in capsys.readouterr().err
    assert not Path(".snakemake/owners").exists()


def test_a_process_that_has_the_number_of_a_dead_owner_is_not_the_owner(owner):
    write_json(record(), read_json(record()) | {"started": "1"})
    assert owners.clear(LOCKS) == ""


@pytest.mark.parametrize(
    "other", [{"host": "node7"}, {"machine": "another"}, {"pids": "pid:[1]"}, {"host": "node7", "boot": "before"}]
)
def test_what_cannot_be_asked_is_never_cleared_by_guess(owner, other):
    kill(owner)
    write_json(record(), read_json(record()) | other)
    why = owners.clear(LOCKS)
    assert "cannot be asked from here" in why and "`snakemake --unlock`" in why and len(list(LOCKS.iterdir())) == 1


def test_a_machine_that_was_started_anew_has_no_owner_left(owner, monkeypatch):
    here = owners._here()
    monkeypatch.setattr(owners, "_here", lambda: here | {"machine": "m"})
    write_json(record(), read_json(record()) | {"boot": "before", "machine": "m"})
    assert owners.clear(LOCKS) == ""


def test_jobs_on_other_machines_keep_the_lock(owner):
    """Who submits is noted by the one that was killed: the next may run its own jobs here."""
    kill(owner)
    write_json(record(), read_json(record()) | {"jobs_are_here": False})
    assert "jobs that it submitted may run still" in owners.clear(LOCKS)
    write_json(record(), {key: value for key, value in read_json(record()).items() if key != "jobs_are_here"})
    assert "jobs that it submitted may run still" in owners.clear(LOCKS)


def test_a_job_of_somebody_else_keeps_the_lock_as_it_may_be_here(owner, start, monkeypatch):
    kill(owner)
    orphan = start(".snakemake/scripts/tmp1.train.py", WAIT)

    known = psutil.Process.cwd

    def refused(process):  # of this one alone: other Snakemakes may be at work on the machine
        if process.pid == orphan.pid:
            raise psutil.AccessDenied(process.pid)
        return known(process)

    monkeypatch.setattr(psutil.Process, "cwd", refused)
    assert f"process {orphan.pid} works here still" in owners.clear(LOCKS, patience=0)


@pytest.mark.parametrize("name", ["bin/snakemake", ".snakemake/scripts/tmp1.train.py"])
def test_an_orphan_keeps_the_lock_until_it_has_ended(owner, start, name):
    kill(owner)
    orphan = start(name, WAIT)
    assert f"process {orphan.pid} works here still" in owners.clear(LOCKS, patience=0)
    kill(orphan)
    assert owners.clear(LOCKS, patience=0) == ""


def test_the_lock_of_an_unknown_owner_stays_beside_that_of_a_dead_one(owner):
    """Of `python -m snakemake`, say: nobody noted it, even where it has the name of one that was noted."""
    kill(owner)
    (LOCKS / "1.output.lock").write_text("results/b\n")
    assert "is of an unknown owner: if no Snakemake" in owners.clear(LOCKS)
    assert [path.name for path in LOCKS.iterdir()] == ["1.output.lock"]
    assert "unknown owner" in owners.clear(LOCKS)


def test_an_owner_that_ends_leaves_no_note(in_tmp):
    LOCKS.mkdir(parents=True)
    with owners.noted(LOCKS, []):
        assert read_json(record())["pid"] == os.getpid()
    assert not list(Path(".snakemake/owners").iterdir())
    assert owners.clear(LOCKS) == ""


SNAKEFILE = "rule a:\n    output: 'a.txt'\n    script: 'a.py'\n"
JOB = """
import pathlib, time
from dissent.runtime import job
with job(snakemake):
    pathlib.Path("begun").touch()
    time.sleep(0 if pathlib.Path("go").exists() else 60)
    pathlib.Path("a.txt").touch()
"""
ENTRY = "from dissent.cli.snakemake import main\nmain()\n"  # as pip writes it


@pytest.mark.slow
def test_the_same_command_goes_on_after_kill_9_of_snakemake(in_tmp):
    """The real one: a lock that Snakemake itself refuses, and the `snakemake` of the environment clears."""
    Path("Snakefile").write_text(SNAKEFILE)
    Path("a.py").write_text(JOB)
    Path("bin").mkdir()
    Path("bin/snakemake").write_text(ENTRY)
    words = ("--cores", "1", "--rerun-incomplete", "a.txt")
    killed = python("bin/snakemake", *words)
    assert wait_until(Path("begun").exists, 60), killed.communicate()
    kill(killed)
    assert list(LOCKS.glob("*.lock"))
    Path("go").touch()
    plain = python("-m", "snakemake", *words).communicate()
    assert "cannot be locked" in plain[1] and "--unlock" in plain[1]
    again = python("bin/snakemake", *words)
    out, err = again.communicate()
    assert again.returncode == 0, out + err
    assert f"took away the lock of process {killed.pid}" in err and Path("a.txt").exists()
    assert not list(LOCKS.glob("*.lock")) and not list(Path(".snakemake").glob("owners/*.json"))
