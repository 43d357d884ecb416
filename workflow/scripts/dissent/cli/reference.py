"""docs/reference/cli.md, written from the parsers: `python -m dissent.cli.reference > docs/reference/cli.md`."""

import argparse
import inspect
from collections.abc import Iterator

from dissent.cli import COMMANDS, parser

_HEAD = """# Command line

`dissent` looks at data before a run and at files after it. Training itself is `snakemake TARGET`.

This page is made from the commands by `python -m dissent.cli.reference > docs/reference/cli.md`. A test compares. `dissent COMMAND --help`
prints the same.
"""
_CODES = """## Exit codes

| code | meaning |
|---|---|
| 0 | all is well |
| 1 | `check` or `verify` found something, `init` found that a known data set needs mending, an exported file differs from its networks, or `import` refused some masks |
| 2 | an error that the user can mend; its message names the file, the value and the remedy |
| 3 | `predict` could not read some of the images; the others are done |
| 75 | stopped by a signal |
| 130 | stopped by Ctrl-C |
"""


def render() -> str:
    """The whole page as Markdown."""
    commands = next(one for one in parser()._actions if isinstance(one, argparse._SubParsersAction))
    return "\n".join([_HEAD, *(_command(name, commands.choices[name]) for name in COMMANDS), _CODES])


def _command(name: str, command: argparse.ArgumentParser) -> str:
    """One command: what it does, its arguments, its examples."""
    words = " ".join(_shown(one) for one in command._actions if not one.option_strings)
    lines = [
        f"## dissent {name}",
        "",
        f"`dissent {name} [options] {words}`",
        "",
        inspect.cleandoc(command.description or ""),
        "",
    ]
    lines += ["| argument | values | meaning |", "|---|---|---|", *_rows(command), ""]
    examples = inspect.cleandoc((command.epilog or "").removeprefix("examples:\n"))
    return "\n".join([*lines, "```", examples, "```", ""])


def _rows(command: argparse.ArgumentParser) -> Iterator[str]:
    for one in command._actions:
        if not isinstance(one, argparse._HelpAction):
            meaning = (one.help or "").replace(" (%(default)s)", "")  # a number of this machine
            cells = (f"`{(one.option_strings or [_shown(one)])[-1]}`", _values(one), meaning % vars(one))
            yield f"| {' | '.join(' '.join(cell.replace('|', chr(92) + '|').split()) for cell in cells)} |"


def _shown(one: argparse.Action) -> str:
    """A positional argument as usage lines show it."""
    name = one.metavar or one.dest
    return f"[{name} ...]" if one.nargs == "*" else str(name)


def _values(one: argparse.Action) -> str:
    """What may stand behind an option."""
    if one.choices:
        return ", ".join(f"`{choice}`" for choice in one.choices)
    if not one.option_strings or one.nargs == 0:
        return ""
    names = one.metavar or one.dest.upper()
    told = " ".join(names) if isinstance(names, tuple) else names
    return f"`{told} ...`" if one.nargs == "+" else f"`{told}`"


if __name__ == "__main__":
    print(render(), end="")
