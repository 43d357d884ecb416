"""Unpack a zip archive of one folder: nothing lands outside of it, nothing that is no plain file, no bombs."""

import errno
import os
import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from dissent.core.files import UserError

_CHUNK = 1 << 20
_GROWTH = 20  # images and masks hardly shrink in a zip: more than this is no data set
_SMALL = 100 << 20  # bytes that any archive may hold
_ENTRIES = 4  # entries per expected file


def unpack(archive: Path, target: Path, files: int) -> None:
    """Unpack the folder `target.name` of `archive` to `target`, whole or not at all; UserError names what is wrong.

    `files`: how many images or masks are expected; many more entries are refused.
    """
    staging = target.with_name(f".{target.name}.unpacking")
    shutil.rmtree(staging, ignore_errors=True)
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = _checked(opened, archive, target.name, files)
            for entry, path in entries:
                _write(opened, entry, staging / path)
        os.sync()  # a folder that is there counts as whole, after a power cut too
        (staging / target.name).replace(target)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise UserError(f"{archive} is damaged or no zip archive ({error}); delete it and fetch it again") from None
    except OSError as error:
        if error.errno not in (errno.ENAMETOOLONG, errno.EINVAL):
            raise
        raise UserError(
            f"{archive}: this disk cannot hold its entry {str(error.filename)[-60:]!r} ({error.strerror})"
        ) from None
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _checked(opened: zipfile.ZipFile, archive: Path, folder: str, files: int) -> list[tuple[zipfile.ZipInfo, str]]:
    """The plain files to write with their paths, after all entries were looked at."""

    def refuse(entry: zipfile.ZipInfo, reason: str) -> UserError:
        return UserError(f"{archive}: its entry {entry.filename!r} {reason}; this is not the published archive")

    entries = opened.infolist()
    if len(entries) > _ENTRIES * files + 1000:
        raise UserError(f"{archive} has {len(entries)} entries where {files} files are expected")
    size = sum(entry.file_size for entry in entries)
    if size > max(_GROWTH * archive.stat().st_size, _SMALL):
        raise UserError(f"{archive} would unpack to {size / 1e9:.1f} GB, far more than it holds: a decompression bomb")
    chosen, seen = [], set()
    for entry in entries:
        path = PurePosixPath(entry.filename)
        if path.is_absolute() or ".." in path.parts or "\\" in entry.orig_filename or ":" in entry.filename:
            raise refuse(entry, "points out of the archive")
        if "\0" in entry.orig_filename:
            raise refuse(entry, "has a NUL in its name")
        if entry.flag_bits & 1:
            raise refuse(entry, "is encrypted")
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise refuse(entry, "is a link or a device")
        if path.parts[:1] == ("__MACOSX",) or entry.is_dir():
            continue
        if path.parts[:1] != (folder,) or len(path.parts) < 2:
            raise refuse(entry, f"is not in the folder {folder}")
        if str(path).casefold() in seen:
            raise refuse(entry, "stands in it twice")
        seen.add(str(path).casefold())
        chosen.append((entry, str(path)))
    if not chosen:
        raise UserError(f"{archive} holds no files")
    for entry, name in chosen:
        if any(str(parent).casefold() in seen for parent in PurePosixPath(name).parents):
            raise refuse(entry, "lies in a folder that is a file too")
    return chosen


def _write(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    left = entry.file_size  # what the archive promised, and what was counted above
    with opened.open(entry) as source, open(path, "xb") as sink:
        while block := source.read(min(_CHUNK, left + 1)):
            left -= len(block)
            if left < 0:
                raise zipfile.BadZipFile(f"{entry.filename} is longer than it says")
            sink.write(block)
    if left:
        raise zipfile.BadZipFile(f"{entry.filename} is shorter than it says")
