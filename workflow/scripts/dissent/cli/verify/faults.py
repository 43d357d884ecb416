"""Files that are damaged, lost or empty: by their own digest, by the tables that name them, and by what lies beside them. No torch."""

import contextlib
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from dissent.cli.machine import cores
from dissent.cli.verify import cached
from dissent.cli.verify.checksums import Claim, Damaged, claims_of, json_of
from dissent.cli.verify.expected import lost
from dissent.cli.verify.logged import logged
from dissent.cli.verify.misplaced import misplaced, runs_of
from dissent.cli.verify.raw_files import raw_count, raw_faults
from dissent.core import seal
from dissent.core.files import UserError, read_table, sha256
from dissent.core.words import printable
from dissent.datasets.decode import read_pixels

_TAIL = 1 << 16
_HOMES = ("predictions", "masks")  # folders whose table is called like them
_ORDER = ("empty", "damaged")  # of several faults of one file the first of these is told


class Fault(NamedTuple):
    """A file that is not what it was: how (damaged, lost, empty), and why we say so."""

    path: Path
    how: str
    why: str


class Found(NamedTuple):
    """What `find` saw: faults by path, how many files were checked, and those that carry no digest."""

    faults: list[Fault]
    checked: int
    unsealed: list[Path]


def find(paths: Iterable[Path], stale: Iterable[Path] = ()) -> Found:
    """Look at every file below `paths`. `stale`: folders whose tables say nothing of files outside of them."""
    files = files_below(paths)
    ours = [file for file in files if not cached.is_ours(file)]
    faults = [Fault(file, "empty", "has 0 bytes") for file in files if file.stat().st_size == 0]
    empty = {fault.path for fault in faults}
    values: dict[Path, object] = {}
    claims: list[Claim] = []
    for table in ours:
        if table.suffix in (".csv", ".json") and table not in empty:
            try:
                if table.suffix == ".json":
                    values[table] = json_of(table)
                claims += _trusted(claims_of(table), list(stale))
            except Damaged as error:
                faults.append(Fault(table, "damaged", str(error)))
                values.pop(table, None)
    others = _misplaced([file for file in ours if file not in empty], values)
    faults += others
    for fault in others:
        values.pop(fault.path, None)
    wanted: dict[Path, dict[str, list[Path]]] = {}
    apart = {fault.path for fault in others}
    for claim in (claim for claim in claims if claim.table not in apart):
        wanted.setdefault(claim.path, {}).setdefault(claim.sha256, []).append(claim.table)
    faults += _cut_tables(ours, set(wanted), {fault.path for fault in faults})
    with ThreadPoolExecutor(cores()) as workers:
        told = [workers.submit(_compare, path, names) for path, names in wanted.items() if path not in empty]
        told += [workers.submit(_content, file) for file in ours if file not in wanted and file not in empty]
        faults += [fault for job in told for fault in job.result()]
    faults += [Fault(*fault) for fault in cached.faults([file for file in files if cached.is_ours(file)])]
    faults += [Fault(one.path, "lost", one.why) for one in lost(ours, values)]
    runs = {
        Path(*file.parts[: 3 if file.parts[1:2] == ("studies",) else 2])
        for file in ours
        if file.parts[:1] == ("results",)
    }
    written = [Fault(path, "lost", f"was written, by {log}") for path, log in logged(sorted(runs)) if not path.exists()]
    faults += written
    abouts = [file for file in ours if file.name == "dataset.json" and file not in empty]
    faults += [Fault(*fault) for about in abouts for fault in raw_faults(about)]
    unsealed = [file for file in ours if _carries_none(file, values)]
    checked = len(set(files) | set(wanted)) + sum(map(raw_count, abouts))
    return Found(_once(faults), checked, unsealed)


def files_below(paths: Iterable[Path]) -> list[Path]:
    """Plain files at or below each path, in order; hidden ones and raw data left out."""
    return sorted({file for path in paths for file in _files(path)})


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    found = []
    for file in path.rglob("*"):
        parts = file.relative_to(path).parts
        raw = ("raw" in parts[:1] and path.name == "data") or (path.name, path.parent.name) == ("raw", "data")
        if file.is_file() and not raw and not any(part.startswith(".") for part in parts):
            found.append(file)
    return found


