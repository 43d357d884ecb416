"""data/{dataset}/.made.json: from what a data set was prepared. Prepared data may outlive their raw files.

It is no output of a job: Snakemake, which removes outputs before a job, leaves it.
"""

from pathlib import Path

from dissent.core.files import UserError, read_json, write_json
from dissent.core.places import MADE

KEYS = ("dataset", "raw", "digest", "code")
"""params of the rule `prepare`"""
OUTPUTS = ("images", "labels", "files.csv", "dataset.json")


def remember(folder: str | Path, params: dict) -> None:
    """Write from what `prepare` has made the folder."""
    write_json(Path(folder) / MADE, {key: params[key] for key in KEYS})


def made_from(folder: str | Path) -> dict | None:
    """What `remember` wrote; None where it did not, or of another version."""
    try:
        found = read_json(Path(folder) / MADE)
    except UserError:
        return None
    return found if isinstance(found, dict) and set(KEYS) <= found.keys() else None


def without_raw(folder: Path, now: dict) -> dict:
    """Params of `prepare` for a data set whose raw files are gone: those of then, so that no edit of the library prepares it anew.

    UserError where prepared data would be removed, which cannot be made again. `now`: what the params are today.
    """
    then = made_from(folder)
    lost = [name for name in OUTPUTS if not (folder / name).exists()]
    if then is None or len(lost) == len(OUTPUTS):
        return now
    keys = [key for key in now["dataset"] | then["dataset"] if now["dataset"].get(key) != then["dataset"].get(key)]
    if lost or keys:
        why = f"{', '.join(lost)} lack there" if lost else f"its settings changed ({', '.join(keys)})"
        raise UserError(
            f"{folder} is to be prepared anew, as {why}, but its raw files are gone from {now['raw']}. What is left would be "
            "removed first. Nothing was touched. Put the raw files back, or undo the change"
        )
    return then
