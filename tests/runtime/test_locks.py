"""Locks: one at a time, and nothing stale after kill -9."""

import fcntl
import os
import signal

import pytest
from processes import alive, python

from dissent.core.files import UserError
from dissent.runtime import Lock, hold

HOLDER = """
import sys, time
from dissent.runtime import hold
with hold(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """A process that works in tmp_path/state."""
    (tmp_path / "holder.py").write_text(HOLDER)
    process = python(tmp_path / "holder.py", tmp_path / "state")
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_starter_names_the_first_and_the_remedy(tmp_path, holder, caplog):
    caplog.set_level("INFO")
    words, reasons = f"in use by process {holder.pid} on .*`kill {holder.pid}`", iter(["it counts", "it counts"])
    with pytest.raises(UserError, match=words), hold(tmp_path / "state", wait=0.2):
        pytest.fail("two at work")
    assert (
        f"waiting for process {holder.pid} on" in caplog.text and "up to 0 s: it does this job already" in caplog.text
    )
    caplog.clear()
    with pytest.raises(UserError, match=words), hold(tmp_path / "state", wait=-1, still=lambda: next(reasons, "")):
        pytest.fail("two at work")
    assert "until it ends: it counts" in caplog.text and not list(reasons)


def test_a_killed_holder_leaves_no_stale_lock(tmp_path, holder):
    holder.send_signal(signal.SIGKILL)
    with hold(tmp_path / "state", wait=5):
        assert (tmp_path / "state" / "lock").read_text().startswith(f"{os.getpid()} on ")
    assert not (tmp_path / "state").exists()


def test_what_else_is_in_the_folder_stays(tmp_path):
    with pytest.raises(RuntimeError), hold(tmp_path / "state"):
        (tmp_path / "state" / "step.pt").touch()
        raise RuntimeError
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["step.pt"]


STRESS = """
import os, sys
from dissent.runtime import Lock
folder, children = sys.argv[1], []
for _ in range(4):
    if not (pid := os.fork()):
        done = 0
        while done < 150:
            lock = Lock(folder + "/state/lock")
            if lock.acquire():
                os.close(os.open(folder + "/alone", os.O_CREAT | os.O_EXCL))  # fails where two are at work
                os.remove(folder + "/alone")
                lock.release(remove=done % 2 == 0)
                done += 1
        os._exit(0)
    children.append(pid)
sys.exit(max(os.waitpid(pid, 0)[1] for pid in children))
"""


def test_locks_whose_files_come_and_go_are_still_exclusive(tmp_path):
    (tmp_path / "stress.py").write_text(STRESS)
    process = python(tmp_path / "stress.py", tmp_path)
    assert process.wait(60) == 0, process.stderr.read()


def test_a_lock_on_a_file_that_was_removed_meanwhile_is_none(tmp_path, monkeypatch):
    path, real, seen = tmp_path / "lock", fcntl.flock, []

    def flock(handle: int, how: int) -> None:
        if not seen:
            path.unlink()  # by the holder before us, as it ended
        seen.append(handle)
        real(handle, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    lock = Lock(path)
    assert lock.acquire() and len(seen) == 2
    assert not Lock(path).acquire()
    lock.release(remove=True)
    assert not path.exists()


FORKER = """
import os, sys, time
from dissent.runtime import Lock
lock = Lock(sys.argv[1])
assert lock.acquire()
if not os.fork():  # only the worker itself knows that it has closed what it inherited
    print(os.getpid(), flush=True)
time.sleep(60)
"""


def test_a_forked_worker_does_not_keep_the_lock(tmp_path):
    (tmp_path / "forker.py").write_text(FORKER)
    process = python(tmp_path / "forker.py", tmp_path / "lock")
    worker = int(process.stdout.readline())
    try:
        lock = Lock(tmp_path / "lock")
        assert not lock.acquire() and lock.holder().startswith(f"{process.pid} on ")
        process.kill()
        process.wait()
        assert alive(worker)
        assert lock.acquire()
        lock.release()
    finally:
        os.kill(worker, signal.SIGKILL)
        process.communicate()
