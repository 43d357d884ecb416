"""TensorBoard event files: the rows of history.csv and no others, whatever interrupts a training; and what no file may change."""

import json
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pytest
import warm_snakemake
from cli_data import dissent
from discs import SETTINGS, config, draw, prepared
from test_loop import Stopper, run
from test_student import code, train

from dissent.config.network import Resources
from dissent.core.files import UserError, read_table, sha256, write_text
from dissent.planning import rule_params
from dissent.runtime import Interrupted
from dissent.training.tensorboard import event_files

MODULE = "torch.utils.tensorboard"


class Writer:
    """Writes as SummaryWriter does: a file a start."""

    def __init__(self, folder, purge_step):
        Path(folder).mkdir(parents=True, exist_ok=True)
        self.path = Path(folder, f"events.{len(list(Path(folder).iterdir()))}")
        self.path.write_text(json.dumps({"purge": purge_step}) + "\n")

    def add_scalar(self, name, value, step):
        with open(self.path, "a") as file:
            file.write(json.dumps([name, step, value]) + "\n")

    def flush(self):
        pass

    close = flush


class Refusing(Writer):
    """Writes on a disk that is full."""

    def add_scalar(self, name, value, step):
        raise OSError(28, "No space left on device")


def shown(folder="events"):
    """{column: {step: value}} as TensorBoard shows them: a start hides what earlier ones wrote from its first step on."""
    found = {}
    for path in sorted(Path(folder).iterdir()):
        for told in map(json.loads, path.read_text().splitlines()):
            if isinstance(told, dict):
                found = {name: {s: v for s, v in values.items() if s < told["purge"]} for name, values in found.items()}
            else:
                name, step, value = told
                assert step not in found.setdefault(name, {})
                found[name][step] = value
    return found


def columns(history):
    names = [name for name in history[0] if name != "step"]
    return {name: {int(row["step"]): pytest.approx(float(row[name]), abs=1e-6) for row in history} for name in names}


@pytest.fixture
def stub(in_tmp, monkeypatch):
    monkeypatch.setitem(sys.modules, MODULE, SimpleNamespace(SummaryWriter=Writer))


def watched(state, stop=None):
    with event_files("events") as watch:
        return run(Path(state), stop=stop, watch=watch).history


def test_what_was_killed_and_resumed_shows_each_row_once(stub):
    with pytest.raises(Interrupted):
        watched("state", Stopper(5))
    assert list(shown()["loss"]) == [4]
    shutil.copytree("state", "kept")
    watched("state")  # killed behind its last validation, and before its checkpoint
    shutil.rmtree("state")
    shutil.copytree("kept", "state")
    history = watched("state")
    assert [row["step"] for row in history] == [4, 8, 12] and len(list(Path("events").iterdir())) == 3
    assert shown() == columns(history) and shown().keys() >= {"score", "loss", "learning_rate", "extra"}
    watched("state")  # it is done
    assert shown() == columns(history)
    shutil.rmtree("state")
    assert watched("state") == history and shown() == columns(history)  # anew


def test_a_folder_without_files_gets_the_rows_of_the_checkpoint_too(stub):
    with pytest.raises(Interrupted):
        run(Path("state"), stop=Stopper(5))
    history = watched("state")
    assert shown() == columns(history) and len(history) == 3


def test_a_full_disk_costs_the_files_alone(in_tmp, monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, MODULE, SimpleNamespace(SummaryWriter=Refusing))
    assert len(watched("state")) == 3
    assert [record.getMessage() for record in caplog.records if "goes on without" in record.getMessage()] == [
        "events cannot be written (No space left on device); the training goes on without"
    ]


def test_a_student_is_the_same_with_them_and_they_hold_its_history(root, stub):
    split = prepared(root)
    train(root, split, "consistency", "plain")
    train(root, split, "consistency", "watched", events="logs/tiny/gen0/train.1")
    for name in ("model.safetensors", "model.json", "history.csv", "metrics.json"):
        assert sha256(f"plain/{name}") == sha256(f"watched/{name}")
    found = shown("logs/tiny/gen0/train.1")
    assert found == columns(read_table("watched/history.csv")) and "unlabelled_loss" in found


def test_the_key_changes_nothing_that_a_student_is_told(root):
    plain = config(root).run("tiny")
    resources = plain.network.resources
    assert not resources.tensorboard
    network = plain.network.model_copy(update={"resources": resources.model_copy(update={"tensorboard": True})})
    asked = plain.model_copy(update={"network": network})
    assert rule_params.student(asked, 1, 1, code) == rule_params.student(plain, 1, 1, code)
    assert Resources(tensorboard=True).tensorboard


def test_without_the_package_nothing_is_trained(in_tmp, monkeypatch):
    monkeypatch.setitem(sys.modules, MODULE, None)
    with pytest.raises(UserError, match="pip install tensorboard"):
        watched("state")
    assert not Path("state").exists()


def test_verify_and_status_pass_them_over(finished_here, capsys):
    write_text("logs/tiny/gen1/train.1/events.out.tfevents.1.host.2.0", "x")
    assert dissent("verify", "--config-dir", "own") == 0
    assert dissent("status", "tiny", "--config-dir", "own") == 0 and "events" not in capsys.readouterr().out


def test_a_rule_asks_for_them(root, in_tmp):
    """The job of a network that wants them writes them beside its log, or says which package lacks."""
    draw(Path())
    shutil.copytree(SETTINGS, "own")
    network = Path("own/networks/tiny.yaml")
    network.write_text(network.read_text().replace("threads: 1", "threads: 1, tensorboard: true"))
    words = ("--cores", 1, "--snakefile", root / "Snakefile", "--config", "config_dir=own")
    done = warm_snakemake.snakemake(warm_snakemake.PLAIN, "results/tiny/gen0/students/1/model.safetensors", *words)
    if find_spec("tensorboard"):
        assert done.returncode == 0 and list(Path("logs/tiny/gen0/train.1").glob("events.*"))
    else:
        assert done.returncode and "`tensorboard: true` needs the package tensorboard" in done.stdout + done.stderr
        assert not Path("results/tiny/gen0/students/1/model.safetensors").exists()


def test_tensorboard_reads_them(in_tmp):
    pytest.importorskip("tensorboard", reason="needs pip install '.[tensorboard]'")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    with pytest.raises(Interrupted):
        watched("state", Stopper(5))
    history = watched("state")
    read = EventAccumulator("events").Reload()
    found = {name: {one.step: one.value for one in read.Scalars(name)} for name in read.Tags()["scalars"]}
    assert found == columns(history)
