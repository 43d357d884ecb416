"""Files in the folders of a generation that no job wrote: the user's, which Snakemake would remove with the folder. No torch."""

import re
from collections.abc import Iterator
from pathlib import Path

from dissent.core.columns import SOFT
from dissent.core.files import UserError, read_json, read_rows
from dissent.core.words import some
from dissent.datasets.listing import JUNK

_OURS = re.compile(r"teacher\d+|mean|best|shard\d+")
_SHOWN = ("pairs", "examples", "overlay")  # folders of pictures for people, with the digests of these
_STAMP = ".snakemake_timestamp"  # Snakemake leaves it in a folder when the job that made it has ended


def check_kept(run: str) -> None:
    """UserError names the files in predictions, masks and pairs of a run that came after the job that made the folder.

    Cheap for millions of masks: the date of a folder tells whether any file came, and only then is it listed.
    """
    strange = {folder: found for folder in _made(Path("results", run)) if (found := _strangers(folder))}
    lost = sorted({_list_of(folder).as_posix() for folder in strange if _named(folder) is None})
    if strange:
        files = sorted(path.as_posix() for found in strange.values() for path in found)
        why = f" ({some(lost)}, which names those that jobs wrote, cannot be read)" if lost else ""
        raise UserError(
            f"results/{run} holds files that no job wrote: {some(files)}{why}. They would be removed with their folder when it is made "
            "again. Nothing was touched. Move them away, and run the same command again"
        )


def _made(run: Path) -> Iterator[Path]:
    """Folders that a job makes as a whole, and has made."""
    yield from (stamp.parent for stamp in run.glob(f"external/*/{_STAMP}"))
    for generation in run.glob("gen*"):
        for pattern in ("predictions", "masks/*", "pairs", "examples", "predictions/shard*", "masks/shard*/*"):
            yield from (stamp.parent for stamp in generation.glob(f"{pattern}/{_STAMP}"))


def _strangers(folder: Path) -> list[Path]:
    """Files in a folder of ours that its table does not name and that came after its job; of a folder that came, all."""
    files = [path for path in _look(folder, (folder / _STAMP).stat().st_mtime_ns, False) if not _hidden(path)]
    known = _known(folder) if files else set()
    return sorted(path for path in files if path.as_posix() not in known)


def _look(folder: Path, since: int, came: bool) -> Iterator[Path]:
    """Files below `folder` that may be new. A folder of masks is listed only if its date says that something came."""
    if _is_flat(folder) and not came and _date(folder) <= since:
        return
    for path in folder.iterdir():
        if path.is_dir():
            ours = not _is_flat(folder) and _OURS.fullmatch(path.name)
            # of shards that came later each folder has a stamp of its own
            if not (ours and path.name.startswith("shard")) and (came or not ours or _date(path) > since):
                yield from _look(path, since, came or not ours)
        elif came or (_date(path) > since and not _OURS.fullmatch(path.stem)):
            yield path


def _is_flat(folder: Path) -> bool:
    """Whether it has the files of one kind and no folder: of a teacher, of consensus or inconsistency."""
    return not (
        folder.name == "predictions" or (folder.name.startswith("shard") and folder.parent.name == "predictions")
    )


def _date(path: Path) -> int:
    """When it was written, or came here by a move or a copy that keeps dates."""
    status = path.lstat()
    return max(status.st_mtime_ns, status.st_ctime_ns)


def _hidden(path: Path) -> bool:
    return path.name.startswith(".") or path.name in JUNK


def _known(folder: Path) -> set[str]:
    """What the job wrote there, whatever the dates say, which a copy of the project or DVC sets anew."""
    return {f"{folder.as_posix()}/{name}" for name in ("not_made.txt", "shown.json")} | (_named(folder) or set())


def _list_of(folder: Path) -> Path:
    """The file that names what the job of a folder wrote."""
    if folder.name in _SHOWN:
        return folder / "shown.json"
    return (folder.parent if _is_of_masks(folder) else folder).with_suffix(".csv")


def _is_of_masks(folder: Path) -> bool:
    return "masks" in (folder.parent.name, folder.parent.parent.name)


def _named(folder: Path) -> set[str] | None:
    """What that file names; None where it cannot be read."""
    try:
        if folder.name in _SHOWN:
            return {f"{folder.as_posix()}/{name}" for name in read_json(_list_of(folder))["files"]}
        columns = ("label", "doubt") if _is_of_masks(folder) else ("prediction",)
        rows = read_rows(_list_of(folder), columns)
        return {row[column] for row in rows for column in (*columns, SOFT[0]) if row.get(column)}
    except (UserError, KeyError, TypeError):
        return None
