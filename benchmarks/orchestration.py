"""What Snakemake and our own bookkeeping add to a run: wall time outside jobs and their imports.

    python benchmarks/orchestration.py [--steps 300]

Runs one generation of demo_14 without its controls, one job at a time, and joins the spans from each job's start to its end as Snakemake
recorded them (one record an output): Python's start, imports, and the work. The rest is orchestration: planning, choosing jobs, checksums, waiting.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import ROOT, Line, tell


def covered(spans: list[tuple[float, float]]) -> float:
    """Seconds in which at least one of the spans (begin, end), sorted, runs: a job has a record for each of its outputs."""
    total, until = 0.0, 0.0
    for begin, end in spans:
        total += max(0.0, end - max(begin, until))
        until = max(until, end)
    return total


def main() -> None:
    """Print the line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=300)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for kind in ("experiments", "networks"):
            Path("mine", kind).mkdir(parents=True)
        Path("workflow").symlink_to(ROOT / "workflow")
        network = (ROOT / "config/networks/unet1x1_demo.yaml").read_text()
        Path("mine/networks/unet1x1_demo.yaml").write_text(
            re.sub(r"steps: \d+", f"steps: {args.steps}", network, count=1)
        )
        text = (ROOT / "config/experiments/demo_14.yaml").read_text()
        text = re.sub("controls: .*", "controls: []", text)
        Path("mine/experiments/demo_14.yaml").write_text(re.sub("generations: .*", "generations: 1", text))
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--cores", "1"]
        start = time.perf_counter()
        done = subprocess.run(
            [*command, "results/demo_14/report.html", "--config", "config_dir=mine"], capture_output=True, text=True
        )
        wall = time.perf_counter() - start
        if done.returncode:
            raise SystemExit(done.stdout[-1000:] + done.stderr[-3000:])
        records = [json.loads(path.read_text()) for path in Path(".snakemake/metadata").rglob("*") if path.is_file()]
        spans = sorted((record["starttime"], record["endtime"]) for record in records)
        os.chdir("/")
    inside = covered(spans)
    share = 100 * (wall - inside) / wall
    print(f"{wall:.1f} s, in {inside:.1f} s of which a job ran ({len(spans)} outputs)")
    tell(
        Line(
            "orchestration: wall time outside jobs and imports",
            "%",
            [share],
            [],
            "< 5 %",
            share < 5,
            "python benchmarks/orchestration.py",
        )
    )


if __name__ == "__main__":
    sys.exit(main())
