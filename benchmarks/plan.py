"""Planning: dry runs of the shipped experiments, of thousands of jobs, and of ten million images in shards.

    python benchmarks/plan.py [--repeats 3]

Each plan is made by `snakemake --dry-run` in an empty folder with tables that were made up; the baseline is a Snakefile of one rule,
that is what Snakemake's own start costs. Memory is the peak of the whole process.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import ROOT, Line, in_turns, tell

EMPTY = "rule all:\n    output: 'x'\n    shell: 'touch x'\n"
MANY = """dataset: nuclei
split: few
network: unet1x1_demo
method: im_clean
generations: {generations}
students: {pool}
shards: {shards}
"""


def main() -> None:
    """Print the lines."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    command = "python benchmarks/plan.py"
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        Path("Empty").write_text(EMPTY)
        Path("mine/experiments").mkdir(parents=True)
        Path("mine/experiments/many.yaml").write_text(MANY.format(generations=49, pool=95, shards=1))
        Path("mine/experiments/shards.yaml").write_text(MANY.format(generations=1, pool=2, shards=1000))
        names = sorted(path.stem for path in (ROOT / "config/experiments").glob("*.yaml"))
        slowest = max(names, key=lambda name: planned(name)[0])
        for what, run, limit in (
            (f"plan of {slowest}, the slowest shipped experiment", slowest, 3),
            ("plan of 5,000 jobs (50 generations of 95 students)", "many", 20),
            ("plan of 1,000 shards (10^7 images of 10,000 a shard), 2 generations", "shards", 60),
        ):
            last = next(g for r, g in (("many", 49), ("shards", 1), (run, None)) if r == run)
            target = f"results/{run}/report.html" if last is None else f"results/{run}/gen{last}/metrics.json"
            base, ours = in_turns(args.repeats, lambda: timed("--snakefile", "Empty", "all"), lambda t=target: plan(t))
            tell(Line(what, "s", ours, base, f"< {limit} s", statistics.median(ours) < limit, command))
        os.chdir("/")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"peak memory of the largest plan: {peak:.0f} MB")


def planned(name: str) -> tuple[float, str]:
    """Seconds of a shipped experiment's plan, and its name."""
    return plan(f"results/{name}/report.html"), name


def plan(target: str) -> float:
    """Seconds of a dry run of the workflow."""
    return timed("--snakefile", str(ROOT / "Snakefile"), "--config", "config_dir=mine", "--", target)


def timed(*arguments: str) -> float:
    """Seconds of `snakemake --dry-run`."""
    start = time.perf_counter()
    words = [sys.executable, "-m", "snakemake", "--cores", "2", "--dry-run", "--quiet", "all"]
    done = subprocess.run([*words, *arguments], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stdout[-500:] + done.stderr[-2000:])
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
