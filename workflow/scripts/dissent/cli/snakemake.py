"""`snakemake` as people type it: a target behind `--resources gpu=2` is a target, and the lock of a killed one goes.

Snakemake's own parser takes every word behind `--resources` or `--config` for a NAME=VALUE and ends in a traceback
where it is none; and its lock outlives a kill (runtime/owners.py). This is installed as `snakemake` over Snakemake's, which
it calls; `python -m snakemake` is the plain one.
"""

import contextlib
import functools
import inspect
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from dissent.cli.console import closing, words_with_console
from dissent.cli.workflow import has_workflow
from dissent.runtime.owners import clear, noted

# options that take any number of NAME=VALUE
_LISTS = {
    "--resources",
    "--res",
    "--config",
    "-C",
    "--set-threads",
    "--set-resources",
    "--default-resources",
    "--default-res",
}


_ELSEWHERE = (
    "`dissent workflow .` puts the rules into this folder; where a folder has them already, go there with `cd` first"
)


def targets_first(words: Sequence[str]) -> list[str]:
    """The words of a command line with the targets that stand behind such an option moved to its front."""
    targets: list[str] = []
    others: list[str] = []
    inside = False
    for position, word in enumerate(words):
        if word == "--":
            others += words[position:]
            break
        if word.startswith("-"):
            inside = word.split("=", 1)[0] in _LISTS
            others.append(word)
        else:
            (targets if inside and not re.match(r"[\w:]+=", word) else others).append(word)
    return targets + others


def watch_locks() -> bool:
    """Have Snakemake's lock cleared and noted by this process; False where this Snakemake is built otherwise."""
    try:
        from snakemake.exceptions import LockException
        from snakemake.persistence.file import FilePersistence
    except ImportError:
        return False
    plain = FilePersistence.lock
    if not inspect.isgeneratorfunction(inspect.unwrap(plain)):
        return False
    FilePersistence.lock = _watched(plain, LockException)
    return True


def _watched(plain: Callable, refused: type[Exception]) -> Callable:
    @functools.wraps(plain)
    @contextlib.contextmanager
    def lock(persistence: Any) -> Iterator[None]:
        locks = Path(persistence._lockdir)
        # jobs that a dead Snakemake submitted elsewhere may be at work still
        here = bool(getattr(getattr(persistence.dag, "workflow", None), "local_exec", False))
        why = clear(locks)
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(plain(persistence))
            except refused:
                print(why, file=sys.stderr)
                raise
            stack.enter_context(noted(locks, [Path(path) for path in persistence._lockfile.values()], here))
            yield

    return lock


def main() -> None:
    """Snakemake's `main` on the words in the order that its parser understands, shown by our console."""
    from snakemake.cli import main as snakemake

    watch_locks()
    sys.argv[1:] = words_with_console(targets_first(sys.argv[1:]))
    try:
        snakemake()
    except SystemExit as end:
        told = any(word.startswith(("-s", "--snakefile")) for word in sys.argv[1:])
        if end.code and not told and not has_workflow(Path()):
            print(_ELSEWHERE, file=sys.stderr)
        closing(end.code if isinstance(end.code, int) else int(bool(end.code)))
        raise
