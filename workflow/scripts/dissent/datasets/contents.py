"""What is in raw files, by SHA-256: read once, and again only when a file's size or date has changed, or on request."""

import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dissent.core.files import UserError, digest, read_json, sha256, write_text

_UNREADABLE = "unreadable"


def contents(root: Path, files: Sequence[Path]) -> dict[str, str]:
    """{path below `root`: SHA-256}. What was read is remembered in work/contents/, so that a plan need not read it all."""
    memory = _memory_of(root)
    known = _remembered(memory)
    now = states(root, (path.relative_to(root).as_posix() for path in files))
    changed = [name for name, state in now.items() if known.get(name, [])[:2] != state]
    fresh = _read(root, changed)
    shas = {name: fresh[name] if name in fresh else known[name][2] for name in now}
    found = {name: [*state, shas[name]] for name, state in now.items()}
    # what was not asked for now is remembered too: two data sets may use one folder
    sure = known | {name: entry for name, entry in found.items() if entry[2] != _UNREADABLE}
    if sure != known:
        write_text(memory, json.dumps(sure))  # in ASCII: names of broken bytes are told later
    return shas


def read_again(root: Path, names: Sequence[str]) -> tuple[dict[str, list], set[str]]:
    """{name: [bytes, date, SHA-256]} of each file below `root` that is there, and the names of those that rot.

    These have the size and the date that they had when they were read before, and other bytes: nobody edited them. The
    memory keeps what it had of them, so that it is right again when such a file is restored with its old date.
    """
    known = _remembered(_memory_of(root))
    now = states(root, names)
    found = {name: [*now[name], sha] for name, sha in _read(root, list(now)).items() if sha != _UNREADABLE}
    return found, {
        name for name, entry in found.items() if known.get(name, entry) != entry and known[name][:2] == entry[:2]
    }


def states(root: Path, names: Iterable[str]) -> dict[str, list[int]]:
    """[bytes, date in nanoseconds] of each plain file below `root` that is there."""
    found = {}
    for name in names:
        path = root / name
        if path.is_file():
            status = path.stat()
            found[name] = [status.st_size, status.st_mtime_ns]
    return found


def _read(root: Path, names: Sequence[str]) -> dict[str, str]:
    def one(name: str) -> str:
        try:
            return sha256(root / name)
        except OSError:  # told by name when it is decoded
            return _UNREADABLE

    with ThreadPoolExecutor() as readers:
        return dict(zip(names, readers.map(one, names), strict=True))


def _memory_of(root: Path) -> Path:
    return Path("work/contents", f"{digest(str(root.resolve()))[:16]}.json")


def _remembered(memory: Path) -> dict:
    try:
        return read_json(memory, sealed=False)
    except UserError:  # not there yet, or damaged: it is only a memory
        return {}
