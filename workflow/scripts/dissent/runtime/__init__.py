"""What stands around every job: its log, plain errors, signals, one starter at a time, what it cost. No torch.

Exit codes: 0 done; 1 our bug (traceback); 2 the user's mistake or a full disk (plain message); 75 (EX_TEMPFAIL)
interrupted, and the same command goes on from there, which is what a cluster's requeue rule may ask for.
"""

import contextlib
import logging
import os
import socket
import sys
import time
import traceback
from collections.abc import Iterator

from dissent.core import disk
from dissent.core.files import UserError
from dissent.core.rebuild_hint import use_settings
from dissent.runtime.cost import Cost, cost
from dissent.runtime.hush import hushed
from dissent.runtime.locks import Lock, hold
from dissent.runtime.logs import DONE, teed
from dissent.runtime.parents import follow_parents
from dissent.runtime.signals import Interrupted, Stop, interruptible, signalled

__all__ = [
    "AtOnce",
    "Cost",
    "Interrupted",
    "Lock",
    "Stop",
    "cost",
    "events_of",
    "follow_parents",
    "hold",
    "job",
    "signalled",
]

logger = logging.getLogger("dissent")


class AtOnce(Exception):
    """There is nothing to do, and the message says why: raised inside a job, it is done."""


@contextlib.contextmanager
def job(snakemake) -> Iterator[None]:
    """Run a rule script's work: logged in `snakemake.log[0]`, ended with Snakemake, its errors turned into exit codes.

    UserError and a disk that is full or may not be written print `error: ...` and exit 2, Interrupted 75, Ctrl-C 130; any other exception keeps its
    traceback, in the log too (exit 1). SIGTERM, SIGHUP and SIGUSR1 raise Interrupted unless `signalled` takes them. AtOnce ends it well.
    """
    use_settings(snakemake.config.get("config_dir", "config"))
    with teed(next(iter(snakemake.log), None)) as log, interruptible():
        words = [snakemake.rule, *(f"{name}={value}" for name, value in snakemake.wildcards.items())]
        start = time.strftime("%Y-%m-%d %H:%M:%S")
        print(f"{' '.join(words)} (process {os.getpid()} on {socket.gethostname()}, {start})", file=sys.stderr)
        stop_following = follow_parents()
        try:
            try:
                yield
            except AtOnce as why:
                logger.info("nothing to do: %s", why)
            log.write(f"{DONE}\n")
        except UserError as error:
            _leave(2, f"error: {error}")
        except Interrupted as error:
            _leave(os.EX_TEMPFAIL, f"interrupted: {error}; the same command resumes")
        except KeyboardInterrupt:
            _leave(130, "stopped by Ctrl-C; the same command does this job again")
        except Exception as error:
            refusal = disk.refusal(error, error.filename or os.getcwd()) if isinstance(error, OSError) else ""
            if refusal:
                _leave(2, f"error: {refusal}")
            log.write(traceback.format_exc())  # Python prints it on the terminal once we are out
            if hushed():
                raise SystemExit(1) from None
            raise
        finally:
            stop_following()


def events_of(snakemake) -> str | None:
    """The folder for the TensorBoard event files of a training: its log without `.log`; None where none are asked for."""
    return snakemake.log[0].removesuffix(".log") if snakemake.resources.get("tensorboard") else None


def _leave(code: int, message: str) -> None:
    print(message, file=sys.stderr)
    raise SystemExit(code) from None