def _trusted(claims: list[Claim], stale: list[Path]) -> list[Claim]:
    """Without what a stale table says of files that are not stale with it: those have been made anew since."""

    def outside(claim: Claim) -> bool:
        return any(claim.table.is_relative_to(one) and not claim.path.is_relative_to(one) for one in stale)

    return [claim for claim in claims if not outside(claim)] if stale else claims


def _once(faults: list[Fault]) -> list[Fault]:
    """One fault a file: a broken table has been told, and that it does not fit its neighbours says no more."""
    faults.sort(key=lambda fault: _ORDER.index(fault.how) if fault.how in _ORDER else len(_ORDER))
    return sorted({fault.path: fault for fault in reversed(faults)}.values())


def _carries_none(file: Path, values: Mapping[Path, object]) -> bool:
    if file.suffix == ".json":
        value = values.get(file)
        return isinstance(value, dict) and seal.FIELD not in value
    with contextlib.suppress(seal.Broken):
        return file.suffix == ".csv" and seal.kept(file) is None
    return False


def _misplaced(files: list[Path], values: Mapping[Path, object]) -> list[Fault]:
    runs = runs_of(values)
    told = [(file, misplaced(file, values, runs)) for file in files if file in values or file.name == "report.html"]
    return [Fault(file, "damaged", why) for file, why in told if why]


def _compare(path: Path, wanted: dict[str, list[Path]]) -> list[Fault]:
    """`wanted`: the digests that tables give to this file, with the tables."""
    every = [table for tables in wanted.values() for table in tables]
    if not path.is_file():
        return [Fault(path, "lost", f"{printable(every[0])} names it")]
    if path.stat().st_size == 0:
        return [Fault(path, "empty", "has 0 bytes")]
    found = sha256(path)
    if found not in wanted:
        return [Fault(path, "damaged", f"is not the file that {printable(every[0])} names (SHA-256)")]
    wrong = sorted({table for digest, tables in wanted.items() if digest != found for table in tables})
    why = f"names another version of {printable(path)} than {printable(wanted[found][0])}"
    return [Fault(table, "damaged", why) for table in wrong]


def _content(file: Path) -> list[Fault]:
    """Faults of a file that no table names, as far as its content tells."""
    if file.suffix == ".png":
        try:
            read_pixels(file)
        except ValueError as error:
            return [Fault(file, "damaged", str(error))]
    if file.suffix == ".html":
        content = file.read_bytes()
        if b"</html>" not in content[-_TAIL:]:
            return [Fault(file, "damaged", "is cut off")]
        if seal.page_holds(content) is False:
            return [Fault(file, "damaged", "is not as it was written (its own SHA-256 differs)")]
    return []


def _cut_tables(files: list[Path], named: set[Path], broken: set[Path]) -> list[Fault]:
    """Tables that end at a whole line but too early: an image of theirs is not in them, or a kept one is no pair."""
    there, faults = set(files) - broken, {}
    homes = {
        parent for file in named for parent in list(file.parents)[:3]
    }  # of a copied run the tables name the original
    for file in files:
        if file.suffix == ".png" and file not in named:
            for folder in list(file.parents)[:3]:
                table = folder.with_suffix(".csv") if folder.name in _HOMES else folder.parent / "files.csv"
                ours = folder.name in _HOMES or folder.name == "images" or folder.name.startswith("labels")
                if ours and table in there and (folder in homes or _is_blank(table)):
                    faults.setdefault(table, Fault(table, "damaged", f"does not name {printable(file)}"))
    for pairs in (file for file in there if file.name == "pairs.csv" and file.with_name("masks.csv") in there):
        with contextlib.suppress(UserError, KeyError):  # damaged in another way, which is told
            kept = {row["id"] for row in read_table(pairs.with_name("masks.csv")) if row["kept"] == "1"}
            lacking = sorted(kept ^ {row["id"] for row in read_table(pairs) if row["origin"] == "pseudo"})
            if lacking:
                why = f"and masks.csv beside it differ on {printable(lacking[0])}"
                faults.setdefault(pairs, Fault(pairs, "damaged", why))
    return list(faults.values())


def _is_blank(table: Path) -> bool:
    with open(table, "rb") as stream:
        return sum(1 for _ in zip(stream, range(2), strict=False)) < 2
