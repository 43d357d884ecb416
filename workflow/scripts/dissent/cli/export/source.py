"""What is exported: a generation, and the tables that its jobs noted as read."""

import logging
import os
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from dissent.core.columns import SUBSETS
from dissent.core.files import UserError, read_json
from dissent.core.task import Task
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


def check_labels(source: Source, task: Task, forms: Collection[str]) -> None:
    """UserError where a form of labels is asked for that the generation, or its task, cannot have."""
    if "nnunet" in forms and task.bits:
        raise UserError(
            "labels that overlap have no place in nnU-Net's label maps, one number a pixel; `--as coco` holds them"
        )
    if {"nnunet", "coco"} & set(forms) and not (source.folder / "masks.csv").is_file():
        raise UserError(
            f"{source.folder} has no masks.csv: its students learned from given labels alone. Name a generation that has "
            f"pseudo-labels, e.g. {source.folder.parent / 'gen1'}, or leave `nnunet` and `coco` out of --as; nothing was written"
        )


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
