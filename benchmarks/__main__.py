"""All benchmarks, one table: `make bench` (20 minutes or less on 2 cores), `make bench-full` (100,000 images too).

python benchmarks [--full] [NAME ...]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import HEAD, TABLE, Line

HERE = Path(__file__).parent
SCRIPTS = (
    "consensus",
    "train",
    "tries",
    "label",
    "prepare",
    "plan",
    "startup",
    "orchestration",
    "memory",
    "predict",
    "browse",
)
FULL = {"memory": ("--sizes", "1000", "10000", "100000"), "browse": ("--sizes", "1000", "10000")}


def main() -> int:
    """Run the scripts one after the other; 1 if one failed. A goal that is not met is told, not an error."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of {', '.join(SCRIPTS)}; all unless given")
    parser.add_argument("--full", action="store_true", help="with the sizes that take an hour and 40 GB of disk")
    args = parser.parse_args()
    if unknown := set(args.names) - set(SCRIPTS):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(SCRIPTS)}")
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder, "lines.jsonl")
        for name in args.names or SCRIPTS:
            start = time.monotonic()
            more = FULL.get(name, ()) if args.full else ()
            print(f"== {name}", flush=True)
            done = subprocess.run(
                [sys.executable, str(HERE / f"{name}.py"), *more], env=os.environ | {TABLE: str(table)}
            )
            print(f"== {name}: {time.monotonic() - start:.0f} s\n", flush=True)
            failed += [name] if done.returncode else []
        lines = table.read_text("utf-8").splitlines() if table.exists() else []
        print(HEAD)
        for line in lines:
            print(Line(**json.loads(line)).markdown())
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
