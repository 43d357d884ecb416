"""Devices: slots never collide and kill -9 frees them; a prepared process keeps what it promises."""

import json
import os
import platform
import subprocess
import sys

import pytest
from processes import LIBRARY, python

from dissent.core.files import UserError
from dissent.runtime import Lock
from dissent.runtime.devices import Lease, lease


@pytest.fixture(autouse=True)
def own_slots(tmp_path, monkeypatch):
    """A machine without cards and settings, slots in the test's folder."""
    for name in (
        "CUDA_VISIBLE_DEVICES",
        "DISSENT_GPU_SLOTS",
        "CUDA_DEVICE_ORDER",
        "CUBLAS_WORKSPACE_CONFIG",
        "SLURM_JOB_ID",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DISSENT_CARDS", "0")
    monkeypatch.setenv("DISSENT_SLOTS_DIR", str(tmp_path / "slots"))


def test_no_card_is_the_cpu_and_said_once(caplog, monkeypatch):
    caplog.set_level("INFO")
    with lease() as place:
        assert place == Lease("cpu") and os.environ["CUDA_VISIBLE_DEVICES"] == ""
    assert "CUDA_VISIBLE_DEVICES" not in os.environ
    assert caplog.messages == ["no graphics card: on the CPU"]
    caplog.clear()
    monkeypatch.setenv("DISSENT_CARDS", "2")
    with lease(gpus=0) as place:
        assert place.device == "cpu"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    with lease() as place:
        assert place.device == "cpu"
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "-1"
    assert caplog.messages == ["no graphics card (CUDA_VISIBLE_DEVICES is '-1'): on the CPU"]


def test_a_lease_sets_what_cuda_reads_and_puts_it_back(monkeypatch):
    monkeypatch.setenv("DISSENT_CARDS", "2")
    with lease() as place:
        assert (place.device, place.visible) == ("cuda", "0") and place.slot.endswith("card0.slot0")
        assert os.environ["CUDA_VISIBLE_DEVICES"] == "0"
        assert os.environ["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"
        assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
    assert not {"CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "CUBLAS_WORKSPACE_CONFIG"} & os.environ.keys()
    monkeypatch.setenv("DISSENT_CARDS", "8")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,3")
    with lease() as place:
        assert place.visible == "5" and "CUDA_DEVICE_ORDER" not in os.environ  # the order that the user counted in
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "5,3"


def test_several_cards_for_one_job(monkeypatch):
    monkeypatch.setenv("DISSENT_CARDS", "3")
    with lease(gpus=2, slots_per_card=2) as place:
        assert place.visible == "0,1"
    with pytest.raises(UserError, match="4 graphics cards are asked for, 3 are here"), lease(gpus=4):
        pass


def test_a_job_that_waits_for_two_cards_keeps_none_from_others(tmp_path, monkeypatch):
    monkeypatch.setenv("DISSENT_CARDS", "2")
    with lease() as place:
        first = tmp_path / "slots" / place.slot
    busy, free = Lock(first), Lock(first.with_name(first.name.replace("card0", "card1")))
    assert busy.acquire()

    def meanwhile(_seconds: float) -> None:
        assert free.acquire()
        free.release()
        busy.release()

    monkeypatch.setattr("dissent.runtime.devices.leases.time.sleep", meanwhile)
    with lease(gpus=2) as place:
        assert place.visible == "0,1"


def test_jobs_of_slurm_take_its_word_and_processes_of_one_job_still_share_out_its_cards(tmp_path, monkeypatch):
    monkeypatch.setenv("DISSENT_CARDS", "2")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")  # every job's first card is 0 where SLURM shows it no other
    monkeypatch.setenv("SLURM_GPUS_ON_NODE", "1")
    monkeypatch.setattr(
        "dissent.runtime.devices.leases.time.sleep", lambda _: pytest.fail("waits for another job's card")
    )
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    with lease() as one:
        monkeypatch.setenv("SLURM_JOB_ID", "8")
        with lease() as other:
            assert one.slot.startswith("job7-") and other.slot.startswith("job8-") and one.visible == other.visible
            with pytest.raises(pytest.fail.Exception, match="waits"), lease():
                pass
        monkeypatch.setenv("SLURM_JOB_ID", "7")
    assert not (tmp_path / "slots").exists()  # the next job has another number: nothing is left behind


@pytest.mark.parametrize(
    ("name", "value"), [("DISSENT_GPU_SLOTS", "0"), ("DISSENT_GPU_SLOTS", "x"), ("DISSENT_CARDS", "-1")]
)
def test_wrong_numbers_are_named(monkeypatch, name, value):
    monkeypatch.setenv("DISSENT_CARDS", "2")
    monkeypatch.setenv(name, value)
    with pytest.raises(UserError, match=f"{name} is '{value}'"), lease():
        pass


def test_the_slots_are_the_users_own(tmp_path, monkeypatch):
    monkeypatch.setenv("DISSENT_CARDS", "1")
    monkeypatch.delenv("DISSENT_SLOTS_DIR")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = tmp_path / f"dissent-slots-{os.getuid()}"
    with lease() as place:
        assert (folder / place.slot).exists()
        assert folder.stat().st_mode & 0o777 == 0o700
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match="belongs to somebody else; set DISSENT_SLOTS_DIR"), lease():
        pass
    monkeypatch.setenv("DISSENT_SLOTS_DIR", str(tmp_path / "file"))
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"file, where jobs share out the graphics cards, is no folder"), lease():
        pass


HOLDER = """
import logging, os, sys, time
from dissent.runtime.devices import lease
logging.basicConfig(level="INFO", stream=sys.stderr)
with lease() as place:
    print(place.visible, place.slot.rsplit(".", 1)[1], flush=True)
    time.sleep(float(sys.argv[1]))
"""


def hold_a_card(seconds: float, **env: str) -> subprocess.Popen:
    # not from a file: written anew for the next holder it is empty for a moment, and this one may be reading it
    return python("-c", HOLDER, seconds, env=env)


def test_jobs_take_empty_cards_first_wait_and_inherit_from_the_killed():
    env = {"DISSENT_CARDS": "2", "DISSENT_GPU_SLOTS": "2"}
    holders = [hold_a_card(60, **env) for _ in range(4)]
    try:
        taken = [holder.stdout.readline().split() for holder in holders]
        assert sorted(taken) == [["0", "slot0"], ["0", "slot1"], ["1", "slot0"], ["1", "slot1"]]
        waiter = hold_a_card(0, **env)
        line = waiter.stderr.readline()
        assert "waiting for a graphics card" in line
        assert all(f"(process {holder.pid} on " in line for holder in holders)
        holders[2].kill()
        assert waiter.wait(10) == 0
        assert waiter.stdout.read().split() == taken[2]
    finally:
        for holder in holders:
            holder.kill()
            holder.communicate()


STORM = """
import os, random, signal, sys, time
from dissent.runtime.devices import lease
folder, children = sys.argv[1], []
for number in range(16):
    if not (pid := os.fork()):
        random.seed(number)
        for turn in range(4):
            with lease() as place:
                mark = f"{folder}/{place.visible}"
                handle = os.open(mark, os.O_CREAT | os.O_EXCL)  # fails where two jobs have one card
                time.sleep(random.uniform(0, .02))
                os.close(handle)
                os.remove(mark)
                if number % 4 == 0 and turn == 2:
                    os.kill(os.getpid(), signal.SIGKILL)  # with the lease held
        os._exit(0)
    children.append(pid)
print(sorted(os.waitpid(pid, 0)[1] for pid in children))
"""


def test_sixteen_jobs_never_collide_on_four_cards(tmp_path):
    (tmp_path / "storm.py").write_text(STORM)
    (tmp_path / "cards").mkdir()
    process = python(tmp_path / "storm.py", tmp_path / "cards", env={"DISSENT_CARDS": "4"})
    out, err = process.communicate(timeout=60)
    assert json.loads(out) == [0] * 12 + [9] * 4, err
    assert list((tmp_path / "cards").iterdir()) == []


SETUP = """
import json, os, resource, sys
import dissent.runtime.devices
assert "torch" not in sys.modules
device = dissent.runtime.devices.prepare_process(3, "cuda")
import torch

def faults_of_a_step():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(2):
        [torch.ones(10_000_000) for _ in range(3)]  # 120 MB: 30,000 pages
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

for _ in range(6):
    faults_of_a_step()  # until freed blocks fit together
print(json.dumps({
    "device": device.type, "cuda": torch.cuda.is_available(), "threads": torch.get_num_threads(),
    "interop": torch.get_num_interop_threads(), "faults": faults_of_a_step(),
    "deterministic": torch.are_deterministic_algorithms_enabled(), "benchmark": torch.backends.cudnn.benchmark,
    "denormal": (torch.full((64,), 1e-38) * 1e-3).sum().item(), "workspace": os.environ["CUBLAS_WORKSPACE_CONFIG"],
}))
assert torch.is_deterministic_algorithms_warn_only_enabled()
import dissent.steps.evaluate, dissent.steps.predict, dissent.steps.score_pairs
heavy = {"torch._dynamo", "torch._inductor", "sympy", "matplotlib"} & set(sys.modules)
assert not heavy, f"{heavy}: as long to import as the half of torch, for every job"
dissent.runtime.devices.prepare_process(1, benchmark=True)  # a second time is no error
assert torch.get_num_threads() == 1 and torch.backends.cudnn.benchmark
"""


def test_a_prepared_process_keeps_its_memory_and_its_promises(tmp_path):
    (tmp_path / "setup.py").write_text(SETUP)
    process = python(tmp_path / "setup.py")
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    found = json.loads(out)
    cuda = found.pop("cuda")
    assert found.pop("device") == ("cuda" if cuda else "cpu")
    assert cuda or "cannot use card" in err
    faults = found.pop("faults")
    if sys.platform == "linux" and platform.libc_ver()[0] == "glibc":
        assert faults < 1000  # 60,000 where memory goes back to the kernel in between
    expected = {"threads": 3, "interop": 1, "deterministic": True, "benchmark": False, "denormal": 0.0}
    assert found == {**expected, "workspace": ":4096:8"}


def test_leases_and_jobs_do_not_import_torch():
    check = "import sys, dissent.runtime.devices, dissent.runtime; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", check], env=os.environ | {"PYTHONPATH": str(LIBRARY)}, check=True)
