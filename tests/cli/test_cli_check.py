"""`dissent check` and the command line as a whole: what is found is said with its remedy, and nothing is written."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cli_data import dissent
from discs import SETTINGS, draw
from raw_data import pairs, save

from dissent.cli import COMMANDS
from dissent.cli.check.looks import _needs, _weights
from dissent.cli.check.steps import steps_of
from dissent.config.base import read_yaml
from dissent.config.resolve import Config
from dissent.core.files import write_text
from dissent.planning import network_size

DATASET = "task: {{kind: binary, labels: [thing]}}\nraw: raw\nsize: [16, 24]\n{more}splits: {{one: {split}}}\n"
EXPERIMENT = "dataset: mine\nsplit: one\nnetwork: tiny\nmethod: im\ngenerations: 1\nstudents: 2\n"


def settings(more="", split="{labelled: 3, val: 2, test: 2}", experiment=EXPERIMENT) -> str:
    write_text("mine/datasets/mine.yaml", DATASET.format(more=more, split=split))
    write_text("mine/experiments/mine.yaml", experiment)
    write_text("mine/networks/tiny.yaml", (SETTINGS / "networks" / "tiny.yaml").read_text())
    return "mine"


def check(*arguments) -> int:
    return dissent("check", "mine", "--config-dir", "mine", *arguments)


def test_an_experiment_that_can_run(in_tmp, capsys):
    draw(Path())
    assert dissent("check", "tiny", "--config-dir", SETTINGS) == 0
    out = capsys.readouterr().out
    table = [line.split() for line in out.splitlines()]
    assert ["4", "8", "4", "6", "8"] in table  # labelled, unlabelled, val, test, hidden
    assert "24 images, 24 of them with masks" in out
    [share] = [row[3] for row in table if row[:2] == ["1", "disc"]]
    assert 0 < float(share.rstrip("%")) < 50
    assert ["tiny", "2", "6", "12", "12", "72"] in table
    assert ["tiny.aldt", "0", "2", "40", "12", "24"] in table
    assert "tiny.ldt_equal_steps has the students of generation 0 from tiny, trained once" in out
    assert "tiny.aldt has" not in out
    assert "ready: snakemake --cores 2 results/tiny/report.html" in out
    assert sorted(path.name for path in Path().iterdir()) == ["raw", "work"]
    assert [path.name for path in Path("work").iterdir()] == ["contents"]  # what raw files hold, for the next plan


@pytest.mark.parametrize("name", ["tiny", "tiny_multiclass", "tiny_multilabel"])
def test_the_value_table_of_each_kind(in_tmp, capsys, name):
    draw(Path())
    assert dissent("check", name, "--config-dir", SETTINGS) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    labels = read_yaml(SETTINGS / "datasets" / f"{name}.yaml")["task"]["labels"]
    values = {"tiny": ["1"], "tiny_multiclass": ["0", "1", "2"], "tiny_multilabel": ["1", "2", "4"]}[name]
    assert all(any(row[:2] == [value, label] for row in rows) for value, label in zip(values, labels, strict=True))


def test_steps_of_epochs_and_equal_steps(root):
    config = Config(root / "config")
    subsets = {"labelled": 259, "unlabelled": 2335, "hidden": 2335, "val": 100, "test": 1000}
    # 50 epochs of floor(259 / 32) steps, and of all 2,594 images: the published protocol
    assert steps_of(config.run("isic.ldt"), subsets)[4] == "400"
    assert steps_of(config.run("isic.ldt_equal_steps"), subsets)[4] == "4,050"
    assert steps_of(config.run("isic"), subsets)[1:] == [5, 35, "2,594", "400 to 4,050", f"{10 * 400 + 25 * 4050:,}"]


def test_broken_raw_files_are_all_named(in_tmp, capsys):
    settings()
    pairs(Path("raw"), [f"i{i}" for i in range(9)])
    image = Path("raw/images/i1.png")
    image.write_bytes(image.read_bytes()[:-30])
    Path("raw/masks/i2.png").unlink()
    Path("raw/images/i3.png").write_bytes(b"")
    assert check() == 1
    out = capsys.readouterr().out
    for words in ("i1.png: ", "i2.png: has no mask", "i3.png: is empty", "error: raw: 3 problems", "1 to be mended"):
        assert words in out
    assert not Path("data").exists() and [path.name for path in Path("work").iterdir()] == ["contents"]


def test_what_cannot_work_and_what_deserves_a_look(in_tmp, capsys):
    settings(split="{labelled: 5, unlabelled: 0, val: 2}")
    pairs(Path("raw"), [f"i{i}" for i in range(7)])
    assert check() == 1
    out = capsys.readouterr().out
    assert "error: method im labels unlabelled images, and split one has none" in out
    assert "note: 2 validation images" in out and "note: there are no test images" in out


def test_images_of_one_colour(in_tmp, capsys):
    """Not the same one: those would be copies of each other."""
    settings(split="{labelled: 3, val: 3, test: 3}")
    names = [f"i{i}" for i in range(12)]
    pairs(Path("raw"), names)
    for level, name in enumerate(names):
        save(Path(f"raw/images/{name}.png"), np.full((16, 24, 3), 9 * level, np.uint8))
    assert check() == 1
    out = capsys.readouterr().out
    assert "error: 3 of 3 labelled images have one colour alone (i" in out
    assert "note: 3 of 3 unlabelled images have one colour" in out and "note: 3 of 3 val images" in out


def test_images_on_two_subsets(in_tmp, capsys):
    settings(split="{labelled: 3, val: 3, test: 3}")
    pairs(Path("raw"), [f"i{i}" for i in range(10)])
    for name in ("i1", "i2", "i3", "i4", "i5"):
        save(Path(f"raw/images/{name}.png"), np.zeros((16, 24, 3), np.uint8))
    assert check() == 1
    assert "the same pixels" in capsys.readouterr().out


def test_raw_files_that_are_not_here(in_tmp, capsys):
    settings()
    assert check() == 1
    assert "raw does not exist: put the raw files there" in capsys.readouterr().out
    assert dissent("check", "isic") == 0
    assert "will fetch ISIC 2018 Task 1 (13.8 GB, CC-0)" in capsys.readouterr().out


def test_a_network_that_nobody_measured_asks_for_the_most(root):
    """One that a person has just added: no KeyError, and `check` says where the numbers come from."""
    run = Config(root / "config").run("demo")
    assert not _needs(None, run).notes
    new = run.network.model_copy(update={"architecture": "another", "encoder": "resnet18"})
    assert network_size.size_of(new).gflop > network_size.size_of(run.network).gflop
    [note] = _needs(None, run.model_copy(update={"network": new})).notes
    assert note.startswith("what another with resnet18 takes is not measured") and "mem_mb" in note


def test_a_hub_that_cannot_be_reached_is_told_before_a_training(root, monkeypatch):
    run = Config(root / "config").run("demo")
    new = run.network.model_copy(update={"architecture": "unet", "weights": "imagenet"})
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")  # where nobody listens
    [warning] = _weights(None, run.model_copy(update={"network": new})).warnings
    assert "hub cannot be reached" in warning and "weights: PATH" in warning
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}")
        assert not _weights(None, run.model_copy(update={"network": new})).warnings


def test_weights_that_are_not_there(in_tmp, capsys):
    settings(experiment=EXPERIMENT.replace("network: tiny", "network: big"))
    digest = "a" * 64
    write_text(
        "mine/networks/big.yaml", f"architecture: unet\nweights: w.safetensors\nweights_sha256: {digest}\nsteps: 3\n"
    )
    path = Path("mine/datasets/mine.yaml")
    path.write_text(re.sub(r"size: .*", "size: [32, 32]", path.read_text()))
    pairs(Path("raw"), [f"i{i}" for i in range(9)])
    assert check() == 1
    assert "`weights: w.safetensors` of network big does not exist" in capsys.readouterr().out
    Path("w.safetensors").write_text("other")
    assert check() == 1
    assert "is not the file that `weights_sha256` means" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("experiment", "words"),
    [
        (EXPERIMENT.replace("generations", "generatoins"), "did you mean `generations`?"),
        (EXPERIMENT.replace("split: one", "split: won"), "did you mean `one`?"),
        (EXPERIMENT.replace("method: im", "method: imm"), "none of the methods"),
        ("dataset: mine\ndataset: mine\n", "stands twice"),
    ],
)
def test_settings_that_are_wrong(in_tmp, capsys, experiment, words):
    settings(experiment=experiment)
    assert check() == 2
    told = capsys.readouterr().err
    assert told.startswith("error: ") and words in told and "Traceback" not in told


def test_settings_folders(in_tmp, capsys):
    assert dissent("check", "demo", "--config-dir", "nowhere") == 2
    assert "nowhere does not exist" in capsys.readouterr().err
    settings(split="{labelled: 3, val: 2, test: 2}")
    pairs(Path("raw"), [f"i{i}" for i in range(9)])
    write_text("config/config.yaml", "experiments: [mine]\nconfig_dir: mine\n")
    assert dissent("check", "mine") == 0


# the command line ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_help(capsys, command):
    with pytest.raises(SystemExit) as leave:
        dissent(*([command] if command else []), "--help")
    out = capsys.readouterr().out
    assert leave.value.code == 0
    assert all(name in out for name in COMMANDS) if command is None else out.count(f"dissent {command} ") > 1
    assert all(len(line) <= 120 for line in out.splitlines())


@pytest.mark.parametrize("command", ["init", "check", "verify"])
def test_only_predict_needs_torch(root, in_tmp, command):
    draw(Path())
    write_text("data/x/y.txt", "x")
    arguments = {
        "init": ["raw/tiny", "--config-dir", "own"],
        "check": ["tiny", "--config-dir", str(SETTINGS)],
        "verify": ["data"],
    }[command]
    Path("own").mkdir()
    code = (
        f"import sys; from dissent.cli import main; code = main({[command, *arguments]!r}); "
        "sys.exit(99 if 'torch' in sys.modules else code)"
    )
    environment = os.environ | {"PYTHONPATH": str(root / "workflow" / "scripts")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_raw_files_that_a_person_must_get_are_asked_for(in_tmp, capsys):
    assert dissent("check", "cityscapes") == 1
    out = capsys.readouterr().out
    assert "error: data/raw/cityscapes does not hold Cityscapes, which needs a login. Download" in out
    assert "gtFine_trainvaltest.zip       241 MB: leaves gtFine/train/, gtFine/val/" in out and "1 to be mended" in out
