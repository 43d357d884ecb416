"""`snakemake` as people type it: a target behind `--resources gpu=2` is a target.

Snakemake's own parser takes every word behind `--resources` or `--config` for a NAME=VALUE and ends in a traceback
where it is none. This is installed as `snakemake` over Snakemake's, which it calls; `python -m snakemake` is the plain one.
"""

import re
import sys
from collections.abc import Sequence

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


def main() -> None:
    """Snakemake's `main` on the words in the order that its parser understands."""
    from snakemake.cli import main as snakemake

    sys.argv[1:] = targets_first(sys.argv[1:])
    snakemake()
