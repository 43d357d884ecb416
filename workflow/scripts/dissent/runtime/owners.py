"""Whose Snakemake's lock is: one whose owner is proven dead goes by itself, any other stays and is told of.

Snakemake marks the files that it makes as in use by plain files in `.snakemake/locks`, which outlive a kill -9. The
`snakemake` of the environment (dissent/cli/snakemake.py) notes beside them, in `.snakemake/owners`, which process took which lock.
"""

import contextlib
import os
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from dissent.core.files import UserError, read_json, write_json
from dissent.runtime.locks import hold
from dissent.runtime.parents import is_snakemake, read_process

REMEDY = "if no Snakemake and none of its jobs is at work here, `snakemake --unlock` and the same command go on"
_ORPHANS = 30.0  # seconds that jobs of a dead Snakemake have to save and end


@contextlib.contextmanager
def noted(locks: Path, files: list[Path], jobs_are_here: bool = True) -> Iterator[None]:
    """Note that this process owns these lock files. `jobs_are_here`: whether its jobs run on this machine."""
    record = _folder(locks) / f"{os.getpid()}.{socket.gethostname()}.json"
    write_json(record, _this() | {"jobs_are_here": jobs_are_here, "locks": {path.name: _mark(path) for path in files}})
    try:
        yield
    finally:
        record.unlink(missing_ok=True)


def clear(locks: str | Path, patience: float = _ORPHANS) -> str:
    """Remove the locks whose owners are proven dead. Returns why those that are left stay, "" if none is left.

    Those of a Snakemake that submitted its jobs to other machines stay, as nothing is known of these here. `patience`: seconds to
    wait for jobs that outlived their Snakemake.
    """
    locks = Path(locks)
    if not any(locks.glob("*.lock")):
        return ""
    with hold(_folder(locks)):  # of two that clear at once the second would remove the first one's own lock
        told = []
        for record in sorted(_folder(locks).glob("*.json")):
            owner = _read(record)
            if owner is None or not any(_is_lock(locks / name, mark) for name, mark in owner["locks"].items()):
                continue
            why = _why_not(owner, locks, patience)
            if why:
                told.append(why)
                continue
            for name, mark in owner["locks"].items():
                if _is_lock(locks / name, mark):
                    (locks / name).unlink(missing_ok=True)
            record.unlink(missing_ok=True)
            print(f"took away the lock of process {owner['pid']}, a Snakemake that was killed here", file=sys.stderr)
        left = any(locks.glob("*.lock"))
    unknown = f"the lock in {locks.parent.parent} is of an unknown owner: {REMEDY}"
    return "\n".join(told) or (unknown if left else "")


def _why_not(owner: dict, locks: Path, patience: float) -> str:
    """Why the locks of an owner stay; "" when they may go."""
    name = f"process {owner['pid']} on {owner['host']}"
    alive = _alive(owner)
    if alive:
        return f"{name} makes these files: wait until it has ended"
    if alive is None:
        return f"the lock is that of {name}, which cannot be asked from here: {REMEDY}"
    if not owner.get("jobs_are_here", False):
        return f"the Snakemake that took the lock ({name}) is dead, but jobs that it submitted may run still: {REMEDY}"
    deadline = time.monotonic() + patience
    while found := orphans(locks.parent.parent):
        if time.monotonic() > deadline:
            return (
                f"the Snakemake that took the lock ({name}) is dead, but process {found[0]} works here still: {REMEDY}"
            )
        time.sleep(0.2)
    return ""


def _this() -> dict:
    """What tells this process from any other, at any time."""
    return _here() | {"pid": os.getpid(), "started": _started(os.getpid())}


def _here() -> dict:
    """What tells this machine, since when it runs, and where its process numbers hold."""
    texts = {"machine": "/etc/machine-id", "boot": "/proc/sys/kernel/random/boot_id"}
    found = {"host": socket.gethostname(), "pids": ""}
    for name, path in texts.items():
        found[name] = ""
        with contextlib.suppress(OSError):
            found[name] = Path(path).read_text().strip()
    with contextlib.suppress(OSError):
        found["pids"] = os.readlink("/proc/self/ns/pid")
    return found


def _alive(owner: dict) -> bool | None:
    """Whether it runs; None where that cannot be known."""
    here = _here()
    if any(owner[name] != here[name] for name in ("host", "machine")):
        return None
    if owner["boot"] != here["boot"]:
        return False if here["machine"] else None  # the machine was started anew since
    if owner["pids"] != here["pids"]:
        return None  # a container's numbers
    return _started(owner["pid"]) == owner["started"]


def _started(pid: int) -> str:
    """When a process started; "" when it is dead."""
    if Path("/proc/self/stat").exists():
        return read_process(pid)[1]
    try:
        return str(int(psutil.Process(pid).create_time()))
    except psutil.NoSuchProcess:
        return ""


def orphans(folder: str | Path) -> list[int]:
    """Processes of Snakemake or its jobs that work in `folder`, but this one, and living owners with their jobs."""
    records = map(_read, _folder(Path(folder, ".snakemake", "locks")).glob("*.json"))
    known = {owner["pid"] for owner in records if owner and _alive(owner)}
    found = []
    for process in psutil.process_iter(["pid", "cmdline", "status"]):
        words = process.info["cmdline"] or []
        named = is_snakemake(words) or any("/.snakemake/scripts/" in word for word in words[:4])
        if not named or process.pid == os.getpid() or process.info["status"] == psutil.STATUS_ZOMBIE:
            continue
        try:
            line = {process.pid, *(parent.pid for parent in process.parents())}
            if not line & known and os.path.samefile(process.cwd(), folder):
                found.append(process.pid)
        except psutil.AccessDenied:  # somebody else's job: where it works cannot be seen, so it may be here
            found.append(process.pid)
        except (psutil.Error, FileNotFoundError):
            continue
    return found


def _folder(locks: Path) -> Path:
    return locks.parent / "owners"


def _read(record: Path) -> dict | None:
    with contextlib.suppress(UserError, OSError):
        return read_json(record)
    return None


def _mark(path: Path) -> list[int]:
    """What tells a lock file from a later one of the same name."""
    found = path.stat()
    return [found.st_ino, found.st_mtime_ns]


def _is_lock(path: Path, mark: list[int]) -> bool:
    try:
        return _mark(path) == mark
    except OSError:
        return False
