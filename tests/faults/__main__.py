"""Inject every fault and print one table: `make faults [SEED=3] [ONLY=A1:17]`.

python -m faults [--seed N] [--only CLASS[:NUMBER] ...] [--jobs N] [--verbose]
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from pathlib import Path

from faults.registry import CLASSES
from faults.suite import NOT_INJECTED, Result, perform

BAD = ("silent", "lost", "unnamed")


def main() -> int:
    """Run what is asked for; 1 if anything was silent, lost, or refused without a cause."""
    args = _arguments()
    chosen = [name for name in _names(args.seed) if _wanted(name, args.only)]
    if not chosen:
        print(f"there is no injection {' '.join(args.only)}; classes are {', '.join(CLASSES)}", file=sys.stderr)
        return 2
    folder = Path(tempfile.mkdtemp(prefix="faults-"))
    os.environ |= {"FAULTS_FOLDER": str(folder), "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    start = time.monotonic()
    try:
        results = _perform_all(chosen, args, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"\nseed {args.seed}, {len(results)} injections in {(time.monotonic() - start) / 60:.1f} minutes\n")
    print(table(results))
    return report(results, args.seed)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m faults", description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1, help="other seeds: other files, places and moments")
    parser.add_argument("--only", nargs="*", default=[], metavar="CLASS[:NUMBER]", help="some of them, as A1:17")
    parser.add_argument("--jobs", type=int, default=2, help="at a time (2)")
    parser.add_argument("--verbose", action="store_true", help="tell how each one ended, and how long it took")
    return parser.parse_args()


def _names(seed: int) -> list[str]:
    return [f"{key}:{number}" for key, listed in CLASSES.items() for number in range(1, len(listed(seed)) + 1)]


def _wanted(name: str, only: list[str]) -> bool:
    return not only or name in only or name.split(":")[0] in only


def one(name: str, seed: int, folder: str) -> tuple[Result, float]:
    """Run the injection of this name; with the seconds that it took."""
    key, number = name.split(":")
    start = time.monotonic()
    return perform(name, CLASSES[key](seed)[int(number) - 1], Path(folder)), time.monotonic() - start


def _perform_all(chosen: list[str], args: argparse.Namespace, folder: Path) -> list[Result]:
    results: list[Result] = []
    with ProcessPoolExecutor(args.jobs) as workers:
        jobs: dict[Future, str] = {workers.submit(one, name, args.seed, str(folder)): name for name in chosen}
        for job in as_completed(jobs):
            try:
                result, seconds = job.result()
            except Exception as error:  # the process that injected it died, which no fault may bring about
                result, seconds = Result(jobs[job], "", "unnamed", f"the process died: {error}"), 0.0
            results.append(result)
            if args.verbose or result.how in (*BAD, NOT_INJECTED):
                print(f"{result.name:8} {seconds:6.1f} s  {result.how:12}  {result.title}", flush=True)
                if result.how in BAD:
                    why = result.why if args.only else result.why[-300:]
                    print("         " + why.replace("\n", "\n         "), flush=True)
    return results


def table(results: list[Result]) -> str:
    """The table of docs/explanation/reliability.md, in Markdown."""
    lines = [
        "| class | injected | survived or refused with a named cause | silent | lost | nothing to harm |",
        "|---|---|---|---|---|---|",
    ]
    for key in CLASSES:
        ends = Counter(result.how for result in results if result.name.split(":")[0] == key)
        if ends:
            lines.append(_line(key, ends))
    return "\n".join([*lines, _line("all", Counter(result.how for result in results))])


def _line(key: str, ends: Counter) -> str:
    injected = sum(ends.values()) - ends[NOT_INJECTED]
    good = injected - sum(ends[how] for how in BAD)
    return f"| {key} | {injected} | {good} | {ends['silent']} | {ends['lost']} | {ends[NOT_INJECTED]} |"


def report(results: list[Result], seed: int) -> int:
    """List what went wrong, each with the command that does it again; the last line has the two numbers."""
    ends = Counter(result.how for result in results)
    for how in BAD:
        if ends[how]:
            print(f"\n{how}:")
        for result in sorted(one for one in results if one.how == how):
            print(f"  make faults SEED={seed} ONLY={result.name}   {result.title}")
    if ends["unnamed"]:
        print(f"\n{ends['unnamed']} ended without a named cause")
    print(f"\nsilent {ends['silent']}, lost {ends['lost']}")
    return int(any(ends[how] for how in BAD))


if __name__ == "__main__":
    sys.exit(main())
