"""The profile for SLURM on a real one: a run ends, cards are shared out, trainings survive requeue, limit and cancel."""

import re
import shutil
import time
from pathlib import Path

import pytest
import slurm
from discs import SETTINGS, draw
from processes import alive, python

from dissent.core.files import read_json, sha256

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="SLURM needs Linux"),
]
STUDENT = Path("results/mine/gen0/students/1/model.safetensors")
LOG = Path("logs/mine/gen0/train.1.log")


@pytest.fixture(scope="module", autouse=True)
def cluster():
    with slurm.running():
        yield


def settled(folder: Path, steps: int) -> Path:
    """Raw data and settings in `folder`: the experiment `mine`, like `tiny`, with trainings of so many steps."""
    draw(folder)
    shutil.copytree(SETTINGS, folder / "settings")
    text = (SETTINGS / "experiments/tiny.yaml").read_text().replace("generations: 2", "generations: 1")
    (folder / "settings/experiments/mine.yaml").write_text(text.replace("network: tiny", "network: mine"))
    network = (SETTINGS / "networks/tiny.yaml").read_text()
    for old, new in {
        "steps: 12": f"steps: {steps}",
        "validate_every: 4": "validate_every: 100",
        # no checkpoint but that which a signal asks for; two trainings fit on a small node
        "threads: 1": "threads: 1, checkpoint_seconds: 86400, mem_mb: 1500",
    }.items():
        assert old in network
        network = network.replace(old, new)
    (folder / "settings/networks/mine.yaml").write_text(network)
    return folder


def started(log: Path) -> float:
    """When a job's first line was written."""
    found = re.search(r"\(process \d+ on .*, (\d.*)\)", log.read_text())
    return time.mktime(time.strptime(found[1], "%Y-%m-%d %H:%M:%S"))


def test_a_run_ends_and_two_students_train_at_once_on_two_cards(tmp_path):
    folder = settled(tmp_path, steps=600)
    with slurm.Submitted(folder, "results/mine/gen1/metrics.json") as run:
        assert run.end() == 0, run.text()[-3000:]
    assert read_json(folder / "results/mine/gen1/metrics.json")["test"]["images"] == 6
    assert len(run.jobs("train")) == 4 and len(run.jobs("predict")) == 1
    assert not run.jobs("rank_students"), "seconds of small tables belong to the machine that submits"
    assert "No wall time information" not in run.text() and "No job memory" not in run.text()
    for generation in (0, 1):
        logs = [folder / f"logs/mine/gen{generation}/train.{student}.log" for student in (1, 2)]
        cards = [re.search(r"on graphics card (\S+)", log.read_text())[1] for log in logs]
        assert sorted(cards) == ["0", "1"], "SLURM gave both students the same card"
        costs = [folder / f"results/mine/gen{generation}/students/{student}/cost.json" for student in (1, 2)]
        assert max(started(log) for log in logs) < min(cost.stat().st_mtime for cost in costs), "one after the other"
        assert {read_json(cost)["device"] for cost in costs} == {"cpu"}  # what computed: these cards only pretend


def test_a_requeued_training_ends_with_the_bytes_of_an_unbroken_one(tmp_path):
    folder = settled(tmp_path / "unbroken", steps=2000)
    command = ("-m", "snakemake", "--cores", "2", "--snakefile", slurm.ROOT / "Snakefile", STUDENT)
    local = python(*command, "--config", "config_dir=settings", cwd=folder, env={"CUDA_VISIBLE_DEVICES": ""})
    assert local.wait(slurm.PATIENCE) == 0, local.communicate()[1][-3000:]
    broken = tmp_path / "broken"
    shutil.copytree(folder, broken)
    shutil.rmtree(broken / "work")  # which says that this student exists
    shutil.rmtree(broken / STUDENT.parents[1])
    (broken / LOG).unlink()
    with slurm.Submitted(broken, str(STUDENT)) as run:
        run.await_(lambda: "step 100/" in said(broken), "the training")
        [job] = run.jobs("train")
        slurm.ask("scontrol", "requeue", job)
        step = saved(run, broken)
        run.await_(lambda: slurm.state_of(job)["JobState"] == "PENDING", "the job in the queue again")
        slurm.ask("scontrol", "update", f"JobId={job}", "StartTime=now")  # SLURM would wait for two minutes
        assert run.end() == 0, run.text()[-3000:]
        assert run.jobs("train") == [job] and slurm.state_of(job)["Restarts"] == "1"
    assert 100 <= step < 2000 and f"resumed after step {step}\n" in said(broken)
    assert sha256(broken / STUDENT) == sha256(folder / STUDENT)


def test_out_of_time_or_cancelled_a_training_saves_first_and_goes_on_when_submitted_again(tmp_path):
    folder = settled(tmp_path, steps=100_000_000)
    with slurm.Submitted(folder, str(STUDENT), "--retries", "1") as run:
        run.await_(lambda: "step 100/" in said(folder), "the training")
        [first] = run.jobs("train")
        slurm.ask("scontrol", "update", f"JobId={first}", "TimeLimit=4")
        step = saved(run, folder)
        run.await_(lambda: slurm.state_of(first)["JobState"] not in ("RUNNING", "COMPLETING"), "the end of the job")
        assert slurm.state_of(first)["JobState"] == "FAILED", "it ran into its limit"

        run.await_(
            lambda: re.search(f"resumed after step {step}\n.* left\n", said(folder)), "the second job's training"
        )
        [_, second] = run.jobs("train")
        trainer = int(re.search(r"\(process (\d+) on", said(folder))[1])
        assert alive(trainer)
        slurm.ask("scancel", second)
        cancelled = time.monotonic()
        run.await_(lambda: not alive(trainer), "the end of the training")
        grace = int(re.search(r"KillWait\s*=\s*(\d+)", slurm.ask("scontrol", "show", "config"))[1])
        assert time.monotonic() - cancelled < grace
        last = saved(run, folder)
        assert run.end() != 0
        assert slurm.state_of(second)["JobState"] == "CANCELLED"
    assert last > step
    assert [path.name.split("-")[0] for path in sorted(folder.glob("work/state/*/step*"))][-1] == f"step{last:08d}"
    assert not (folder / STUDENT).exists()


def said(folder: Path) -> str:
    """The log of the training so far."""
    return (folder / LOG).read_text() if (folder / LOG).exists() else ""


def saved(run: slurm.Submitted, folder: Path) -> int:
    """Wait until the training was told to stop and has saved its state; the step that it had come to.

    Each start of a job begins its log anew.
    """
    words = r"interrupted: stopped after step (\d+) of \d+; its checkpoint is written"
    run.await_(lambda: re.search(words, said(folder)), "the checkpoint")
    return int(re.search(words, said(folder))[1])
