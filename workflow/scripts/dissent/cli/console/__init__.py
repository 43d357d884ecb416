"""What a person sees of a run: a line a job, a bar with the time left, errors with their log, and at the end what to do next.

It is a logger plugin of Snakemake (`snakemake_interface_logger_plugins`), which our `snakemake` registers under the name
`dissent` and asks for. Snakemake's own words stand in `.snakemake/log`, those of jobs in `logs`. With `--verbose`, `-p`,
`--quiet` or in a dry run Snakemake's own output is shown, and always by `python -m snakemake`.
"""

import sys
import types
from collections.abc import Sequence

NAME = "dissent"
_OF_JOBS = ("--target-jobs", "--mode")  # of a Snakemake that another one started


def words_with_console(words: Sequence[str]) -> list[str]:
    """The words of a command line, which ask for this plugin where they ask for no other."""
    if any(word.split("=", 1)[0] in ("--logger", *_OF_JOBS) for word in words) or not register():
        return list(words)
    return [f"--logger={NAME}", *words]


def register() -> bool:
    """Have Snakemake know the plugin; False where this Snakemake has no such plugins."""
    try:
        from snakemake_interface_logger_plugins.registry import LoggerPluginRegistry

        from dissent.cli.console.handler import LogHandler
    except ImportError:
        return False
    plugin = types.ModuleType(f"snakemake_logger_plugin_{NAME}")
    plugin.LogHandler = LogHandler  # type: ignore[attr-defined]
    LoggerPluginRegistry().register_plugin(plugin.__name__, plugin)
    return True


def closing(code: int) -> None:
    """The last words, once Snakemake has ended with this code."""
    handler = sys.modules.get("dissent.cli.console.handler")
    if handler is not None:
        handler.LogHandler.close_all(code)
