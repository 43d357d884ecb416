"""Jobs: logs, exit codes, signals, costs."""

import errno
import logging
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from cli_data import dissent

from dissent.core.files import UserError, read_json, write_json
from dissent.runtime import Interrupted, Stop, cost, job, signalled
from dissent.runtime.logs import Log, Tee


def a_rule(log: Path | None):
    return SimpleNamespace(rule="train", wildcards={"g": "1", "i": "2"}, log=[str(log)] if log else [], config={})


def run_and_leave(log: Path, error: BaseException) -> int:
    with pytest.raises(SystemExit) as left, job(a_rule(log)):
        raise error
    return left.value.code


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (UserError("a.yaml: `generatoins` is no option"), 2, "error: a.yaml: `generatoins` is no option"),
        (Interrupted("stopped after step 7"), 75, "interrupted: stopped after step 7; the same command resumes"),
        (KeyboardInterrupt(), 130, "Ctrl-C"),
        (
            OSError(errno.ENOSPC, "No space left on device", "out/a.png"),
            2,
            "error: out/a.png: No space left on device (",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", "a.csv"),
            2,
            "error: a.csv: Permission denied; let your user read",
        ),
    ],
)
def test_expected_ends_are_told_in_plain_words(tmp_path, capfd, error, code, words):
    assert run_and_leave(tmp_path / "logs" / "a.log", error) == code
    log = (tmp_path / "logs" / "a.log").read_text()
    assert log.startswith("train g=1 i=2 (process ")
    for text in (log, capfd.readouterr().err):
        assert words in text
        assert "Traceback" not in text


@pytest.mark.parametrize(
    ("settings", "option"),
    [("config", ""), ("mine", " --config config_dir=mine"), ("my own", " --config 'config_dir=my own'")],
)
def test_the_remedy_names_the_settings_of_the_run(in_tmp, capsys, settings, option):
    """Those of `config/` would make another file under the same name."""
    asked = a_rule(None)
    asked.config["config_dir"] = settings
    with pytest.raises(SystemExit), job(asked):
        read_json("results/demo/gen1/teachers.json")
    assert capsys.readouterr().err.endswith(
        f"make it with: snakemake --cores 2 results/demo/gen1/teachers.json{option}\n"
    )
    write_json("results/demo/gen1/teachers.json", {"pool": []})
    Path("results/demo/gen1/teachers.json").write_bytes(b"{")
    Path(settings, "methods").mkdir(parents=True)
    assert dissent("verify", "results", "--config-dir", settings) == 1
    (told,) = re.findall(r"  snakemake --cores 2 --force (.*)\n", capsys.readouterr().out)
    assert told.endswith(f"results/demo/gen1/teachers.json{option}")


def test_our_bugs_keep_their_traceback_in_the_log_too(tmp_path):
    with pytest.raises(ZeroDivisionError), job(a_rule(tmp_path / "a.log")):
        print(1 / 0)
    assert "ZeroDivisionError: division by zero" in (tmp_path / "a.log").read_text()


def test_everything_said_is_in_the_log_and_on_stderr(tmp_path, capfd):
    with job(a_rule(tmp_path / "a.log")):
        print("to stdout")
        print("to stderr", file=sys.stderr)
        logging.getLogger("dissent.training.loop").info("step %d", 3)
        logging.getLogger("dissent").warning("slow")
        logging.getLogger("other").info("chatter of another library")
        assert "to stdout\n" in (tmp_path / "a.log").read_text()  # at once: a killed job has said it
        print("no newline at the end", end="")
    shown = capfd.readouterr()
    for text in ((tmp_path / "a.log").read_text(), shown.err):
        for words in ("to stdout\n", "to stderr\n", " step 3\n", " warning: slow\n", "no newline at the end\n"):
            assert words in text
        assert "chatter" not in text
    assert shown.out == ""


