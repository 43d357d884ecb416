"""Files that are damaged, lost or empty: by their own digest, by the tables that name them, and by what lies beside them. No torch."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from dissent.cli.machine import cores
from dissent.cli.verify import cached
from dissent.cli.verify.checksums import Claim, Damaged, claims_of, json_of
from dissent.cli.verify.expected import lost
from dissent.cli.verify.mends import WHY, edited
from dissent.cli.verify.misplaced import misplaced, of_another_generation, runs_of
from dissent.cli.verify.mixed import mixed
from dissent.cli.verify.moved import moved
from dissent.cli.verify.places import files_below
from dissent.cli.verify.raw_files import raw_count, raw_faults, teacher_faults
from dissent.cli.verify.sources import Wanting, believed, by_content, by_path, other_students, sources
from dissent.cli.verify.stale import EVERYTHING, Wanted
from dissent.cli.verify.written import PAGES, is_written, strangers
from dissent.core import seal
from dissent.core.files import UserError, read_table, sha256
from dissent.core.words import printable
from dissent.datasets.decode import read_pixels

_TAIL = 1 << 16
_ORDER = ("empty", "damaged")  # of several faults of one file the first of these is told


class Fault(NamedTuple):
    """A file that is not what it was: how (damaged, lost, empty), and why we say so."""

    path: Path
    how: str
    why: str
    source: Path | None = None
    """where its content lies; of what was moved, where it belongs"""
    mend: str = ""
    """the command that mends its form"""


class Found(NamedTuple):
    """What `find` saw: faults by path, how many files were checked, and what is told beside them."""

    faults: list[Fault]
    checked: int
    unsealed: list[Path]
    """files that carry no digest"""
    strangers: list[Path]
    """files that no job wrote"""
    away: list[Path]
    """what dvc.lock names and was not pulled"""
    outdated: list[Path]
    """what was made from other tables of data/ than lie here"""


def find(
    paths: Iterable[Path], settings: Wanted = EVERYTHING, written: Mapping[Path, str] = MappingProxyType({})
) -> Found:
    """Look at every file below `paths`, which are relative to the folder of the project.

    `settings`: tables of what they do not ask for say nothing of what they ask for, and it may be gone. `written`: what jobs
    have written, and how that is known.
    """
    paths = list(paths)
    files = files_below(paths)
    of_dvc = [file for file in files if cached.is_ours(file)]
    digests, faults = _hashed(file for file in files if not cached.is_ours(file))
    broken = {fault.path for fault in faults}
    ours = [file for file in digests if file not in broken]
    values, claims, bad = _read([file for file in ours if is_written(file)])
    renamed = moved(values)
    others = _misplaced(ours, values, claims)
    apart = {fault.path for fault in others}
    values = {file: value for file, value in values.items() if file not in apart}
    faults += bad + others
    lies = by_content(digests)
    claims = [claim for claim in _trusted(claims, settings) if claim.table not in apart]
    rankings = {place: Fault(place[0], "damaged", why) for place, why in other_students(claims, digests, lies).items()}
    faults += rankings.values()
    claims = [claim for claim in claims if (claim.table, claim.path.parent) not in rankings]
    wanted = by_path(believed(claims, digests))
    alien = strangers(ours, wanted, {fault.path for fault in faults})
    for path in sorted(wanted.keys() - broken):
        faults += _compare(path, wanted[path], digests)
    faults += _unequal(ours)
    faults += [Fault(one.path, "lost", one.why) for one in lost(digests.keys() - alien, values)]
    faults += [
        Fault(path, "lost", why) for path, why in written.items() if not path.exists() and not settings.gone(path)
    ]
    faults += [Fault(file, "empty", "has 0 bytes") for file in of_dvc if cached.is_cut_to_nothing(file)]
    faults += [Fault(*fault) for fault in cached.faults(of_dvc)]
    faults += _contents([file for file in ours if file not in wanted and file not in alien])
    abouts = [file for file in ours if file.name == "dataset.json" and file not in alien]
    faults += [Fault(*fault) for about in abouts for fault in raw_faults(about)]
    outside = [file for file in ours if file.parent.name == "external" and file.suffix == ".json" and file not in alien]
    faults += [Fault(*fault) for about in outside for fault in teacher_faults(about)]
    unsealed = [file for file in ours if file not in alien and _carries_none(file, values)]
    checked = len((set(files) | set(wanted)) - alien) + sum(map(raw_count, abouts))
    away = cached.away()
    kept = [fault for fault in faults if not _may_be_gone(fault, settings, away) and not _is_of(fault.path, renamed)]
    kept = _with_sources(kept, apart, wanted, values, lies)
    told = {fault.path for fault in kept}
    mix = [
        one
        for one in mixed(values, [file for file in ours if file.name in PAGES], digests)
        if not any(path in told or settings.stale(path) or _is_of(path, renamed) for path in (one.path, one.other))
    ]
    kept += [Fault(one.path, "mixed", one.why) for one in mix if one.other.parts[0] != "data"]
    old = sorted({one.path for one in mix if one.other.parts[0] == "data"})
    kept += [
        Fault(one, "moved", f"was made as {before}, and tables call it so", before) for one, before in renamed.items()
    ]
    alien = {file for file in alien if not _is_of(file, renamed)}
    below = sorted(one for one in away if any(one.is_relative_to(path) for path in paths))
    return Found(_once(kept), checked, unsealed, sorted(alien), below, old)


def _may_be_gone(fault: Fault, settings: Wanted, away: set[Path]) -> bool:
    """Whether a file that is gone need not be here. A data set must, as long as a run that is wanted names it."""
    removed = settings.gone(fault.path)
    unasked = (removed and removed.parent != Path("data")) or not away.isdisjoint((fault.path, *fault.path.parents))
    return fault.how == "lost" and bool(unasked)


def _with_sources(
    faults: list[Fault],
    apart: set[Path],
    wanted: Wanting,
    values: Mapping[Path, object],
    lies: Mapping[str, list[Path]],
) -> list[Fault]:
    """Add to each fault how to mend it: a command that mends the form, or another file with the right content."""
    mends = {fault.path: mend for fault in faults if fault.how == "damaged" and (mend := edited(fault.path))}
    sought = [fault.path for fault in faults if fault.how in ("damaged", "lost", "empty") and fault.path not in apart]
    found = sources([path for path in sought if path not in mends], wanted, values, lies)
    return [
        fault._replace(why=WHY[mends[fault.path]], mend=mends[fault.path])
        if fault.path in mends
        else fault._replace(source=found.get(fault.path))
        for fault in faults
    ]


def _is_of(path: Path, renamed: Mapping[Path, Path]) -> bool:
    """Whether a path lies in a folder that was moved, or where that was before."""
    return any(path.is_relative_to(one) for pair in renamed.items() for one in pair)


def _hashed(files: Iterable[Path]) -> tuple[dict[Path, str], list[Fault]]:
    """The SHA-256 of each file, and faults of those that are empty or cannot be read."""

    def one(file: Path) -> tuple[Path, str | Fault]:
        try:
            return file, sha256(file) if file.stat().st_size else Fault(file, "empty", "has 0 bytes")
        except OSError as error:
            return file, Fault(file, "damaged", f"cannot be read ({error.strerror})")

    with ThreadPoolExecutor(cores()) as workers:
        found = dict(workers.map(one, files))
    faults = [fault for fault in found.values() if isinstance(fault, Fault)]
    return {file: "" if isinstance(value, Fault) else value for file, value in found.items()}, faults


def _read(tables: Iterable[Path]) -> tuple[dict[Path, object], list[Claim], list[Fault]]:
    """What the whole JSON files hold, what tables say of other files, and faults of those that are broken."""
    values: dict[Path, object] = {}
    claims: list[Claim] = []
    faults = []
    for table in tables:
        try:
            if table.suffix == ".json":
                values[table] = json_of(table)
            claims += claims_of(table)
        except Damaged as error:
            faults.append(Fault(table, "damaged", str(error)))
            values.pop(table, None)
    return values, claims, faults


def _trusted(claims: Iterable[Claim], settings: Wanted) -> Iterator[Claim]:
    """Leave out what a stale table says of files that are not stale: those have been made anew since."""
    for claim in claims:
        old = settings.stale(claim.table)
        if old is None or claim.path.is_relative_to(old.folder):
            yield claim


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


def _misplaced(files: list[Path], values: Mapping[Path, object], claims: Iterable[Claim]) -> list[Fault]:
    runs = runs_of(values)
    of_others = {claim.table: why for claim in claims if (why := of_another_generation(claim.table, claim.path))}
    told = [(file, misplaced(file, values, runs)) for file in files if file in values or file.name in PAGES]
    return [Fault(file, "damaged", why) for file, why in [*told, *of_others.items()] if why]


def _compare(path: Path, wanted: dict[str, list[Path]], digests: Mapping[Path, str]) -> list[Fault]:
    """`wanted`: the digests that tables give to this file, with the tables."""
    every = [table for tables in wanted.values() for table in tables]
    if not path.is_file():
        return [Fault(path, "lost", f"{printable(every[0])} names it")]
    found = digests.get(path) or sha256(path)
    if found not in wanted:
        return [Fault(path, "damaged", f"is not the file that {printable(every[0])} names (SHA-256)")]
    wrong = sorted({table for digest, tables in wanted.items() if digest != found for table in tables})
    why = f"names another version of {printable(path)} than {printable(wanted[found][0])}"
    return [Fault(table, "damaged", why) for table in wrong]


def _contents(files: Iterable[Path]) -> list[Fault]:
    """Faults of files that no table names, as far as their content tells."""
    with ThreadPoolExecutor(cores()) as workers:
        return [fault for found in workers.map(_content, files) for fault in found]


def _content(file: Path) -> list[Fault]:
    if file.suffix == ".png":
        try:
            read_pixels(file)
        except ValueError as error:
            return [Fault(file, "damaged", str(error))]
    if file.suffix == ".html":
        content = file.read_bytes()
        if b"</html>" not in content[-_TAIL:]:
            return [Fault(file, "damaged", "is cut off")]
        if why := seal.page_fault(file.name, content):
            return [Fault(file, "damaged", why)]
    return []


def _unequal(files: Iterable[Path]) -> list[Fault]:
    """Tables of pairs that do not have the masks that are kept by the table beside them: one of the two is of another day."""
    there, faults = set(files), []
    for pairs in (file for file in there if file.name == "pairs.csv" and file.with_name("masks.csv") in there):
        with contextlib.suppress(UserError, KeyError):  # damaged, which is told
            kept = {row["id"] for row in read_table(pairs.with_name("masks.csv")) if row["kept"] == "1"}
            lacking = sorted(kept ^ {row["id"] for row in read_table(pairs) if row["origin"] == "pseudo"})
            if lacking:
                why = f"and masks.csv beside it differ on {printable(lacking[0])}"
                faults.append(Fault(pairs, "damaged", why))
    return faults
