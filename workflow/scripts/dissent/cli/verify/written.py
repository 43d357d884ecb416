"""Which files jobs write, by their names and places: all others are a person's. No torch."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from dissent.core.columns import SUBSETS

PAGES = ("report.html", "browse.html")
"""of a run"""
_STUDENT = r"(model\.safetensors|(model|metrics|cost)\.json|history\.csv)"
_SHARD = r"(/shard\d+)?"
_GENERATION = (
    r"(pairs|scores)\.(csv|json)",
    rf"(predictions|masks){_SHARD}\.(csv|json)",
    r"(teachers|metrics|audit|cost|stop\.\d+)\.json",
    r"counts\.csv",
    r"README\.md",
    rf"students/\d+/{_STUDENT}",
    rf"costs/((predict|build_masks){_SHARD}|evaluate|score_pairs)\.json",
    rf"(pairs|examples|masks{_SHARD}/overlay)/shown\.json",
    rf"((predictions|masks){_SHARD}(/consensus|/inconsistency|/overlay)?|examples)/not_made\.txt",
)
_WRITTEN = re.compile(
    "|".join(
        [
            r"data/[^/]+/(files\.csv|raw\.csv|raw\.json|dataset\.json)",
            rf"data/[^/]+/splits/[^/]+/(({'|'.join(SUBSETS)})\.csv|split\.json)",
            rf"results/[^/]+/gen\d+/({'|'.join(_GENERATION)})",
            rf"results/[^/]+/evalnets/((evalnets|thresholds)\.json|\d+/{_STUDENT})",
            r"results/[^/]+/external/[^/]+\.(csv|json)",
            r"results/[^/]+/(report|browse)\.html",
            r"results/[^/]+/browse/shown\.json",
            r"results/studies/[^/]+/(table|labels)\.(html|csv|json|md|tex|svg|png|pdf)",
        ]
    )
)
_OF_PREDICT = ("predictions.csv", "made_with.json")


def is_written(file: Path) -> bool:
    """Whether a job, or `dissent predict`, writes a file of this name there; pictures are known by the tables that name them."""
    inside = file.parts[:1] in (("data",), ("results",))
    return bool(_WRITTEN.fullmatch(file.as_posix())) or (not inside and file.name in _OF_PREDICT)


def strangers(files: Iterable[Path], claimed: Mapping, broken: set[Path]) -> set[Path]:
    """Files that no job wrote. A picture in a folder of ours may be ours where the table of the folder is `broken` or gone."""
    files = list(files)
    homes = {_home(file) for file in files if is_written(file)}

    def ours(file: Path) -> bool:
        table = _table_of(file)
        return table is not None and _home(file) in homes and (table in broken or not table.exists())

    return {file for file in files if file not in claimed and not is_written(file) and not ours(file)}


def _home(file: Path) -> Path:
    """The folder of a data set or a run; elsewhere none."""
    return Path(*file.parts[:2])


def _table_of(picture: Path) -> Path | None:
    """The table that names the pictures of the folder in which this one lies."""
    if match := re.match(r"(data/[^/]+)/(images|labels[^/]*)/", picture.as_posix()):
        return Path(match[1], "files.csv")
    shown = r"(results/[^/]+/(?:browse|gen\d+/(?:pairs|examples|masks(?:/shard\d+)?/overlay)))/"
    if match := re.match(shown, picture.as_posix()):
        return Path(match[1], "shown.json")
    if match := re.match(r"(results/[^/]+/gen\d+)/((?:predictions|masks)(?:/shard\d+)?)/", picture.as_posix()):
        return Path(match[1], f"{match[2]}.csv")
    if match := re.match(r"(results/[^/]+/external/[^/]+)/", picture.as_posix()):
        return Path(f"{match[1]}.csv")
    return None
