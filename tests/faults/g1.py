"""G1: results that rot: bits, cuts, zeros, deletions, lost lines and swaps in everything that is kept, found by verify and by who reads it."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import rot

from dissent.core.columns import SUBSETS
from faults import c1, made, rules
from faults.children import at_call, die
from faults.product import dissent, refused, went_well
from faults.suite import NOT_INJECTED, Injection, Lost, Silent

COUNTS = {
    "flip": 100,
    "cut": 30,
    "zeros": 20,
    "empty": 15,
    "delete": 45,
    "line": 25,
    "double": 8,
    "swap": 15,
    "digit": 20,
}
READERS = ("split cells few", "assemble_pairs cells 0", "assemble_pairs cells 1", "train cells 0 1", "train cells 1 2", "rank_students cells 1",
           "predict cells 1", "build_masks cells 1", "build_masks cells 2", "evaluate cells 2", "audit cells 1", "report cells")  # fmt: skip
KEPT = (
    [f"data/cells/{name}" for name in ("files.csv", "dataset.json")]
    + [f"data/cells/splits/few/{name}.csv" for name in SUBSETS]
    + [f"data/cells/images/i{number:02}.png" for number in range(12)]
    + [f"data/cells/labels/i{number:02}.png" for number in range(9)]
    + [f"results/cells/gen{g}/{name}" for g in range(3) for name in ("pairs.csv", "teachers.json", "metrics.json", "counts.csv")]
    + [f"results/cells/gen{g}/students/{i}/{name}" for g in range(3) for i in (1, 2) for name in ("model.safetensors", "model.json", "history.csv", "metrics.json")]
    + [f"results/cells/gen{g}/{name}" for g in (1, 2) for name in ("predictions.csv", "masks.csv", "audit.json")]
    + ["results/cells/report.html"]
)  # fmt: skip
MANY = ("predictions/teacher1", "predictions/teacher2", "masks/consensus", "masks/inconsistency")


def injections(seed: int) -> list[Injection]:
    random = np.random.default_rng([seed, 7])
    found = []
    for how, count in COUNTS.items():
        for number in range(count):
            files = FILES_FOR.get(how, KEPT)
            # folders hold files whose names depend on the split: the n-th of one
            many = files is KEPT and random.random() < 0.25
            file = (
                f"results/cells/gen{random.integers(1, 3)}/{MANY[random.integers(4)]}"
                if many
                else files[random.integers(len(files))]
            )
            place = float(random.random())
            found.append(
                Injection(f"{how} in {file} at {place:.4f}, {number}", lambda a=(how, file, place): rotten(*a))
            )
    for number in range(60):
        job = READERS[number % len(READERS)]
        place, other = float(random.random()), float(random.random())
        how = ("flip", "flip", "cut", "line", "digit")[number // len(READERS)]
        found.append(
            Injection(
                f"{how} in what {job} reads, at {place:.4f} and {other:.4f}",
                lambda a=(how, job, place, other): read(*a),
            )
        )
    for _ in range(6):
        step, bit = int(random.integers(3, c1.STEPS)), int(random.integers(1 << 24))
        found.append(
            Injection(f"a bit of the newest checkpoint, step {step}, bit {bit}", lambda a=(step, bit): checkpoint(*a))
        )
    for _ in range(8):
        place = float(random.random())
        found.append(Injection(f"a bit in DVC's cache at {place:.4f}", lambda place=place: cached(place)))
    return found


ROT: dict[str, Callable[[Path, float], None]] = {
    "flip": rot.flip, "cut": rot.cut, "zeros": rot.zeros, "empty": rot.empty, "delete": rot.delete, "line": rot.lose_line,
    "double": rot.double_line, "swap": rot.swap, "digit": rot.digit,
}  # fmt: skip
_TABLES = [file for file in KEPT if file.endswith(".csv")]
FILES_FOR = {"line": _TABLES, "double": _TABLES, "digit": [file for file in KEPT if file.endswith((".csv", ".json"))]}


def _chosen(file: str, place: float) -> Path:
    path = Path(file)
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return files[int(place * 997) % len(files)]


def rotten(how: str, file: str, place: float) -> str:
    """`dissent verify` names the file."""
    made.base(rules.whole)
    path = _chosen(file, place)
    before = path.read_bytes()
    ROT[how](path, place)
    if path.exists() and path.read_bytes() == before:
        return NOT_INJECTED
    said = dissent("verify")
    if said.code == 0:
        raise Silent(f"verify finds nothing wrong with {path}")
    return refused(said, str(path))


def read(how: str, name: str, place: float, other: float) -> str:
    """A job that reads a harmed file refuses it by name, or makes what it makes without the harm."""
    whole = made.base(rules.whole)
    job = rules.undone(name)
    inputs = sorted({str(path) for path in job.input if Path(path).is_file()})
    path = Path(inputs[int(place * len(inputs))])
    before = path.read_bytes()
    (ROT[how] if path.suffix == ".csv" or how in ("flip", "cut") else rot.flip)(path, other)
    harmed = path.read_bytes()
    if harmed == before:
        return NOT_INJECTED
    said = rules.perform(job)
    if said.code:
        return refused(said, path.name)
    path.write_bytes(before)
    try:
        return rules.same_as(whole)
    except Silent as error:
        raise Silent(f"{name} took {path}: {error}") from None


def checkpoint(step: int, bit: int) -> str:
    """The one before it is taken."""
    whole = made.base(rules.whole)
    job = rules.undone("train cells 0 1")
    c1.killed(job, at_call(c1.loop, "_descend", step, die))
    newest = max(Path("work").rglob("step*.pt"), key=lambda path: path.name)
    made.flip(newest, bit)
    Path(job.log[0]).unlink(missing_ok=True)
    went_well(rules.perform(job))
    words = Path(job.log[0]).read_text()
    if "is damaged" not in words:
        raise Silent("the damaged checkpoint was taken")
    if step > 3 and f"resumed after step {step - 2}" not in words:
        raise Lost("the checkpoint before it was not taken")
    return rules.same_as(whole)


def cached(place: float) -> str:
    """DVC says `up to date` of it; verify does not."""
    made.base(rules.whole)
    for content in (b"weights" * 99, b"masks" * 77):
        name = hashlib.md5(content, usedforsecurity=False).hexdigest()
        path = Path(".dvc/cache/files/md5", name[:2], name[2:])
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    rot.flip(path, place)
    return refused(dissent("verify"), str(path))
