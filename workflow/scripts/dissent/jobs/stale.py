"""python -m dissent.jobs.stale: take Snakemake's lock away when its holder was killed.

Snakemake marks a folder as in use by plain files, which outlive a kill -9 or a power cut. They go here when nothing on
this machine runs Snakemake or one of its jobs in the folder; else they stay, and Snakemake says what it always says.
"""

import os
from pathlib import Path

import psutil

_SIGNS = ("/.snakemake/scripts/", "/bin/snakemake")


def clear(folder: str | Path = ".") -> bool:
    """Remove Snakemake's locks of `folder` unless somebody works there; whether some were removed."""
    locks = list(Path(folder, ".snakemake", "locks").glob("*.lock"))
    if not locks or any(_works_in(process, folder) for process in psutil.process_iter(["pid", "cmdline", "status"])):
        return False
    for path in locks:
        path.unlink(missing_ok=True)
    return True


def _works_in(process: psutil.Process, folder: str | Path) -> bool:
    words = process.info["cmdline"] or []
    named = any(sign in word for word in words[:4] for sign in _SIGNS) or words[1:3] == ["-m", "snakemake"]
    if not named or process.pid == os.getpid() or process.info["status"] == psutil.STATUS_ZOMBIE:
        return False
    try:
        return os.path.samefile(process.cwd(), folder)
    except psutil.AccessDenied:
        return True  # somebody else's: it may be here
    except (psutil.NoSuchProcess, FileNotFoundError):
        return False


if __name__ == "__main__":
    if clear():
        print("took away the lock of a Snakemake that was killed here")
