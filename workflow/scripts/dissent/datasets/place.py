"""Where raw files may lie: nowhere that `prepare` writes, since Snakemake removes a job's outputs before it starts it."""

from collections.abc import Iterable
from pathlib import Path

from dissent.core.files import UserError

DATA = Path("data")
RAW = DATA / "raw"
_JOBS = ("results", "work", "logs")  # other folders whose files jobs remove and write


def check_place(raw: str | Path, dataset: str, folders: Iterable[str] = ()) -> None:
    """UserError where a raw folder is, holds, or lies in a folder of prepared data; `folders`: those below `raw` that are read.

    All of data/ is for prepared data, but for what lies in data/raw; nothing in results/ is raw. Links are followed.
    """
    if dataset.casefold() == RAW.name:
        raise UserError(
            f"`{dataset}` cannot be the name of a data set: it would be prepared in {RAW}, where raw files lie; choose another"
        )
    raw = Path(raw)
    for path in (raw, *(raw / folder for folder in folders)):
        if how := _overlap(path.resolve()):
            raise UserError(f"the raw folder {_told(path)} {how}. {_remedy(path, dataset)}")


def _overlap(path: Path) -> str:
    """How a folder meets those that jobs write, in words; "" where it does not."""
    for name in _JOBS:
        if within(path, Path(name).resolve()):
            return f"lies in {name}/"
    data, free = DATA.resolve(), RAW.resolve()
    if within(data, path):
        return f"is {DATA}/" if within(path, data) else f"holds {DATA}/"
    if within(path, data) and not within(path, free):
        return f"lies in {DATA}/"
    # prepared folders may be links to another disk
    for made in DATA.iterdir() if DATA.is_dir() else ():
        if made.name.casefold() != RAW.name and made.is_dir():
            for one in (made, *(child for child in made.iterdir() if child.is_symlink())):
                if within(path, one.resolve()) or within(one.resolve(), path):
                    return f"is, holds, or lies in {one}"
    return ""


def within(inner: Path, outer: Path) -> bool:
    """Whether a resolved path is another, or lies in it."""
    return any(_same(one, outer) for one in (inner, *inner.parents))


def _same(one: Path, other: Path) -> bool:
    """Whether two paths are one folder: some file systems take Data and data for the same."""
    try:
        return one == other or one.samefile(other)
    except OSError:  # one is not there
        return False


def _told(path: Path) -> str:
    real = path.resolve()
    return str(path) if real == Path.cwd() / path or real == path else f"{path} ({real})"


def _remedy(path: Path, dataset: str) -> str:
    there = RAW / (dataset if path.resolve() == Path.cwd() else path.resolve().name)
    return (
        f"Jobs write to {DATA}/NAME and results/RUN, and remove first what lies there: your files would be lost. Nothing was "
        f"touched. Move images and masks to {there}, or to another folder of their own outside of both, and name that as `raw`"
    )
