"""The start of a job that needs torch, before it does anything: against `import torch` alone.

    python benchmarks/startup.py [--repeats 3]

Seconds are processor time of a process from its start to its end. `predict` and `train` do what these jobs do before their work;
`train` builds an optimiser, too, for which torch imports its compiler. The last line is `torch.use_deterministic_algorithms`, which
imports it as well; `prepare_process` does without.
"""

import argparse
import os
import sys
from functools import partial

from common import LIBRARY, Line, alone, in_turns, tell

READY = "from dissent.runtime.devices import prepare_process; prepare_process(1); import dissent.steps."
LEARN = "; import torch; torch.optim.AdamW([torch.zeros(1)])"
ENDED = "; import json, time; print(json.dumps(time.process_time()))"
CODE = {
    "import torch": "import torch",
    "predict": f"{READY}predict",
    "train": f"{READY}train{LEARN}",
    "what `torch.use_deterministic_algorithms` would add": "import torch; torch.use_deterministic_algorithms(True)",
}


def seconds(which: str) -> float:
    """Processor time of one start."""
    return float(alone("-c", CODE[which] + ENDED, environment=environment()))


def environment() -> dict[str, str]:
    """One thread, and the library of this checkout."""
    return {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join([str(LIBRARY), os.environ.get("PYTHONPATH", "")])}


def main() -> None:
    """Print the lines."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    bare, *ours = in_turns(parser.parse_args().repeats, *(partial(seconds, which) for which in CODE))
    for which, taken in zip(list(CODE)[1:], ours, strict=True):
        what = f"start of a job that needs torch: {which}, against `import torch`"
        tell(Line(what, "CPU s", taken, bare, "", None, "python benchmarks/startup.py"))


if __name__ == "__main__":
    sys.exit(main())