def test_a_job_without_a_log_and_a_second_start_of_one_with(tmp_path, capfd):
    with job(a_rule(None)):
        print("said")
    assert "said" in capfd.readouterr().err
    for _ in range(2):
        with job(a_rule(tmp_path / "a.log")):
            print("again")
    assert (tmp_path / "a.log").read_text().count("again") == 2


class Broken:
    """A stream whose reader has died."""

    name = "broken.log"

    def write(self, text: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    flush = close = isatty = write


def test_a_progress_bar_leaves_its_last_state_in_the_log(tmp_path, capsys):
    log = Log(tmp_path / "a.log")
    tee = Tee(sys.stderr, log)
    for text in ("\r10 %", "\r50 %", "\r100 %", "\r", "\n", "after\r\n", "1\r22\n"):
        tee.write(text)
    tee.write("\rlast")
    tee.finish()
    assert (tmp_path / "a.log").read_text() == "100 %\nafter\n22\nlast\n"
    assert "\r10 %\r50 %\r100 %" in capsys.readouterr().err


def test_neither_a_dead_terminal_nor_a_full_disk_stops_the_words(tmp_path, capsys):
    log = Log(tmp_path / "a.log")
    Tee(Broken(), log).write("kept\n")
    assert (tmp_path / "a.log").read_text() == "kept\n"
    log.file = Broken()
    Tee(sys.stderr, log).write("shown\n")
    Tee(sys.stderr, log).write("shown too\n")
    shown = capsys.readouterr().err
    assert "shown\n" in shown and "shown too\n" in shown
    assert shown.count("broken.log cannot be written (No space left on device); the job goes on without a log") == 1


def test_a_log_that_cannot_be_made_costs_the_log_alone(tmp_path, capfd):
    (tmp_path / "logs").write_text("no folder")
    with job(a_rule(tmp_path / "logs" / "mine" / "a.log")):
        print("done all the same")
    shown = capfd.readouterr().err
    assert "logs/mine/a.log cannot be written (Not a directory); the job goes on without a log" in shown
    assert "done all the same" in shown and "Traceback" not in shown


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1])
def test_a_signal_ends_an_ordinary_job_in_good_order(tmp_path, number):
    tidied = []
    with pytest.raises(SystemExit) as left, job(a_rule(tmp_path / "a.log")):
        try:
            os.kill(os.getpid(), number)
            time.sleep(5)
        except Exception:
            pytest.fail("swallowed")
        finally:
            tidied.append(True)
    assert left.value.code == 75 and tidied
    assert f"stopped by {number.name}" in (tmp_path / "a.log").read_text()


def test_a_trainer_is_told_and_goes_on_until_it_looks():
    before = signal.getsignal(signal.SIGTERM)
    with signalled() as stop:
        assert not stop.requested
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.requested and stop.name == "SIGTERM"
    assert signal.getsignal(signal.SIGTERM) is before
    assert not Stop().requested


def test_the_second_ctrl_c_stops_at_once():
    with Stop.install() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.requested
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1)


def test_what_nohup_ignores_stays_ignored(tmp_path):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with job(a_rule(tmp_path / "a.log")), Stop.install() as stop:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not stop.requested
    finally:
        signal.signal(signal.SIGHUP, before)


def test_cost_measures_time_memory_and_children(tmp_path):
    with cost("a card") as spent:
        child = "import time; a = b'x' * 200_000_000; e = time.process_time() + .2\nwhile time.process_time() < e: pass"
        subprocess.run([sys.executable, "-c", child], check=True)
        before = spent.as_dict()["peak_memory_mb"]
        np.ones(40_000_000).sum()
    found = spent.as_dict()
    assert list(found) == ["seconds", "cpu_seconds", "peak_memory_mb", "host", "device"]
    assert found["device"] == "a card" and found["host"]
    assert found["cpu_seconds"] >= 0.2 and 0.2 <= found["seconds"] < 60
    assert before > 200 and found["peak_memory_mb"] > 320 + 200
    time.sleep(0.01)
    assert spent.as_dict() == found
