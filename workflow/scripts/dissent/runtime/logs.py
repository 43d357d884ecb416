"""A job's words, on the terminal and in its log file alike."""

import contextlib
import faulthandler
import io
import logging
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from dissent.runtime.hush import hushed

DONE = "done"  # the last line of a log whose job ended well


class Log:
    """A log file of whole lines; a disk that is full, gone or read-only costs the log, never the job."""

    def __init__(self, path: str | Path | None):
        self.file: io.TextIOWrapper | None = None
        if path is None:
            return
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            # append: another start of the same job may still hold the file open
            self.file = open(path, "a", buffering=1, encoding="utf-8", errors="backslashreplace")  # noqa: SIM115
        except OSError as error:
            _without(path, error)

    def write(self, text: str) -> None:
        """Append text."""
        try:
            if self.file:
                self.file.write(text)
        except OSError as error:
            name, self.file = getattr(self.file, "name", ""), None
            _without(name, error)

    def close(self) -> None:
        """Close the file."""
        with contextlib.suppress(OSError):
            if self.file:
                self.file.close()


def _without(path: str | Path, error: OSError) -> None:
    print(f"warning: {path} cannot be written ({error.strerror}); the job goes on without a log", file=sys.stderr)


class Nowhere(io.TextIOBase):
    """A terminal that nobody looks at."""

    def write(self, text: str) -> int:
        """Nothing is shown."""
        return len(text)

    def fileno(self) -> int:
        """The terminal's: who asks for a file gets the one there is."""
        return sys.__stderr__.fileno() if sys.__stderr__ else 2


class Tee(io.TextIOBase):
    """A stream that shows text on a terminal at once and writes whole lines to a log: of a progress bar the end."""

    def __init__(self, terminal: TextIO | io.TextIOBase, log: Log):
        self.terminal, self.log, self.line = terminal, log, ""
        self.guard = threading.RLock()

    def write(self, text: str) -> int:
        """Show and keep `text`."""
        with self.guard:
            # whoever read the terminal's pipe may have died; that must not cost a checkpoint
            with contextlib.suppress(OSError, ValueError):
                self.terminal.write(text)
                self.terminal.flush()
            *lines, self.line = (_last_state(line) for line in (self.line + text).split("\n"))
            for line in lines:
                self.log.write(line.rstrip("\r") + "\n")
        return len(text)

    def flush(self) -> None:
        """Nothing waits: every write is shown at once."""

    def finish(self) -> None:
        """Write what stands after the last newline."""
        if self.line.strip():
            self.write("\n")

    def isatty(self) -> bool:
        """Whether a person watches."""
        return self.terminal.isatty()

    def fileno(self) -> int:
        """The terminal's."""
        return self.terminal.fileno()

    def writable(self) -> bool:
        """Yes."""
        return True

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The terminal's, which progress bars ask for."""
        return getattr(self.terminal, "encoding", None) or "utf-8"


def _last_state(line: str) -> str:
    """What a terminal shows of a line redrawn with carriage returns; one at the end stays, as a newline may follow."""
    return line[line.rstrip("\r").rfind("\r") + 1 :]


class _Plain(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        level = f"{record.levelname.lower()}: " if record.levelno >= logging.WARNING else ""
        return f"{self.formatTime(record, '%H:%M:%S')} {level}{super().format(record)}"


@contextlib.contextmanager
def teed(path: str | Path | None) -> Iterator[Log]:
    """Send stdout, stderr and `logging` (library: INFO, others: WARNING) to the terminal's stderr and to `path`.

    To `path` alone where a console tells of the job.
    """
    log = Log(path)
    terminal = Nowhere() if log.file and hushed() else sys.stderr
    out, err = Tee(terminal, log), Tee(terminal, log)
    handler = logging.StreamHandler(err)
    handler.setFormatter(_Plain())
    root, ours = logging.getLogger(), logging.getLogger("dissent")
    before = root.handlers[:], ours.level
    root.handlers[:] = [handler]
    ours.setLevel(logging.INFO)
    crashes = None if faulthandler.is_enabled() else log.file
    if crashes:
        faulthandler.enable(crashes)  # a segfault in a native library is then explained in the log
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                yield log
            finally:
                out.finish()
                err.finish()
    finally:
        root.handlers[:] = before[0]
        ours.setLevel(before[1])
        if crashes:
            faulthandler.disable()
        log.close()
