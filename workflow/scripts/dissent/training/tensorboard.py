"""TensorBoard event files of a training: the rows of its history as they come. An optional package writes them."""

import contextlib
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from dissent.core.files import UserError

log = logging.getLogger(__name__)

Watch = Callable[[Sequence[dict]], None]
"""is told the history of a training so far, whenever rows came to it"""


@contextlib.contextmanager
def event_files(folder: str | Path | None) -> Iterator[Watch]:
    """What writes each row of a history to event files in `folder`, a scalar for each column; without a folder nothing.

    A training that goes on adds a file there. What its last start wrote after its last checkpoint counts no more. UserError where the
    package lacks.
    """
    if folder is None:
        yield lambda history: None
        return
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise UserError(
            "`tensorboard: true` needs the package tensorboard: pip install tensorboard, or take the key out of "
            "`resources` in the network file"
        ) from None
    events = _Events(Path(folder), SummaryWriter)
    yield events.write
    events.close()


class _Events:
    """Event files of one start of a training. A disk that refuses costs them, never the training."""

    def __init__(self, folder: Path, writer: Callable[..., Any]):
        self._folder, self._open = folder, writer
        self._writer: Any = None
        self._written = 0
        self._refused = False

    def write(self, history: Sequence[dict]) -> None:
        """Write the rows that are new."""
        try:
            if not self._refused:
                self._write(history)
        except OSError as error:
            self._refused = True
            log.warning(
                "%s cannot be written (%s); the training goes on without", self._folder, error.strerror or error
            )

    def _write(self, history: Sequence[dict]) -> None:
        if self._writer is None:
            # files of earlier starts have the rows that a checkpoint knows; a folder without files gets those too
            self._written = len(history) if any(self._folder.glob("events.*")) else 0
            after = history[self._written - 1]["step"] if self._written else 0
            self._writer = self._open(str(self._folder), purge_step=after + 1)
        for row in history[self._written :]:
            for name, value in row.items():
                if name != "step" and value is not None:
                    self._writer.add_scalar(name, float(value), row["step"])
        self._written = len(history)
        self._writer.flush()

    def close(self) -> None:
        """End the file."""
        if self._writer is not None:
            with contextlib.suppress(OSError):
                self._writer.close()
