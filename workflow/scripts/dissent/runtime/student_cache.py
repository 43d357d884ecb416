"""A student that another run has trained from the same bytes with the same settings is taken over, not trained again.

Methods that start from the same pool (`start: ldt`), and a run beside its controls, ask for the same students under
other names. Settings, code, inputs and torch's version make a key; `work/twins/KEY` names the student that has it, and
`work/state/KEY` is where its training goes on after an interruption, for whichever of them it is asked first.
"""

import contextlib
import hashlib
import logging
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

from dissent.core.files import UserError, digest, read_json, sha256, write_atomic, write_json
from dissent.runtime.student_states import begin, state_of

log = logging.getLogger(__name__)

FILES = ("model.safetensors", "model.json", "history.csv", "metrics.json", "cost.json")


@contextlib.contextmanager
def taken_over(settings: dict, inputs: Sequence[str], out: str | Path) -> Iterator[Path | None]:
    """None when `out` has the files of an equal student now; else the folder of its resume state: train it in the block.

    Whoever comes while an equal student is being trained waits for it. cost.json is what the training took, wherever
    it ran, with `taken_from`: a method's cost is what it takes alone.
    """
    out = Path(out)
    key = digest(settings, [sha256(path) for path in inputs], version("torch"))
    with state_of(key, out) as state:
        note = Path("work/twins", key, "student.json")
        if _copy(note, out):
            yield None
            return
        begin(state, out)
        yield state
        write_json(note, {"folder": str(out), "sha256": {name: sha256(out / name) for name in FILES}})


def _copy(note: Path, out: Path) -> bool:
    """Copy what `note` names, if every file is still there as it was."""
    if not note.is_file():
        return False
    try:
        found = read_json(note)
        folder = Path(found["folder"])
        content = {name: (folder / name).read_bytes() for name in FILES}
        digests = {name: hashlib.sha256(content[name]).hexdigest() for name in FILES}
        same = folder != out and digests == found["sha256"]
    except (FileNotFoundError, UserError):  # the student is gone, or the note is damaged, which is a memory only
        return False
    if same:
        for name in FILES[:-1]:
            write_atomic(out / name, content[name])
        write_json(out / "cost.json", read_json(folder / "cost.json") | {"taken_from": str(folder)})
        log.info("%s is the same student: taken over", folder)
    return same
