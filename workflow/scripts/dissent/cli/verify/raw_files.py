"""Raw files that are not those from which a data set was prepared, as `dissent verify` tells them. No torch."""

from collections.abc import Iterator
from pathlib import Path

from dissent.core.files import UserError, read_json, read_table
from dissent.core.places import SHIPPED
from dissent.datasets.contents import read_again
from dissent.datasets.own_faults import faults
from dissent.datasets.own_masks import OwnMasks, key_of
from dissent.datasets.raw import find_raw
from dissent.datasets.record import NAME, WHY, changes, read_record


def raw_faults(about: Path) -> Iterator[tuple[Path, str, str]]:
    """(file, how, why) of each raw file that differs from raw.csv beside a dataset.json; every byte is read.

    Nothing where the whole raw folder is away: a data set may be used without it.
    """
    try:
        said = read_json(about)
        raw = find_raw(said["raw"]["folder"], SHIPPED)
    except (UserError, KeyError, TypeError):  # damaged, which is told, or older than the record
        return
    if not raw.is_dir() or not (about.parent / NAME).is_file():
        return
    try:
        for change in changes(about.parent, raw):
            yield raw / change.path, change.how, WHY[change.how]
        if "own_masks" in said:
            sources = [row["source"] for row in read_table(about.parent / "files.csv", ("source",))]
            images = {key_of(one): raw / one for one in sources if (raw / one).is_file()}
            yield from faults(OwnMasks(Path(said["own_masks"])), raw, images)
    except (UserError, KeyError):
        yield about.parent / NAME, "damaged", "is no readable record of raw files"


def teacher_faults(about: Path) -> Iterator[tuple[Path, str, str]]:
    """As `raw_faults`, of the masks of a teacher from outside: those that the JSON beside its table names."""
    try:
        said = read_json(about)
        folder, sources = Path(said["folder"]), said["sources"]
    except (UserError, KeyError, TypeError):
        return
    if not folder.is_dir():
        return
    found, rotten = read_again(folder, list(sources))
    for name, sha in sources.items():
        now = found.get(name, [0, 0, None])[2]
        if now != sha:
            how = "rotten" if name in rotten else "gone" if now is None else "edited"
            yield folder / name, how, WHY[how].replace("prepared", "read")


def raw_count(about: Path) -> int:
    """How many raw files the record beside a dataset.json names."""
    try:
        return len(read_record(about.parent))
    except (UserError, KeyError):
        return 0
