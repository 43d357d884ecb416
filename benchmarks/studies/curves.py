"""Store what `generations: auto` would have seen of runs that were made to the end, as tests/evaluation/stored_curves.npz.

    python benchmarks/studies/curves.py tests/evaluation/stored_curves.npz RUN [RUN ...]

RUN: a name in results/, of a task with one label. Of each generation: `RUN/val/g`, the validation counts (S, N, 1, 4), and `RUN/test/g`,
the mean test IoU of its pool, by which tests judge what the rule keeps.
"""

import argparse
import io
from pathlib import Path

import numpy as np

from dissent.core.files import read_json, write_atomic
from dissent.evaluation.bootstrap import pool_counts


def main() -> None:
    """Read the runs, write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out")
    parser.add_argument("runs", nargs="+", metavar="RUN")
    args = parser.parse_args()
    stored = {}
    for run in args.runs:
        for g in range(len(list(Path("results", run).glob("gen*/metrics.json")))):
            here = Path("results", run, f"gen{g}")
            stored[f"{run}/val/{g}"] = pool_counts(here / "counts.csv", "val").counts_SNL4.astype(np.int32)
            stored[f"{run}/test/{g}"] = np.array(read_json(here / "metrics.json")["test"]["pool"]["iou"]["mean"])
    stream = io.BytesIO()
    np.savez_compressed(stream, **stored)
    write_atomic(args.out, stream.getvalue())


if __name__ == "__main__":
    main()
