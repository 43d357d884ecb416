"""The further processes of a training on several cards: `python -m dissent.steps.train_beside JSON`, started by the first one."""

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import IO

import torch

from dissent.core.files import UserError, read_json, write_json
from dissent.runtime import follow_parents
from dissent.runtime.devices import VISIBLE, prepare_process
from dissent.training.together import joined


@contextlib.contextmanager
def beside(cards: int, device: str, given: dict) -> Iterator[None]:
    """Inside, `cards` processes are one group, of which this is the first; the others do train_student(**given) each."""
    visible = os.environ.get(VISIBLE, "").split(",")
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as logs:
        meeting = f"{folder}/meeting"
        others: dict[subprocess.Popen, IO[bytes]] = {}
        for rank in range(1, cards):
            told = {
                "rank": rank,
                "cards": cards,
                "meeting": meeting,
                "given": given,
                "threads": torch.get_num_threads(),
            }
            write_json(f"{folder}/{rank}.json", told)
            environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
            if device == "cuda":
                environment[VISIBLE] = visible[rank]
            command = [sys.executable, "-m", __name__, f"{folder}/{rank}.json"]
            log = logs.enter_context(tempfile.TemporaryFile(dir=folder))
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
            others[process] = log
        try:
            with joined(0, cards, meeting, device):
                yield
            for other in others:
                other.wait(60)
        except Exception as error:
            raise _cause(others, error) from error
        finally:
            for other in others:
                other.kill()
                other.wait()


def _cause(others: dict[subprocess.Popen, IO[bytes]], error: Exception) -> Exception:
    """The error itself, or that of another process which ended first and so took this one along."""
    if isinstance(error, UserError):
        return error
    for rank, (other, log) in enumerate(others.items(), 1):
        with contextlib.suppress(subprocess.TimeoutExpired):
            if other.wait(5):
                log.seek(0)
                told = log.read().decode(errors="replace")[-3000:]
                return RuntimeError(
                    f"process {rank} of a training on several cards ended with {other.returncode}:\n{told}"
                )
    return error


def main(path: str) -> None:
    """Take part in the training that the file describes."""
    told = read_json(path)
    given = told["given"]
    follow_parents()
    device = prepare_process(told["threads"], given["device"]).type
    from dissent.steps.train import train_student

    with joined(told["rank"], told["cards"], told["meeting"], device):
        train_student(**given)


if __name__ == "__main__":
    main(sys.argv[1])
