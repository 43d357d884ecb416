"""What DVC keeps: objects that must have the MD5 they are called after, and those that dvc.lock and folders name. No torch."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from dissent.core.checked import strict_json

CACHE = Path(".dvc/cache/files/md5")
LOCK = Path("dvc.lock")
_NAME = re.compile(r"[0-9a-f]{32}(\.dir)?")
_NEAR = 2  # digits by which a name may differ from one that is there, and be that one damaged

_UNREADABLE = (OSError, yaml.YAMLError, ValueError, KeyError, TypeError, AttributeError, RecursionError)

Fault = tuple[Path, str, str]


def is_ours(file: Path) -> bool:
    """Whether a file is DVC's: its lock, or in its cache."""
    return file == LOCK or CACHE.parts == file.parts[: len(CACHE.parts)]


def is_cut_to_nothing(file: Path) -> bool:
    """Whether it has no bytes, and is no object of empty files: Snakemake's `.snakemake_timestamp` in folders is one."""
    nothing = hashlib.md5(usedforsecurity=False).hexdigest()
    return not file.stat().st_size and file.parent.name + file.name != nothing


def restorable(path: Path) -> bool:
    """Whether the cache has the file that dvc.lock names there, whole."""
    md5 = _named().get(path)
    return md5 is not None and _place(md5).is_file() and _md5(_place(md5)) == md5.removesuffix(".dir")


def away() -> set[Path]:
    """What dvc.lock names and is neither here nor in the cache, where it can come from a remote: a part alone was pulled."""
    if not any("remote" in _text(Path(".dvc", name)) for name in ("config", "config.local")):
        return set()
    return {path for path, md5 in _named().items() if not path.exists() and not _place(md5).exists()}


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def _named() -> dict[Path, str]:
    """The files that dvc.lock and the folders of the cache name, with their MD5; a folder whose list is not here by itself."""
    try:
        locked, kept = _locked(), _kept()
    except _UNREADABLE:
        return {}
    found: dict[Path, str] = {}
    for path, md5, _, folder in locked:
        if path in kept:
            try:
                entries = strict_json(_place(md5).read_text("utf-8")) if folder else []
                inside = {Path(path, entry["relpath"]): entry["md5"] for entry in entries}
            except (OSError, ValueError, KeyError, TypeError):
                inside = {}
            found |= inside or {Path(path): md5}
    return found


def faults(files: list[Path]) -> Iterator[Fault]:
    """(file, how, why) of what DVC could not restore; `files`: dvc.lock and objects of the cache."""
    missing = away()
    elsewhere = {_place(md5) for path, md5 in _named().items() if path in missing}
    objects = [file for file in files if file != LOCK and file.stat().st_size]
    whole = []
    for file in objects:
        expected = _name(file).removesuffix(".dir")
        if _md5(file) == expected:
            whole.append(file)
        else:
            yield file, "damaged", "has another MD5 than its name says"
    for file in whole:
        if file.suffix == ".dir":
            yield from _of_folder(file, elsewhere)
    if LOCK in files and LOCK.stat().st_size:
        yield from _of_lock(elsewhere)


def _of_folder(file: Path, elsewhere: set[Path]) -> Iterator[Fault]:
    for entry in strict_json(file.read_text("utf-8")):
        if (path := _place(entry["md5"])) not in elsewhere and not path.exists():
            yield path, "lost", f"{file} names it, for {entry['relpath']}"


def _locked() -> list[tuple[str, str, int | None, bool]]:
    """(path, MD5, size, whether it is a folder) of every output in dvc.lock."""
    text = LOCK.read_text("utf-8")
    if not text.endswith("\n"):
        raise ValueError("it is cut off")
    outs = [out for stage in yaml.safe_load(text)["stages"].values() for out in stage.get("outs", ())]
    return [(str(out["path"]), str(out["md5"]), out.get("size"), "nfiles" in out) for out in outs]


def _of_lock(elsewhere: set[Path]) -> Iterator[Fault]:
    try:
        named = _locked()
    except _UNREADABLE as error:
        yield LOCK, "damaged", f"is not what DVC writes ({str(error).splitlines()[0]})"
        return
    kept, there = _kept(), {_name(file) for file in CACHE.glob("*/*")}
    for path, md5, size, folder in named:
        if not _NAME.fullmatch(md5) or md5.endswith(".dir") != folder:
            yield LOCK, "damaged", f"gives no MD5 of {path}"
        elif path in kept and there and md5 not in there and _place(md5) not in elsewhere:
            if any(_differ(md5, other) <= _NEAR for other in there):
                yield LOCK, "damaged", f"gives {path} an MD5 that is a digit or two from one in the cache"
            else:
                yield _place(md5), "lost", f"{LOCK} names it, for {path}"
        elif not folder and (found := _size_of(path, md5)) is not None and found != size:
            yield LOCK, "damaged", f"gives {path} another size than it has"
        elif path not in kept and Path(path).is_file() and 0 < _differ(_md5(Path(path)), md5) <= _NEAR:
            yield LOCK, "damaged", f"gives {path} an MD5 that is a digit or two from its own"


def _kept() -> set[str]:
    """The outputs of dvc.yaml that DVC keeps in its cache; none where it cannot be read, which DVC says itself."""
    try:
        stages = yaml.safe_load(Path("dvc.yaml").read_text("utf-8"))["stages"]
        outs = [
            out for stage in stages.values() for part in ("outs", "metrics", "plots") for out in stage.get(part, ())
        ]
    except _UNREADABLE:
        return set()
    named = [pair for out in outs for pair in (out.items() if isinstance(out, dict) else [(out, {})])]
    return {path for path, options in named if (options or {}).get("cache", True)}


def _size_of(path: str, md5: str) -> int | None:
    """Bytes of the file of this MD5: in the cache, or in its place."""
    if _place(md5).is_file():
        return _place(md5).stat().st_size
    return Path(path).stat().st_size if Path(path).is_file() and _md5(Path(path)) == md5 else None


def _differ(one: str, other: str) -> int:
    return sum(a != b for a, b in zip(one, other, strict=True)) if len(one) == len(other) else len(one)


def _place(md5: str) -> Path:
    return CACHE / md5[:2] / md5[2:]


def _name(file: Path) -> str:
    return "".join(file.parts[-2:])


def _md5(file: Path) -> str:
    with open(file, "rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
