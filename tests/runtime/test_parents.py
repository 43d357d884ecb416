"""No job outlives the Snakemake that started it: real processes, real kill -9."""

import subprocess
import sys
from pathlib import Path

import pytest
from processes import alive, python, wait_until

from dissent.runtime.parents import ancestors, is_snakemake


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("/usr/bin/python3 /opt/bin/snakemake --cores 2", True),
        ("/opt/bin/python3.11 -W ignore -m snakemake --snakefile Snakefile", True),
        ("snakemake -n", True),
        ("python -u -m pytest tests/test_snakemake.py", False),
        ("python /w/.snakemake/scripts/tmp1.train.py", False),
        ("bash -c snakemake", False),
        ("vim snakemake", False),
        ("make demo", False),
        ("", False),
    ],
)
def test_snakemake_is_known_by_its_command_line(command, expected):
    assert is_snakemake(command.split()) is expected


JOB = """
import sys, time
from types import SimpleNamespace
from dissent.runtime import job
from dissent.runtime.parents import ancestors
with job(SimpleNamespace(rule="train", wildcards={}, log=[sys.argv[1]], config={})):
    print("followed", len(ancestors()), flush=True)
    time.sleep(60)
"""
# a main process that ends with its job still at work below a shell, which outlives it as well
MAIN = """
import subprocess, sys
subprocess.run(["sh", "-c", " ".join(sys.argv[1:]) + "; echo $? > " + sys.argv[3] + ".rc"])
"""
needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc on this system")


@needs_proc
def test_a_job_ends_when_snakemake_above_its_shell_is_killed(tmp_path):
    (tmp_path / "job.py").write_text(JOB)
    (tmp_path / "snakemake").write_text(MAIN)
    log = tmp_path / "a.log"
    main = python(tmp_path / "snakemake", sys.executable, tmp_path / "job.py", log, stderr=subprocess.DEVNULL)
    try:
        assert wait_until(lambda: log.exists() and "followed 2" in log.read_text())
        main.kill()
        assert wait_until(Path(f"{log}.rc").exists, 4)
    finally:
        main.kill()
        main.communicate()
    assert wait_until(lambda: Path(f"{log}.rc").read_text() == "75\n", 1)
    assert f"process {main.pid}, which ran this workflow, has died" in log.read_text()
    assert "interrupted: stopped by SIGTERM" in log.read_text()


@needs_proc
def test_a_job_started_by_hand_follows_nobody(tmp_path):
    if ancestors():
        pytest.skip("these tests run below Snakemake")
    (tmp_path / "job.py").write_text(JOB.replace("time.sleep(60)", ""))
    process = python(tmp_path / "job.py", tmp_path / "a.log")
    assert process.wait(30) == 0
    assert "followed 0" in (tmp_path / "a.log").read_text()


SNAKEFILE = """
rule all:
    input: "good.txt", "bad.txt"
rule work:
    output: "{name}.txt"
    log: "logs/{name}.log"
    script: "work.py"
"""
WORK = """
import logging, os, time
from pathlib import Path
from dissent.core.files import UserError
from dissent.runtime import Cost, job
with job(snakemake), Cost():
    logging.getLogger("dissent").info("process %d", os.getpid())
    if snakemake.wildcards.name == "bad":
        raise UserError("masks/7.png holds 9, and the task has 3 classes; mend the mask")
    while Path("wait").exists():
        time.sleep(.05)
    Path(snakemake.output[0]).write_text("done")
"""


@pytest.fixture
def workflow(in_tmp):
    """A folder with a Snakefile of two jobs, and what starts Snakemake there."""
    pytest.importorskip("snakemake")
    Path("Snakefile").write_text(SNAKEFILE)
    Path("work.py").write_text(WORK)

    def start(*arguments: str) -> subprocess.Popen:
        output = {"stdout": subprocess.DEVNULL, "stderr": open("err.txt", "w")}  # noqa: SIM115
        return python("-m", "snakemake", "--cores", "1", "--keep-going", *arguments, **output)

    return start


@pytest.mark.slow
def test_snakemake_runs_jobs_and_shows_a_mistake_without_traceback(workflow):
    assert workflow().wait(120) == 1
    assert Path("good.txt").read_text() == "done" and not Path("bad.txt").exists()
    assert "work name=good" in Path("logs/good.log").read_text()
    for text in (Path("logs/bad.log").read_text(), Path("err.txt").read_text()):
        assert "error: masks/7.png holds 9, and the task has 3 classes; mend the mask" in text
        assert "Traceback" not in text
    assert "exit status 2" in Path("err.txt").read_text()


@pytest.mark.slow
@needs_proc
def test_a_job_does_not_outlive_a_killed_snakemake(workflow):
    Path("wait").touch()
    log = Path("logs/good.log")
    main = workflow("good.txt")
    try:
        assert wait_until(lambda: log.exists() and " process " in log.read_text().split("\n", 1)[-1], 60)
        pid = int(log.read_text().rsplit(" process ", 1)[1])
        assert alive(pid)
    finally:
        main.kill()
        main.wait()
    assert wait_until(lambda: not alive(pid), 4)
    assert "interrupted: stopped by SIGTERM" in log.read_text()
    assert not Path("good.txt").exists()
