"""What the benchmarks share: repeats in turns, one line of the table for each comparison, made-up data.

Every script here measures ours against a baseline in the same run, in turns, and gives the ratio: seconds of one
machine on one day mean little. `python benchmarks/NAME.py` prints its lines; `make bench` runs all and prints one table.
"""

import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = ROOT / "workflow" / "scripts"
sys.path.insert(0, str(LIBRARY))
TABLE = "BENCH_TABLE"
"""name of the environment variable with the file to which lines are appended for `make bench`"""


@dataclass
class Line:
    """One comparison: rates (higher is better) of ours and of the baseline, in turns, and what was aimed at."""

    what: str
    unit: str
    ours: list[float]
    baseline: list[float]
    goal: str
    met: bool | None
    """None: there is no goal, the line is for comparison"""
    command: str

    @property
    def ratio(self) -> float | None:
        """Median of ours / baseline, turn by turn."""
        pairs = zip(self.ours, self.baseline, strict=True)
        return statistics.median(a / b for a, b in pairs) if self.baseline else None

    def markdown(self) -> str:
        """A row of the table."""
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        met = {True: "met", False: "**not met**", None: "-"}[self.met]
        cells = [
            self.what,
            self.unit,
            spread(self.ours),
            spread(self.baseline),
            ratio,
            self.goal,
            met,
            f"`{self.command}`",
        ]
        return f"| {' | '.join(cells)} |"


HEAD = "| what | unit | ours: median (min to max) | baseline | ratio | goal | | command |\n|---|---|---|---|---|---|---|---|"


def spread(values: Sequence[float]) -> str:
    """`median (min to max)`, to three digits."""
    if not values:
        return "-"
    median, low, high = (
        f"{float(f'{value:.3g}'):,.0f}" if value >= 999.5 else f"{value:.3g}"
        for value in (statistics.median(values), min(values), max(values))
    )
    return f"{median} ({low} to {high})"


def tell(line: Line) -> None:
    """Print a line, and hand it to `make bench` if that started us."""
    print(f"{HEAD}\n{line.markdown()}", flush=True)
    if TABLE in os.environ:
        with open(os.environ[TABLE], "a", encoding="utf-8") as table:
            table.write(json.dumps(asdict(line)) + "\n")


def in_turns(repeats: int, *functions: Callable[[], float]) -> list[list[float]]:
    """`repeats` results of each function, called in turns: what disturbs the machine disturbs all of them."""
    results: list[list[float]] = [[] for _ in functions]
    for _ in range(repeats):
        for index, function in enumerate(functions):
            results[index].append(function())
    return results


def rate(work: float, function: Callable[[], object]) -> float:
    """Units of work a second."""
    start = time.perf_counter()
    function()
    return work / (time.perf_counter() - start)


class Peak:
    """Watches this process in a `with` block; `found` is {"private_mb", "seconds"}: the peak of RssAnon, and the time."""

    def __enter__(self) -> "Peak":
        self._kb, self._ended = 0, threading.Event()
        self._start = time.perf_counter()
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.found = {"private_mb": round(self._kb / 1024), "seconds": round(time.perf_counter() - self._start, 1)}

    def _watch(self) -> None:
        while not self._ended.wait(0.05):
            text = Path("/proc/self/status").read_text()
            self._kb = max(self._kb, int(text.split("RssAnon:")[1].split()[0]))


def alone(*arguments: str, environment: dict | None = None, cwd: str | Path | None = None) -> dict:
    """Run a script of this folder as a process of its own, for its allocator and its imports; returns the JSON it ends with."""
    command = [sys.executable, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | (environment or {}), cwd=cwd)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout[-1000:]}{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def made_up(images: int, height: int = 256, width: int = 256, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Images (N, H, W, 3) of bright discs on smooth noise, and their masks (N, H, W) of 0 and 1."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width]
    photos, masks = np.empty((images, height, width, 3), np.uint8), np.zeros((images, height, width), np.uint8)
    for number in range(images):
        coarse = random.integers(40, 120, (height // 16 + 1, width // 16 + 1, 3))
        photo = coarse.repeat(16, 0).repeat(16, 1)[:height, :width] + random.integers(-9, 9, (height, width, 3))
        for _ in range(random.integers(1, 4)):
            row, column, radius = (
                random.integers(height),
                random.integers(width),
                random.integers(height // 16, height // 4),
            )
            inside = np.hypot(rows - row, columns - column) < radius
            masks[number][inside] = 1
            photo[inside] += 90
        photos[number] = photo.clip(0, 255)
    return photos, masks
