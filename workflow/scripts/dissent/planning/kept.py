"""Files in the folders of a generation that no job wrote: the user's, which Snakemake would remove with the folder. No torch."""

from collections.abc import Iterator
from pathlib import Path

from dissent.core.files import UserError, read_json, read_rows
from dissent.datasets.listing import JUNK
from dissent.datasets.ours import some

_STAMP = ".snakemake_timestamp"  # Snakemake leaves it in a folder when the job that made it has ended


def check_kept(run: str) -> None:
    """UserError names the files in predictions, masks and pairs of a run that came after the job that made the folder.

    Cheap for millions of masks: the date of a folder tells whether any file came, and only then is it listed.
    """
    found = [path for folder in _made(Path("results", run)) for path in _strangers(folder)]
    if found:
        raise UserError(
            f"results/{run} holds files that no job wrote: {some(found)}. They would be removed with their folder when it is made "
            "again. Nothing was touched. Move them away, and run the same command again"
        )


def _made(run: Path) -> Iterator[Path]:
    """Folders that a job makes as a whole, and has made."""
    for generation in run.glob("gen*"):
        for pattern in ("predictions", "masks/*", "pairs", "predictions/shard*", "masks/shard*/*"):
            yield from (stamp.parent for stamp in generation.glob(f"{pattern}/{_STAMP}"))


def _strangers(folder: Path) -> list[Path]:
    since = (folder / _STAMP).stat().st_mtime_ns
    flat = "masks" in (folder.parent.name, folder.parent.parent.name)
    # of shards that came later each folder has a stamp of its own, and their tables lie beside it
    inside = [] if flat else [path for path in folder.iterdir() if not path.name.startswith((".", "shard"))]
    newer = [one for one in inside if one.is_dir() and one.stat().st_mtime_ns > since]
    here = folder.iterdir() if folder.stat().st_mtime_ns > since else []
    files = [path for one in newer for path in one.rglob("*")] + [path for path in here if flat or path in inside]
    files = [path for path in files if path.is_file() and _came(path, since)]
    known = _known(folder) if files else set()
    return sorted({path for path in files if path.as_posix() not in known})


def _came(path: Path, since: int) -> bool:
    status = path.stat()
    hidden = path.name.startswith(".") or path.name in JUNK
    return not hidden and max(status.st_mtime_ns, status.st_ctime_ns) > since


def _known(folder: Path) -> set[str]:
    """What the job wrote there, by its table; whatever the dates say, which a copy of the project or DVC sets anew."""
    own = {f"{folder.as_posix()}/{name}" for name in ("not_made.txt", "shown.json")}
    try:
        if (folder / "shown.json").is_file():
            return own | {f"{folder.as_posix()}/{name}" for name in read_json(folder / "shown.json")["files"]}
        flat = "masks" in (folder.parent.name, folder.parent.parent.name)
        table = (folder.parent if flat else folder).with_suffix(".csv")
        columns = ("label", "doubt") if flat else ("prediction",)
        return own | {row[column] for row in read_rows(table, columns) for column in columns}
    except (UserError, KeyError, TypeError):
        return own
