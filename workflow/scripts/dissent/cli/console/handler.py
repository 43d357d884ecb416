"""The logger plugin: Snakemake's events in, lines for a person out."""

import logging
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import Any, ClassVar

from snakemake.logging import ColorizingTextHandler, DefaultFilter, DefaultFormatter
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent
from tqdm import tqdm

from dissent.cli.console.ending import ending
from dissent.cli.console.left import Left
from dissent.cli.console.lines import called, error_lines, finished_line
from dissent.cli.text import duration
from dissent.runtime.hush import hush

_SHOWN = ("Nothing to be done", "Trying to restart", "Will exit after", "Terminating processes", "Job rate limit")
"""what Snakemake says during a run, and a person shall see"""
_PREPARING = (
    "Assuming unrestricted shared",
    "Building DAG",
    "Config file",
    "Using shell",
    "Group jobs",
    "Conda environments",
    "Singularity",
    "host:",
    "Determining filesystem",
)
"""what it says before every run; what else it says there is the answer to a command such as --unlock"""
_TOLD_BETTER = (
    "CalledProcessError in file",
    "Exiting because a job execution failed",
    "At least one job did not complete",
    "Shutting down",
    "Error in rule",
    "Error in group",
)
_EVERY = 2.0  # seconds between two looks at the bar


@dataclass
class _Seen:
    """A job as Snakemake tells of it."""

    rule: str
    wildcards: dict[str, str]
    output: list[str]
    log: list[str]
    started: float = field(default_factory=time.time)


class LogHandler(LogHandlerBase):
    """Shows a run, or hands all over to Snakemake's own handler where a person asks for that."""

    at_work: ClassVar["LogHandler | None"] = None
    """the one that shows this process's run, once it has jobs"""

    def __post_init__(self) -> None:
        asked = self.common_settings
        self._jobs: dict[Any, _Seen] = {}
        self._running: dict[Any, _Seen] = {}
        self._told: set[Any] = set()
        self._done = self._total = 0
        self._left: Left | None = None
        self._bar: tqdm | None = None
        self._guard = threading.RLock()
        self._ended = threading.Event()
        self._begun = time.time()
        self._own: logging.Handler | None = None
        if asked.dryrun or asked.verbose or asked.quiet or asked.printshellcmds or asked.debug_dag:
            self._own = ColorizingTextHandler(asked.nocolor, sys.stdout if asked.stdout else sys.stderr)
            self._own.setFormatter(DefaultFormatter(asked.quiet, asked.show_failed_logs))
            self._own.addFilter(
                DefaultFilter(asked.quiet, asked.debug_dag, asked.verbose, asked.dryrun, asked.printshellcmds)
            )

    @property
    def writes_to_stream(self) -> bool:
        """Yes: Snakemake sets up no handler of its own."""
        return True

    @property
    def writes_to_file(self) -> bool:
        """No."""
        return False

    @property
    def has_filter(self) -> bool:
        """It chooses by itself."""
        return True

    @property
    def has_formatter(self) -> bool:
        """It writes by itself."""
        return True

    @property
    def needs_rulegraph(self) -> bool:
        """No."""
        return False

    def emit(self, record: logging.LogRecord) -> None:
        """Show what a record tells."""
        if self._own is not None:
            if self._own.filter(record):
                self._own.emit(record)
            return
        try:
            with self._guard:
                self._show(record)
        except Exception:
            self.handleError(record)

    def _show(self, record: logging.LogRecord) -> None:
        told = vars(record)
        match getattr(record, "event", None):
            case LogEvent.RUN_INFO:
                self._begin(told["stats"])
            case LogEvent.JOB_INFO:
                seen = _Seen(told["rule_name"], dict(told["wildcards"] or {}), list(told["output"]), list(told["log"]))
                self._jobs[told["jobid"]] = self._running[told["jobid"]] = seen
                if self._left is not None:
                    self._left.began(seen.rule, seen.wildcards, seen.log)
                self._draw()
            case LogEvent.JOB_FINISHED:
                self._finish(told["job_id"])
            case LogEvent.JOB_ERROR:
                self._fail(told["jobid"], told)
            case LogEvent.GROUP_ERROR:
                for one in told["job_error_info"]:
                    self._fail(one["jobid"], one | {"log": [*one["log"], *told["aux_logs"]]})
            case LogEvent.PROGRESS:
                self._done, self._total = told["done"], told["total"]
                self._draw()
            case None | LogEvent.ERROR:
                text = record.getMessage()
                shown = text.startswith(_SHOWN) if self._total else not text.startswith(_PREPARING)
                if (shown or record.levelno >= logging.WARNING) and not any(words in text for words in _TOLD_BETTER):
                    self._say(text)
                if text.startswith("Nothing to be done"):
                    LogHandler.at_work = self

    def _begin(self, stats: dict[str, int]) -> None:
        if self._total:
            return
        hush()
        LogHandler.at_work = self
        self._total = int(stats["total"])
        self._left = Left(sys.argv[1:], stats)
        told = [f"{self._total} job{'s' * (self._total > 1)}", self._left.words()]
        self._say(f"{', '.join(filter(None, told))}; Ctrl-C stops, and the same command goes on")
        if sys.stderr.isatty():
            self._bar = tqdm(total=1.0, bar_format="{bar:30} {desc}", leave=False, dynamic_ncols=True)
            threading.Thread(target=self._watch, name="console", daemon=True).start()
        self._draw()

    def _finish(self, jobid: Any) -> None:
        seen = self._running.pop(jobid, None)
        if seen is None:
            return
        self._done += 1
        if self._left is not None:
            self._left.finished(seen.rule, seen.wildcards)
        took = time.time() - seen.started
        line = finished_line(seen.rule, seen.wildcards, seen.output, took)
        rest = f"{self._done} of {self._total}"
        if self._bar is None and self._left is not None and self._done < self._total:
            rest += f", {self._left.words()}"
        self._say(f"{line}  ({rest})")
        self._draw()

    def _fail(self, jobid: Any, told: dict) -> None:
        seen = self._running.pop(jobid, None) or self._jobs.get(jobid)
        if jobid in self._told:
            return
        self._told.add(jobid)
        name = called(seen.rule, seen.wildcards) if seen else told["rule_name"]
        since = f" after {duration(time.time() - seen.started)}" if seen else ""
        self._say("\n".join([f"{_now()}  failed: {name}{since}", *error_lines(list(told.get("log") or []))]))

    def _say(self, text: str) -> None:
        if self._bar is not None:
            tqdm.write(text, file=sys.stderr)
        else:
            print(text, file=sys.stderr, flush=True)

    def _draw(self) -> None:
        if self._bar is None or self._left is None:
            return
        names = [called(one.rule, one.wildcards) for one in self._running.values()]
        now = f"{', '.join(names[:2])}{f' and {len(names) - 2} more' if len(names) > 2 else ''}"
        told = (f"{self._done} of {self._total} jobs", self._left.words(), now)
        self._bar.n = self._left.share()
        self._bar.set_description_str("; ".join(filter(None, told)), refresh=True)

    def _watch(self) -> None:
        while not self._ended.wait(_EVERY):
            with self._guard:
                self._draw()

    @classmethod
    def close_all(cls, code: int) -> None:
        """Take the bar away, and say how the run ended."""
        self, cls.at_work = cls.at_work, None
        if self is None:
            return
        self._ended.set()
        with self._guard:
            if self._bar is not None:
                self._bar.close()
                self._bar = None
            if words := ending(sys.argv[1:], code, self._done, self._total, time.time() - self._begun):
                self._say(words)


def _now() -> str:
    return time.strftime("%H:%M")
