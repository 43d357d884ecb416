"""What is exported: a generation, and the tables that its jobs noted as read."""

import logging
import os
from dataclasses import dataclass, field
from pathlib import Path

from dissent.core.columns import SUBSETS
from dissent.core.files import UserError, read_json
from dissent.report.kept import to_use
from dissent.report.run_results import Generation

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Source:
    """A generation's folder and the tables of its split that are here."""

    folder: Path
    tables: dict[str, Path] = field(default_factory=dict)
    """subset of the split -> its table"""

    @property
    def tells(self) -> Generation:
        """Its tables."""
        return Generation(self.folder)

    @property
    def masks(self) -> list[dict]:
        """The pseudo-labels from which its students learned; UserError where there are none."""
        if not (self.folder / "masks.csv").is_file():
            raise UserError(
                f"{self.folder} has no masks.csv: its students learned from given labels alone; name a generation that has "
                "pseudo-labels, e.g. gen1"
            )
        return self.tells.masks


def source_of(where: Path) -> Source:
    """The generation at `where`, or the one of a run there that its verdict keeps."""
    kept, why = to_use(where)
    if kept is not None:
        log.info("%s is taken: %s", kept, why)
    folder = kept or where
    noted = folder / "costs" / "evaluate.json"
    read = read_json(noted).get("made_from", {}) if noted.is_file() else {}
    tables = {
        subset: path
        for name in read
        if (subset := Path(name).stem) in SUBSETS and (path := Path(os.path.normpath(noted.parent / name))).is_file()
    }
    return Source(folder, tables)
