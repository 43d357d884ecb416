"""The console: a line a job, errors with their log, the time left and the last words; and the ways back to Snakemake's own."""

import logging
import re
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from discs import SETTINGS, draw

from dissent.cli.console import closing, words_with_console
from dissent.cli.console.ending import of_run, verdict_of
from dissent.cli.console.handler import LogHandler
from dissent.cli.console.left import Left
from dissent.cli.snakemake import main, targets_first
from dissent.core.files import write_json, write_text
from dissent.runtime import hush
from dissent.runtime.logs import teed

OWN = {"dryrun": False, "verbose": False, "quiet": None, "printshellcmds": False, "debug_dag": False}
OWN |= {"nocolor": True, "stdout": False, "show_failed_logs": True}
WORDS = ["results/tiny/report.html", "--cores", "2", "--config", f"config_dir={SETTINGS}"]


@pytest.fixture
def handler(in_tmp, monkeypatch):
    draw(Path())
    monkeypatch.setattr(sys, "argv", ["snakemake", *WORDS])
    monkeypatch.delenv("DISSENT_CONSOLE", raising=False)
    monkeypatch.setattr(hush, "hush", lambda: None)
    monkeypatch.setattr("dissent.cli.console.handler.hush", lambda: None)
    yield LogHandler(SimpleNamespace(**OWN), None)
    LogHandler.at_work = None


def send(handler, event=None, message="", level=logging.INFO, **told) -> None:
    handler.handle(logging.makeLogRecord({"levelno": level, "msg": message, "event": event} | told))


def begin(handler, job=1, g=0, i=1) -> None:
    send(handler, "run_info", stats={"train": 2, "total": 2})
    output = [f"results/tiny/gen{g}/students/{i}/{name}" for name in ("model.safetensors", "cost.json")]
    send(handler, "job_info", jobid=job, rule_name="train", wildcards={"run": "tiny", "g": str(g), "i": str(i)}, output=output,
         log=[f"logs/tiny/gen{g}/train.{i}.log"])  # fmt: skip


def test_a_job_is_a_line_with_its_place_and_time(handler, capsys):
    begin(handler)
    write_json("results/tiny/gen0/students/1/cost.json", {"device": "cpu", "host": "elsewhere"})
    send(handler, "shellcmd", "python train.py")
    send(handler, None, "Building DAG of jobs...")
    send(handler, "job_finished", job_id=1)
    first, line = capsys.readouterr().err.splitlines()
    assert first.startswith("2 jobs, about ") and first.endswith("Ctrl-C stops, and the same command goes on")
    assert re.match(r"train tiny gen0 student 1, on elsewhere cpu, \d+ s  \(1 of 2, about ", line[7:])


def test_the_answer_to_a_command_without_jobs_is_shown(handler, capsys):
    for text in (
        "Building DAG of jobs...",
        "Unlocked working directory.",
        "Assuming unrestricted shared filesystem usage.",
    ):
        send(handler, None, text)
    assert capsys.readouterr().err == "Unlocked working directory.\n"
    closing(0)
    assert capsys.readouterr().err == ""
    send(handler, None, "Nothing to be done (all requested files are present and up to date).")
    write_text("results/tiny/report.html", '<p class="verdict">No gain</p>')
    closing(0)
    told = capsys.readouterr().err
    assert told.startswith("Nothing to be done") and "verdict  No gain" in told and "done: " not in told


def test_what_failed_is_told_once_with_the_message_and_the_log(handler, capsys):
    begin(handler)
    started = time.strftime("%Y-%m-%d %H:%M:%S")
    head = f"train run=tiny g=0 i=1 (process 1 on here, {started})"
    write_text("logs/tiny/gen0/train.1.log", f"{head}\n12:00:00 5 pairs\nerror: pairs.csv is damaged: make it again\n")
    for _ in range(2):
        send(handler, "job_error", level=logging.ERROR, jobid=1, rule_name="train", log=["logs/tiny/gen0/train.1.log"])
    send(handler, "error", "CalledProcessError in file x.smk, line 1:\nCommand 'python'", level=logging.ERROR)
    send(handler, "error", "WorkflowError:\nAt least one job did not complete successfully.", level=logging.ERROR)
    send(handler, None, "no space is left", level=logging.WARNING)
    closing(1)
    told = capsys.readouterr().err.splitlines()[1:]
    assert told[0][7:].startswith("failed: train tiny gen0 student 1 after ")
    assert told[1:4] == [
        "    pairs.csv is damaged: make it again",
        "    its log: logs/tiny/gen0/train.1.log",
        "no space is left",
    ]
    assert told[-1].startswith("stopped: 0 of 2 jobs are done, and stay so; the same command goes on from there.")


def test_the_log_of_a_cluster_is_shown_and_one_that_lacks_is_told(handler, capsys):
    begin(handler)
    write_text("slurm-7.out", "slurmstepd: error: out of memory\n")
    told = {"jobid": 1, "rule_name": "train", "log": ["logs/lost.log"]}
    send(handler, "group_error", level=logging.ERROR, job_error_info=[told], aux_logs=["slurm-7.out"])
    lines = capsys.readouterr().err.splitlines()[2:]
    assert lines == [
        "    its log was not written: logs/lost.log",
        "    slurmstepd: error: out of memory",
        "    its log: slurm-7.out",
    ]


