"""What is in raw files, by SHA-256: read once, and again only when a file's size or date has changed."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dissent.files import UserError, digest, read_json, sha256, write_text


def contents(root: Path, files: Sequence[Path]) -> dict[str, str]:
    """{path below `root`: SHA-256}. What was read is remembered in work/contents/, so that a plan need not read it all."""
    memory = Path("work/contents", f"{digest(str(root.resolve()))[:16]}.json")
    known = _remembered(memory)
    now = {path.relative_to(root).as_posix(): [path.stat().st_size, path.stat().st_mtime_ns] for path in files}
    changed = [name for name, state in now.items() if known.get(name, [])[:2] != state]
    with ThreadPoolExecutor() as readers:
        fresh = dict(zip(changed, readers.map(lambda name: sha256(root / name), changed), strict=True))
    found = {name: [*state, fresh.get(name) or known[name][2]] for name, state in now.items()}
    if found != known:
        write_text(memory, json.dumps(found))  # in ASCII: names of broken bytes are told later
    return {name: entry[2] for name, entry in found.items()}


def _remembered(memory: Path) -> dict:
    try:
        return read_json(memory)
    except UserError:  # not there yet, or damaged: it is only a memory
        return {}
