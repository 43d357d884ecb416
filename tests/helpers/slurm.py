"""Help for tests on a real SLURM: one that runs on this machine, or that `slurm-here` can start."""

import contextlib
import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from processes import python, wait_until

from dissent.runtime import hold

ROOT = Path(__file__).resolve().parents[2]
TOOL = Path(os.environ.get("DISSENT_SLURM_HERE", "slurm-here"))  # started only where somebody asks for it
PATIENCE = 1800  # seconds for a step of a test, on a machine that has other work


def ask(*words: object) -> str:
    """Output of a SLURM command; an error is a failure of the test."""
    return subprocess.run([*map(str, words)], capture_output=True, text=True, check=True, timeout=60).stdout


def _node() -> dict[str, str] | None:
    """Keys of the only node of the SLURM that answers here."""
    try:
        return dict(re.findall(r"(\w+)=(\S+)", ask("scontrol", "show", "node", "--oneliner")))
    except (OSError, subprocess.SubprocessError):
        return None


@contextlib.contextmanager
def running() -> Iterator[None]:
    """A SLURM of this machine alone, started if need be, and then stopped; the test is skipped where there is none."""
    # two processes of pytest-xdist would start it twice, and wait for each other's jobs in its queue
    with hold(Path(tempfile.gettempdir()) / f"dissent-test-slurm-{os.getuid()}", wait=3600):
        node, started = _node(), False
        if node is None:
            if not TOOL.is_file() or os.geteuid():
                pytest.skip(
                    "no SLURM answers `scontrol show node`, and DISSENT_SLURM_HERE names no script with which root may start one"
                )
            done = subprocess.run([str(TOOL), "start"], capture_output=True, text=True, timeout=PATIENCE)
            node, started = _node(), True
            if done.returncode or node is None:
                subprocess.run([str(TOOL), "stop"], capture_output=True)
                pytest.skip(f"{TOOL.name} starts no SLURM here: {done.stderr.strip()[-300:]}")
        try:
            if len(ask("sinfo", "-hNo", "%N").split()) > 1 or node["NodeHostName"] != os.uname().nodename.split(".")[0]:
                pytest.skip("the jobs of this SLURM run on other machines, which do not see the folders of tests")
            if int(node["CPUTot"]) < 2 or int(node["RealMemory"]) < 4000 or "gpu:2" not in node.get("Gres", ""):
                pytest.skip("this SLURM has less than two processors, 4 GB and two cards")
            yield
        finally:
            if started:
                subprocess.run([str(TOOL), "stop"], capture_output=True, timeout=60)


class Submitted:
    """`snakemake --profile profiles/slurm` at work in a folder; leaving the block ends it and its jobs."""

    def __init__(self, folder: Path, *arguments: str):
        self.folder, self.words = folder, folder / "snakemake.txt"
        # this SLURM keeps no accounts, and sacct is installed all the same
        command = ["--slurm-status-command", "squeue", "--slurm-init-seconds-before-status-checks", "5", *arguments]
        command = ["--snakefile", str(ROOT / "Snakefile"), "--profile", str(ROOT / "profiles" / "slurm"), *command]
        with open(self.words, "w") as out:
            options = {"cwd": folder, "stdout": out, "stderr": subprocess.STDOUT}
            self.process = python("-m", "snakemake", *command, "--config", "config_dir=settings", **options)

    def __enter__(self) -> "Submitted":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)  # it cancels its jobs
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(60)
            self.process.kill()
            self.process.wait()

    def text(self) -> str:
        """What Snakemake has said."""
        return self.words.read_text()

    def jobs(self, rule: str) -> list[str]:
        """SLURM's numbers of the jobs of a rule that were submitted so far."""
        return re.findall(rf"SLURM jobid (\d+) \(log: \S+/rule_{rule}/", self.text())

    def await_(self, condition: Callable[[], object], what: str) -> None:
        """Wait until a condition comes true; an end of Snakemake before that fails the test with its words."""
        wait_until(lambda: bool(condition()) or self.process.poll() is not None, PATIENCE)
        assert condition(), f"{what}: not seen\n{self.text()[-3000:]}"

    def end(self) -> int:
        """Wait for Snakemake's own end and give its exit code."""
        return self.process.wait(PATIENCE)


def state_of(job: str) -> dict[str, str]:
    """What SLURM knows of a job: JobState, Restarts, ..."""
    return dict(re.findall(r"(\w+)=(\S*)", ask("scontrol", "show", "job", "--oneliner", job)))
