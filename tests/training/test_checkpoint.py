"""Checkpoints: damage of any kind costs at most the newest one, and nothing in them is executed."""

import hashlib
import io
import json
import os
import pickle
import random
from collections import OrderedDict

import numpy as np
import pytest
import torch
from processes import python

from dissent.training.checkpoint import Checkpoints

STATE = {
    "network": OrderedDict(weight=torch.arange(6.0).reshape(2, 3), steps=torch.tensor(7)),
    "optimizer": {"state": {0: {"exp_avg": torch.ones(3, dtype=torch.bfloat16)}}, "groups": [{"betas": (0.9, 0.999)}]},
    "history": [{"step": 1, "loss": 0.5, "best": None, "name": "iou", "last": True}],
    "random": torch.get_rng_state(),
}


def equal(a, b) -> bool:
    if isinstance(a, torch.Tensor):
        return isinstance(b, torch.Tensor) and a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(equal(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(equal, a, b))
    return type(a) is type(b) and a == b


@pytest.fixture
def two(tmp_path):
    """Checkpoints of steps 10 and 20, and the path of the second."""
    checkpoints = Checkpoints(tmp_path / "state", "job")
    checkpoints.save(10, {"at": torch.full((40,), 10.0)})
    return checkpoints, checkpoints.save(20, {"at": torch.full((40,), 20.0)})


def names(checkpoints: Checkpoints) -> list[str]:
    return sorted(path.name for path in checkpoints.folder.iterdir())


def forge(folder, step: int, content: bytes):
    """A file whose name fits its content."""
    path = folder / f"step{step:08d}-{hashlib.sha256(content).hexdigest()[:16]}.pt"
    path.write_bytes(content)
    return path


def test_what_is_saved_comes_back(tmp_path):
    checkpoints = Checkpoints(tmp_path / "a" / "state", "job")
    assert checkpoints.load() is None
    path = checkpoints.save(450, STATE)
    assert path.name.startswith("step00000450-") and path.suffix == ".pt"
    assert hashlib.sha256(path.read_bytes()).hexdigest().startswith(path.stem.split("-")[1])
    step, state = Checkpoints(tmp_path / "a" / "state", "job").load()
    assert step == 450 and equal(state, STATE)


def test_the_last_two_are_kept_and_the_newest_is_loaded(two):
    checkpoints, _ = two
    for step in (30, 100_000_000, 100_000_001):
        checkpoints.save(step, {"at": step})
    assert [name.split("-")[0] for name in names(checkpoints)] == ["step100000000", "step100000001"]
    assert checkpoints.load() == (100_000_001, {"at": 100_000_001})


def test_every_truncation_falls_back(two, caplog):
    checkpoints, newest = two
    content = newest.read_bytes()
    for size in [0, 1, 100, len(content) // 2, len(content) - 1]:
        newest.write_bytes(content[:size])
        assert checkpoints.load()[0] == 10
        assert f"{newest} is damaged" in caplog.text
        caplog.clear()
    newest.write_bytes(content)
    assert checkpoints.load()[0] == 20


def test_every_bit_flip_falls_back(two):
    checkpoints, newest = two
    content = bytearray(newest.read_bytes())
    places = random.Random(1).sample(range(8 * len(content)), 300)
    for place in [0, 8 * len(content) - 1, *places]:
        content[place // 8] ^= 1 << place % 8
        newest.write_bytes(content)
        assert checkpoints.load()[0] == 10
        content[place // 8] ^= 1 << place % 8


def test_with_all_damaged_the_job_starts_anew(two):
    checkpoints, newest = two
    for path in checkpoints.folder.iterdir():
        path.write_bytes(b"")
    newest.unlink()
    newest.mkdir()  # not even a file
    assert checkpoints.load() is None


def test_a_damaged_later_one_displaces_no_good_one(two):
    checkpoints, newest = two
    newest.write_bytes(b"damaged")
    assert checkpoints.load()[0] == 10
    checkpoints.save(15, {"at": 15})
    assert [name.split("-")[0] for name in names(checkpoints)] == ["step00000010", "step00000015"]


def test_another_job_starts_anew_and_says_why(two, caplog):
    checkpoints, newest = two
    caplog.set_level("INFO")
    other = Checkpoints(checkpoints.folder, "job with another rate")
    assert other.load() is None
    assert f"settings or inputs have changed since {newest} was saved: starting anew" in caplog.text
    assert checkpoints.load()[0] == 20  # untouched until the other has something to keep
    other.save(15, {"at": 15})
    other.save(18, {"at": 18})
    assert other.load() == (18, {"at": 18})
    assert len(names(other)) == 2


class Hostile:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_code_in_a_checkpoint_does_not_run(two, tmp_path, caplog):
    checkpoints, _ = two
    target = tmp_path / "executed"
    stream = io.BytesIO()
    torch.save({"identity": "job", "step": 30, "state": Hostile(target)}, stream)
    forge(checkpoints.folder, 30, stream.getvalue())
    forge(checkpoints.folder, 31, pickle.dumps(Hostile(target), 2))
    assert checkpoints.load()[0] == 20
    assert not target.exists()
    assert caplog.text.count("is damaged") == 2
    torch.load(io.BytesIO(stream.getvalue()), weights_only=False)
    assert target.exists()  # it would have


def test_whole_files_of_strangers_are_passed_over(two):
    checkpoints, _ = two
    for step, value in [(30, [1, 2]), (31, {"state": {}}), (32, {"identity": "job", "step": 5, "state": {}})]:
        stream = io.BytesIO()
        torch.save(value, stream)
        forge(checkpoints.folder, step, stream.getvalue())
    (checkpoints.folder / "step00000040-best.pt").write_bytes(b"")
    assert checkpoints.load()[0] == 20


@pytest.mark.parametrize("value", [np.float64(1), np.int64(1), np.zeros(2), {1, 2}, b"raw", object()])
def test_what_could_not_be_loaded_again_is_not_saved(tmp_path, value):
    checkpoints = Checkpoints(tmp_path / "state", "job")
    with pytest.raises(TypeError, match=r"state\['history'\]\[0\]\['loss'\] is a "):
        checkpoints.save(1, {"history": [{"loss": value}]})
    assert checkpoints.load() is None


FAULTS = """
import json, os, resource, signal, sys, torch
from pathlib import Path
from dissent.training.checkpoint import Checkpoints
from dissent.core.files import UserError

checkpoints = Checkpoints(Path(sys.argv[1]), "job")
names = lambda: sorted(path.name for path in checkpoints.folder.iterdir())
checkpoints.save(10, {"at": torch.zeros(10)})
found = {"first": names()}
if not os.fork():
    os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    checkpoints.save(20, {"at": torch.zeros(10)})
found["signal"] = os.WTERMSIG(os.wait()[1])
found["after kill"], found["loaded after kill"] = names(), checkpoints.load()[0]
checkpoints.save(30, {"at": torch.zeros(10)})
found["after save"] = names()
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
try:
    checkpoints.save(40, {"at": torch.zeros(1_000_000)})
except UserError as error:
    found["error"] = str(error)
found["after full disk"], found["loaded after full disk"] = names(), checkpoints.load()[0]
print(json.dumps(found))
"""


def test_kill_between_write_and_rename_and_a_full_disk_cost_nothing(tmp_path):
    (tmp_path / "faults.py").write_text(FAULTS)
    process = python(tmp_path / "faults.py", tmp_path / "state")
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    found = json.loads(out)
    first = found["first"]
    assert found["signal"] == 9
    assert len(found["after kill"]) == 2 and found["after kill"][0].endswith(".tmp")
    assert found["after kill"][1:] == first and found["loaded after kill"] == 10
    assert [name.split("-")[0] for name in found["after save"]] == ["step00000010", "step00000030"]
    assert found["after full disk"] == found["after save"] and found["loaded after full disk"] == 30
    for words in (
        f"{tmp_path}/state/step00000040-",
        "File too large (4.0 MB wanted, ",
        "MB free); that is a limit on the size of files",
        "step00000030-",
        "is kept, and the training resumes",
        "run the same command",
    ):
        assert words in found["error"]
