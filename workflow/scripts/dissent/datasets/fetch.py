"""Fetch the raw files of a public data set, or take what lies there already; leaves a marker when all is whole."""

import logging
import os
import shutil
from pathlib import Path

from dissent.config.source import Archive, Fetch
from dissent.core.files import UserError, digest, sha256, write_json
from dissent.datasets.decode import EXTENSIONS
from dissent.datasets.download import Failed, amount, download
from dissent.datasets.unpack import unpack

log = logging.getLogger(__name__)


def fetch(dataset: dict, raw: str, marker: str) -> None:
    """Bring every folder of `dataset["fetch"]` into `raw`, then write `marker`; UserError says what to do by hand.

    A folder that lies there whole is taken as it is, an official zip is checked and unpacked, the rest is downloaded
    (the size is said first, a broken download is continued). Zips that were downloaded are deleted once unpacked.
    """
    plan = Fetch.model_validate(dataset["fetch"])
    folder = Path(raw)
    folder.mkdir(parents=True, exist_ok=True)
    lacking = [archive for archive in plan.archives if not _is_there(archive, folder)]
    absent = [archive for archive in lacking if not (folder / archive.name).is_file()]
    _check_space(lacking, absent, folder)
    for archive in lacking:
        if archive not in absent:
            _take(archive, folder)
    if absent:
        _download(plan, absent, folder)
    write_json(
        marker, {"title": plan.title, "licence": plan.licence, "folders": [_seen(a, folder) for a in plan.archives]}
    )


def _is_there(archive: Archive, folder: Path) -> bool:
    target = folder / archive.folder
    if not target.is_dir():
        return False
    count = len(_images(target))
    if count != archive.files:
        raise UserError(
            f"{target} holds {count} images where {archive.name} has {archive.files}; complete it, or delete the "
            "folder and run the same command again"
        )
    log.info("%s: %d files are there", target, count)
    return True


def _images(target: Path) -> list[Path]:
    return sorted(path for path in target.iterdir() if path.suffix.lower() in EXTENSIONS and path.name[0] != ".")


def _take(archive: Archive, folder: Path) -> None:
    """Check an archive against size and digest, and unpack it."""
    path = folder / archive.name
    if path.stat().st_size != archive.bytes:
        with open(path, "rb") as stream:
            page = stream.read(2) != b"PK"
        what = "is no zip archive (a saved login page?)" if page else f"has {path.stat().st_size} bytes"
        raise UserError(f"{path} {what} where the published one has {archive.bytes} bytes; delete it or fetch it again")
    log.info("%s: checking its SHA-256", path)
    found = sha256(path)
    if found != archive.sha256:
        raise UserError(
            f"{path} is not the published archive: its SHA-256 is {found} instead of {archive.sha256}; delete it, or, "
            "if the publisher has changed it, write its new digest into the data set's file (fetch, archives, sha256)"
        )
    _unpack(archive, folder)


def _unpack(archive: Archive, folder: Path) -> None:
    log.info("%s: unpacking", folder / archive.name)
    unpack(folder / archive.name, folder / archive.folder, archive.files)
    count = len(_images(folder / archive.folder))
    if count != archive.files:
        raise UserError(f"{folder / archive.name} holds {count} images where {archive.files} are expected")


def _check_space(lacking: list[Archive], absent: list[Archive], folder: Path) -> None:
    begun = sum(_size(folder / f"{archive.name}.part") for archive in absent)
    # a zip goes once it is unpacked: all folders, and the largest zip beside them
    need = sum(a.bytes for a in lacking) + max((a.bytes for a in absent), default=0) - begun
    free = shutil.disk_usage(folder).free
    if free < need:
        raise UserError(f"{folder}: {amount(need)} are needed there and {amount(free)} are free")


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _download(plan: Fetch, absent: list[Archive], folder: Path) -> None:
    begun = sum(_size(folder / f"{archive.name}.part") for archive in absent)
    total = sum(archive.bytes for archive in absent)
    files = f"{len(absent)} file{'s' * (len(absent) > 1)}"
    log.info("%s: %s to download (%s, %s here already)", plan.title, amount(total - begun), files, amount(begun))
    log.info("licence: %s; from %s into %s", plan.licence, plan.page, os.fspath(folder))
    for archive in absent:
        try:
            download(archive, folder / archive.name)
        except Failed as error:
            left = [one for one in absent if not (folder / one.folder).is_dir()]
            raise UserError(_by_hand(plan, left, folder, error)) from None
        _unpack(archive, folder)
        (folder / archive.name).unlink()


def _by_hand(plan: Fetch, left: list[Archive], folder: Path, error: Failed) -> str:
    width = max(len(archive.name) for archive in left)
    return "\n  ".join(
        [
            f"{plan.title} could not be downloaded. Without a network, get these files elsewhere and put them (or the "
            f"folders in them) into {folder}/, then run the same command again:",
            *[f"{one.name:{width}}  {amount(one.bytes):>8}  {one.urls[0]}" for one in left],
            f"in all {amount(sum(one.bytes for one in left))}, {plan.licence}, described at {plan.page}",
            "what went wrong:",
            *str(error).split("\n  "),
        ]
    )


def _seen(archive: Archive, folder: Path) -> dict:
    paths = _images(folder / archive.folder)
    sizes = [[path.name, path.stat().st_size] for path in paths]
    return {"folder": archive.folder, "files": len(paths), "bytes": sum(n for _, n in sizes), "digest": digest(sizes)}
