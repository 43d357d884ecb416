"""`dissent status`: what runs, what failed and why, scores and the time left, from files and logs alone; it writes nothing."""

import os
import shutil
import socket
import time
from pathlib import Path

import pytest
from cli_data import dissent
from discs import SETTINGS, draw
from PIL import Image

from dissent.core.files import write_json, write_text
from dissent.runtime.job_logs import read_log

CONFIG = ("--config-dir", SETTINGS)
NOW = "%Y-%m-%d %H:%M:%S"


def log(name: str, job: str, *lines: str, pid: int | None = None, host: str = "", ago: float = 60) -> Path:
    started = time.strftime(NOW, time.localtime(time.time() - ago))
    first = f"{job} (process {pid or 2**22 + 1} on {host or socket.gethostname()}, {started})"
    path = Path("logs", name)
    write_text(path, "\n".join([first, *lines]) + "\n")
    return path


def status(capsys, *arguments) -> str:
    capsys.readouterr()
    before = sorted(Path().rglob("*"))
    assert dissent("status", *arguments, *CONFIG) == 0
    assert sorted(Path().rglob("*")) == before
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("lines", "state", "error"),
    [
        (["12:00:00 5 pairs", "done"], "done", ""),
        (["error: disk full", "  of work"], "failed", "disk full\n  of work"),
        (["Traceback (most recent call last):", '  File "x"', "ValueError: no"], "failed", "ValueError: no"),
        (["12:00:00 step 1/2", "interrupted: stopped by SIGTERM; the same command resumes"], "stopped", ""),
        (["stopped by Ctrl-C; the same command does this job again"], "stopped", ""),
        (["12:00:00 5 pairs"], "lost", ""),
    ],
)
def test_how_a_job_ended(in_tmp, lines, state, error):
    found = read_log(log("a.log", "train run=a g=1 i=2", *lines))
    assert (found.state, found.error) == (state, error)
    assert (found.rule, found.wildcards) == ("train", {"run": "a", "g": "1", "i": "2"})


def test_a_process_that_lives_runs_and_one_of_its_number_that_is_younger_does_not(in_tmp):
    assert read_log(log("a.log", "train run=a g=0 i=1", pid=os.getpid(), ago=0)).state == "running"
    assert read_log(log("b.log", "train run=a g=0 i=1", pid=os.getpid(), ago=10**6)).state == "lost"
    assert read_log(log("c.log", "train run=a g=0 i=1", host="elsewhere")).state == "running"
    assert read_log(Path("logs")) is None


def test_only_the_last_start_counts(in_tmp):
    path = log("a.log", "predict run=a g=1", "error: once")
    again = log("b.log", "predict run=a g=1", "done").read_text()
    path.write_text(path.read_text() + again)
    assert read_log(path).state == "done"


def test_a_run_in_the_middle(in_tmp, capsys):
    draw(Path())
    assert status(capsys).startswith("nothing was run here yet")
    for member in (1, 2):
        folder = Path(f"results/tiny/gen0/students/{member}")
        write_text(folder / "model.safetensors", "x")
        write_json(folder / "metrics.json", {"val": {"iou": {"value": member / 4}}})
    log("tiny/gen0/train.1.log", "train run=tiny g=0 i=1", "done")
    moment = time.strftime("%H:%M:%S")
    log("tiny/gen1/train.1.log", "train run=tiny g=1 i=1", f"{moment} step 3/12  loss 0.5  score 0.61  1:00:00 left",
        pid=os.getpid(), ago=0)  # fmt: skip
    log("tiny/gen1/train.2.log", "train run=tiny g=1 i=2", "error: pairs.csv is damaged", "make it again", ago=7200)
    told = status(capsys, "tiny")
    assert "2 of 37 jobs are done, 1 run, 1 failed; about " in told
    [row] = [line for line in told.splitlines() if line.startswith("train tiny gen1 student 1")]
    assert f"{socket.gethostname()}, process {os.getpid()}" in row
    assert row.split()[row.split().index("3/12") + 1] == "0.61" and row.endswith(" min")
    assert "failed: train tiny gen1 student 2, " in told and "pairs.csv is damaged\n    make it again" in told
    assert "    its log: logs/tiny/gen1/train.2.log" in told
    assert ["tiny", "gen0", "2", "of", "2", "iou", "50.0"] in [line.split() for line in told.splitlines()]
    hours = int(told.split("about ")[1].split()[0])
    assert "about " in told and hours >= 1  # what runs needs an hour still
    [run] = [line.split() for line in status(capsys).splitlines() if line.split()[:1] == ["tiny"]]
    assert run[1:5] == ["2", "37", "1", "1"]


def test_what_goes_on_is_said_where_nothing_runs(in_tmp, capsys):
    draw(Path())
    log("tiny/gen0/train.1.log", "train run=tiny g=0 i=1", "interrupted: stopped by SIGTERM; the same command resumes")
    told = status(capsys, "tiny")
    assert "stopped: train tiny gen0 student 1; the same command goes on from there" in told
    assert "no job runs now; to go on: snakemake --cores 2 results/tiny/report.html --config config_dir=" in told


def test_masks_that_came_since_are_told(finished_here, capsys):
    own = ("status", "tiny", "--config-dir", "own")
    assert dissent(*own) == 0 and "changed since" not in capsys.readouterr().out
    mask = Path("raw/tiny/masks/i03.png")
    Image.new("L", Image.open(mask).size).save(mask)
    assert dissent(*own) == 0
    told = capsys.readouterr().out
    assert "own masks of tiny changed since it was prepared" in told and "`dissent check tiny` tells" in told
    assert dissent("report", "tiny", "--config-dir", "own") == 0
    assert "own masks of tiny changed since it was prepared" in capsys.readouterr().out


def test_an_unknown_name_is_told(in_tmp, capsys):
    draw(Path())
    assert dissent("status", "tiney", *CONFIG) == 2
    assert "did you mean `tiny`?" in capsys.readouterr().err


def test_a_report_of_what_is_done_says_that_it_is_partial(finished, in_tmp, capsys):
    shutil.copytree(finished, ".", dirs_exist_ok=True)
    assert dissent("report", "tiny", *CONFIG) == 0  # the helper makes no controls
    page = Path("results/tiny/partial.html").read_text()
    assert "partial" in page and "of the controls ldt_equal_steps, aldt are not" in page
    Path("results/tiny/gen2/cost.json").unlink()
    assert dissent("report", "tiny", "out.html", *CONFIG) == 0
    assert "This report is partial: gen0 to gen1 of gen0 to gen2 are done" in Path("out.html").read_text()
    assert dissent("report", "tiny", "out.html", *CONFIG) == 2 and "out.html exists" in capsys.readouterr().err
    Path("results/tiny/gen1/masks.csv").unlink()
    assert dissent("report", "tiny", *CONFIG) == 0
    assert "gen0 of gen0 to gen2 is done" in Path("results/tiny/partial.html").read_text()
    Path("results/tiny/gen0/metrics.json").unlink()
    assert dissent("report", "tiny", *CONFIG) == 2
    assert "gen0 of tiny is not done yet; `dissent status tiny`" in capsys.readouterr().err
