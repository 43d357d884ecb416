"""Files of the user in the folders of a run, which Snakemake would remove with the folder: such as no job wrote, or edited ones. No torch."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from dissent.core.columns import SOFT
from dissent.core.files import UserError, read_json, read_rows
from dissent.core.words import some
from dissent.datasets.edited import dated, edited
from dissent.datasets.listing import JUNK

_OURS = re.compile(r"teacher\d+|mean|best|probabilities")
_SHARD = re.compile(r"shard\d+(\.(csv|json))?")
_SHOWN = ("pairs", "examples", "overlay", "browse")  # folders of pictures for people, with the digests of these
_STAMP = ".snakemake_timestamp"  # Snakemake leaves it in a folder when the job that made it has ended
_OF_MASKS = {"label": "label_sha256", "doubt": "doubt_sha256"}
_OF_PREDICTIONS = {"prediction": "sha256"}
_OF_SOFT = {SOFT[0]: SOFT[1]}


class _Found(NamedTuple):
    """Files that a person brought into a folder of a job, or changed there; and the job's list of files, where it cannot be read."""

    strange: list[Path]
    changed: list[Path]
    lost: Path | None


def check_kept(run: str) -> None:
    """UserError names the files in the folders of a run that came, or were edited, after the job that made the folder.

    Dates tell which files to look at; what was read of them is remembered, as a copy of a project has new dates everywhere.
    """
    found = [_look_at(folder) for folder in _made(Path("results", run))]
    strange = sorted(path.as_posix() for one in found for path in one.strange)
    changed = sorted(path.as_posix() for one in found for path in one.changed)
    lost = sorted({one.lost.as_posix() for one in found if one.strange and one.lost})
    told = []
    if strange:
        why = f" ({some(lost)}, which names those that jobs wrote, cannot be read)" if lost else ""
        told.append(f"holds files that no job wrote: {some(strange)}{why}")
    if changed:
        told.append(f"holds files that were edited since a job wrote them: {some(changed)}")
    if told:
        then = ". Masks that you corrected become labels with `dissent import`, from where you moved them" * bool(
            changed
        )
        raise UserError(
            f"results/{run} {'; it '.join(told)}. They would be removed with their folder when it is made again. Nothing was touched. "
            f"Move them away, and run the same command again{then}"
        )


def _made(run: Path) -> Iterator[Path]:
    """Folders that a job makes as a whole, and has made."""
    for pattern in ("external/*", "browse"):
        yield from (stamp.parent for stamp in run.glob(f"{pattern}/{_STAMP}"))
    for generation in run.glob("gen*"):
        for pattern in ("predictions", "masks/*", "pairs", "examples", "predictions/shard*", "masks/shard*/*"):
            yield from (stamp.parent for stamp in generation.glob(f"{pattern}/{_STAMP}"))


def _look_at(folder: Path) -> _Found:
    since = (folder / _STAMP).stat().st_mtime_ns
    files = [path.relative_to(folder).as_posix() for path in _newer(folder, since, dated(folder.lstat()) > since)]
    listed = _listed(folder) if files else {}
    known = {"not_made.txt": "", "shown.json": ""} | (listed or {})
    # a list of an earlier version may have no digests
    digests = {name: [known[name]] for name in files if known.get(name)}
    changed, _ = edited(folder, [folder / name for name in digests], digests)
    lost = _list_of(folder) if listed is None else None
    return _Found([folder / name for name in files if name not in known], changed, lost)


def _newer(folder: Path, since: int, came: bool) -> Iterator[Path]:
    """Files below `folder` that were written since; all of those in a folder that changed since (`came`), or that is not ours."""
    nested = folder.name == "predictions" or (folder.name.startswith("shard") and folder.parent.name == "predictions")
    with os.scandir(folder) as entries:
        for entry in entries:
            # of shards that came later each folder has a stamp of its own
            if entry.name.startswith(".") or entry.name in JUNK or (nested and _SHARD.fullmatch(entry.name)):
                continue
            later = came or dated(entry.stat(follow_symlinks=False)) > since
            if entry.is_dir(follow_symlinks=False):
                yield from _newer(Path(entry.path), since, later or not (nested and _OURS.fullmatch(entry.name)))
            elif later:
                yield Path(entry.path)


def _list_of(folder: Path) -> Path:
    """The file that names what the job of a folder wrote."""
    if folder.name in _SHOWN:
        return folder / "shown.json"
    return (folder.parent if _is_of_masks(folder) else folder).with_suffix(".csv")


def _is_of_masks(folder: Path) -> bool:
    return "masks" in (folder.parent.name, folder.parent.parent.name)


def _listed(folder: Path) -> dict[str, str] | None:
    """{path below a folder: SHA-256, or ""} of what that file names there; None where it cannot be read."""
    try:
        if folder.name in _SHOWN:
            return dict(read_json(_list_of(folder))["files"])
        columns = _OF_MASKS if _is_of_masks(folder) else _OF_PREDICTIONS
        start, found = f"{folder.as_posix()}/", {}
        for row in read_rows(_list_of(folder), tuple(columns)):
            for column, sha in (columns | _OF_SOFT).items():
                if (row.get(column) or "").startswith(start):
                    found[row[column].removeprefix(start)] = row.get(sha) or ""
        return found
    except (UserError, KeyError, TypeError, ValueError):
        return None
