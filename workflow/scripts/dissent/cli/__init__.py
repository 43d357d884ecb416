"""The command line: `dissent COMMAND`, a module for each. `predict`, `drafts`, `next` and `export` alone import torch, when they start.

Exit codes: 0 all is well; 1 `check` or `verify` found something, an exported file differs, or `import` refused some masks; 2 an error that
the user can mend; 3 `predict` could not read some of the images; 75 stopped by a signal, 130 by Ctrl-C.
"""

import argparse
import logging
import os
import sys
from collections.abc import Sequence

from dissent.cli import check, drafts, estimate, export, imports, init, next, predict, report, status, verify, workflow
from dissent.cli.text import filled
from dissent.core.files import UserError
from dissent.runtime.signals import Interrupted, interruptible

COMMANDS = {
    "init": init,
    "check": check,
    "estimate": estimate,
    "status": status,
    "report": report,
    "predict": predict,
    "next": next,
    "drafts": drafts,
    "import": imports,
    "export": export,
    "verify": verify,
    "workflow": workflow,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code. Mistakes of the user are told in plain words, without a traceback."""
    args = parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        with interruptible():
            code = COMMANDS[args.command].run(args)
        sys.stdout.flush()
        return code
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
    except BrokenPipeError:  # `dissent verify | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        print(f"error: {error.filename or os.getcwd()}: {error.strerror or error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("stopped by Ctrl-C; files that were written are whole", file=sys.stderr)
        return 130
    except Interrupted as error:
        print(f"{error}; files that were written are whole", file=sys.stderr)
        return os.EX_TEMPFAIL
    return 2


def parser() -> argparse.ArgumentParser:
    """All commands with their arguments."""
    whole = argparse.ArgumentParser(
        prog="dissent",
        description="Segment images with few labels: generations of pseudo-labels, filtered by their teachers' disagreement.",
        epilog="Training itself is `snakemake --cores 2 results/EXPERIMENT/report.html`; see README.md and docs/how-to/own_data.md.",
    )
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        summary = (command.__doc__ or "").split("\n", 1)[0]
        one = commands.add_parser(
            name,
            help=summary[:1].lower() + summary[1:].rstrip("."),
            description=filled(command.__doc__ or ""),
            epilog=command.EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_arguments(one)
    return whole
