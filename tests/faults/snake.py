"""Snakemake itself on a project whose results are there: what it would do, and what it says."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from faults import made, rules
from faults.product import Said
from faults.suite import Unnamed

REPORT = "results/cells/report.html"


def snakemake(*arguments: str, snakefile: Path = made.REPOSITORY / "Snakefile") -> Said:
    """One command; plain `snakemake` of the environment, as users type it."""
    done = subprocess.run(**_command(arguments, snakefile), capture_output=True, text=True, timeout=200)
    return Said(done.returncode, done.stdout + done.stderr)


def started(*arguments: str) -> subprocess.Popen:
    """One command, in the background and in a process group of its own."""
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "start_new_session": True}
    return subprocess.Popen(**_command(arguments, made.REPOSITORY / "Snakefile"), **silent)


def _command(arguments: Sequence[str], snakefile: Path) -> dict:
    call = "import sys; from dissent.cli.snakemake import main as snakemake; sys.exit(snakemake())"
    command = [sys.executable, "-c", call, "--cores", "1", "--snakefile", str(snakefile), *arguments]
    library = snakefile.parent / "workflow" / "scripts"
    environment = os.environ | {
        "PYTHONPATH": str(library),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    return {"args": [*command, "--config", "config_dir=settings"], "env": environment}


def recorded() -> dict:
    """A whole run that Snakemake takes for its own."""
    whole = made.base(rules.whole)
    said = snakemake(REPORT, "--touch", "--forceall")
    if said.code:
        raise Unnamed(said.text[-2000:])
    return whole


def would_do(*arguments: str, **options) -> dict[str, int]:
    """{rule: jobs} of a dry run; {} where there is nothing to be done."""
    said = snakemake("-n", *arguments, REPORT, **options)
    if said.code:
        raise Unnamed(f"the plan failed: {said.text[-1500:]}")
    words = [line.split() for line in said.text.splitlines()]
    found = {
        word[0]: int(word[1])
        for word in words
        if len(word) == 2 and word[1].isdigit() and word[0].islower() and ":" not in word[0]
    }
    found.pop("total", None)
    if not found and "Nothing to be done" not in said.text:
        raise Unnamed(f"no plan in: {said.text[-1500:]}")
    return found


def own_repository() -> Path:
    """A copy of the code, which an injection may edit; returns its Snakefile."""
    for name in ("workflow", "config", "envs"):
        shutil.copytree(made.REPOSITORY / name, Path("repository", name), ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(made.REPOSITORY / "Snakefile", "repository/Snakefile")
    return Path("repository/Snakefile").absolute()