def test_the_last_words_are_the_verdict_the_paths_and_the_next_command(handler, capsys):
    begin(handler)
    write_text(
        "results/tiny/report.html", '<p class="verdict paid">Worth it: gen2 &lt;of&gt; <b>im</b>\nreaches 80</p>'
    )
    closing(0)
    told = capsys.readouterr().err
    assert re.search(r"done: 2 jobs in \d+ s\nverdict  Worth it: gen2 <of> im reaches 80\n", told)
    assert (
        "report   results/tiny/report.html" in told and "next     dissent predict results/tiny NEW_IMAGES OUT" in told
    )
    assert "         dissent export results/tiny MODEL" in told and "dissent next" not in told  # nothing was predicted
    closing(0)
    assert capsys.readouterr().err == ""  # once


def test_after_a_quick_run_the_proper_one_is_next(handler, monkeypatch, capsys):
    write_text("own/experiments/tiny.yaml", "")
    words = ["results/tiny_quick/report.html", "--config", "config_dir=own"]
    monkeypatch.setattr(sys, "argv", ["snakemake", *words])
    write_text("results/tiny_quick/report.html", "")
    write_text("results/tiny_quick/gen1/predictions.csv", "")
    write_text("results/tiny_quick/browse.html", "")
    send(handler, "run_info", stats={"report": 1, "total": 1})
    closing(0)
    told = capsys.readouterr().err
    assert "\nbrowse   results/tiny_quick/browse.html: " in told
    first, *more = told[told.index("\nnext     ") :].split("\n")[1:]
    assert first.startswith(
        "next     snakemake --cores 2 results/tiny/report.html --config config_dir=own  # the proper"
    )
    assert more[0].startswith("         dissent next tiny_quick TO_LABEL --config-dir own  ") and len(more) == 4


def test_the_time_left_falls_with_what_is_done(in_tmp):
    draw(Path())
    stats = {"train": 8, "predict": 2, "report": 1, "total": 11}
    left = Left(WORDS, stats)
    whole = left.seconds()
    for i in ("1", "2"):
        left.finished("train", {"run": "tiny", "g": "0", "i": i})
    assert 0 < left.seconds() < whole and 0 < left.share() < 1
    other = Left(["something"], {"total": 4})
    assert other.seconds() is None and other.words() == ""
    other.finished("a", {})
    assert other.seconds() is not None


@pytest.mark.parametrize("asked", [{"dryrun": True}, {"verbose": True}, {"quiet": {"rules"}}, {"printshellcmds": True}])
def test_snakemake_s_own_words_come_where_they_are_asked_for(in_tmp, capsys, asked):
    from snakemake.logging import DefaultFormatter

    own = LogHandler(SimpleNamespace(**OWN | asked), None)
    send(own, "progress", done=1, total=3)
    want = "" if asked.get("quiet") == {"progress"} else DefaultFormatter().format_progress({"done": 1, "total": 3})
    assert want in capsys.readouterr().err
    begin(own)
    assert LogHandler.at_work is None  # jobs write on the terminal


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("--cores 2 --resources gpu=2 a", "--logger=dissent a --cores 2 --resources gpu=2"),
        ("--cores 2 -- a", "--logger=dissent --cores 2 -- a"),
        ("--logger mine --cores 2", "--logger mine --cores 2"),
        ("--target-jobs train:i=1 --mode subprocess", "--target-jobs train:i=1 --mode subprocess"),
    ],
)
def test_the_console_is_asked_for_unless_another_is(typed, read):
    assert " ".join(words_with_console(targets_first(typed.split()))) == read


@pytest.mark.parametrize(
    ("words", "rules", "told"), [([], [], True), ([], ["Snakefile"], False), (["-s", "x"], [], False)]
)
def test_where_no_rules_are_the_command_that_brings_them_is_told(in_tmp, capsys, monkeypatch, words, rules, told):
    def refuses():
        raise SystemExit(1)

    monkeypatch.setattr("snakemake.cli.main", refuses)
    monkeypatch.setattr("dissent.cli.snakemake.watch_locks", lambda: True)
    monkeypatch.setattr(sys, "argv", ["snakemake", *words, "results/tiny/report.html"])
    for name in rules:
        write_text(name, "")
    with pytest.raises(SystemExit):
        main()
    assert ("`dissent workflow .` puts the rules into this folder" in capsys.readouterr().err) == told


def test_a_job_of_a_console_writes_to_its_log_alone(in_tmp, capsys, monkeypatch):
    for host, shown in ((hush.socket.gethostname(), ""), ("elsewhere", "said\n")):
        monkeypatch.setenv("DISSENT_CONSOLE", host)
        with teed("logs/a.log"):
            print("said")
        assert capsys.readouterr().err == shown
    assert Path("logs/a.log").read_text() == "said\nsaid\n"


def test_a_page_without_a_verdict_has_none(in_tmp):
    write_text("a.html", "<html></html>")
    assert verdict_of(Path("a.html")) == ""


@pytest.mark.parametrize(("share", "seen"), [(0.25, "gen1/masks/inconsistency"), (0.0, "browse.html")])
def test_the_last_words_lead_to_where_a_disagreement_is_seen(in_tmp, share, seen):
    """Masks of doubt are blank where a method leaves nothing out."""
    for name in ("report.html", "browse.html", "gen1/masks/consensus/a.png"):
        write_text(f"results/tiny/{name}", "")
    write_json("results/tiny/gen1/teachers.json", {})
    write_json("results/tiny/gen1/metrics.json", {"generation": 1, "pseudo_labels": {"doubt_share": share}})
    assert f"where teachers differ: results/tiny/{seen}" in of_run(
        Path("results/tiny/report.html"), "tiny", str(SETTINGS)
    )
