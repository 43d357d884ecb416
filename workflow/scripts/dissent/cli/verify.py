"""Rehash every file that the tables below PATH name, and tell which are damaged, lost or empty.

Tables are those of data sets and splits, pairs.csv, predictions.csv, masks.csv, teachers.json, model.json, and the
predictions.csv of `dissent predict`. Raw files are compared, byte by byte, with those that a data set was prepared from
(data/NAME/raw.csv): an edit, which has a new date, is told apart from damage. Images that no table names are decoded;
other files must not be empty or cut off; what DVC keeps in .dvc/cache must have the MD5 it is called after. For each
fault the command is shown that makes the file again. A number that changes inside a table whose digest nobody keeps
(metrics.json) cannot be noticed. Not while a job writes there: what it has not finished would count as lost."""

import argparse
import contextlib
import hashlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from dissent.cli.claims import SIDES, Claim, Damaged, claims_of
from dissent.cli.machine import cores
from dissent.cli.rawfiles import raw_count, raw_faults
from dissent.cli.text import columns, printable
from dissent.datasets.decode import read_pixels
from dissent.datasets.record import WHY
from dissent.files import UserError, read_table, sha256
from dissent.remedy import command, target

EXAMPLES = """examples:
  dissent verify                        data, results and .dvc/cache
  dissent verify results/isic data/isic
  dissent verify masks                  what `dissent predict` wrote"""
_CACHE = Path(".dvc/cache/files/md5")
_DEFAULT = (Path("data"), Path("results"), _CACHE)
_TAIL = 1 << 16
_HOMES = ("predictions", "masks")  # folders whose table is called like them


class Fault(NamedTuple):
    """A file that is not what it was: how (damaged, lost, empty), and why we say so."""

    path: Path
    how: str
    why: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `dissent verify`."""
    parser.add_argument(
        "paths", type=Path, nargs="*", metavar="PATH", help="folders or tables; default: data, results and DVC's cache"
    )


def run(args: argparse.Namespace) -> int:
    """Returns 0 when all is as it was, else 1."""
    paths = args.paths or [path for path in _DEFAULT if path.exists()]
    absent = [path for path in paths if not path.exists()]
    if absent or not paths:
        what = ", ".join(map(printable, absent)) or "data or results"
        raise UserError(f"there is no {what} here; run this in the folder of the project, or name what to verify")
    faults, checked = find_faults(paths)
    if not faults:
        print(f"{checked} files are what they were")
        return 0
    print(columns([(fault.how, fault.path, fault.why) for fault in faults], indent=""))
    made = [fault.path for fault in faults if fault.how not in WHY]
    print(
        f"\n{len(faults)} of {checked} files are changed, damaged, lost or empty."
        + " What makes them again:" * bool(made)
    )
    for line in remedies(made):
        print(f"  {line}")
    if len(made) < len(faults):
        print(
            "  raw files: restore what is damaged or gone; what was edited is prepared, and trained, anew by your next run"
        )
    return 1


def find_faults(paths: Iterable[Path]) -> tuple[list[Fault], int]:
    """Every fault below `paths`, by path, and the number of files that were checked."""
    files = sorted({file for path in paths for file in _files(path)})
    cached = [file for file in files if _CACHE.parts == file.parts[: len(_CACHE.parts)]]
    own = [file for file in files if file not in set(cached)]
    faults = [Fault(file, "empty", "has 0 bytes") for file in own if file.stat().st_size == 0]
    empty = {fault.path for fault in faults}
    claims: list[Claim] = []
    for table in own:
        if table.suffix in (".csv", ".json") and table not in empty:
            try:
                claims += claims_of(table)
            except Damaged as error:
                faults.append(Fault(table, "damaged", str(error)))
    wanted: dict[Path, dict[str, list[Path]]] = {}
    for claim in claims:
        wanted.setdefault(claim.path, {}).setdefault(claim.sha256, []).append(claim.table)
    faults += _lost_tables(own) + _cut_tables(own, set(wanted), {fault.path for fault in faults})
    with ThreadPoolExecutor(cores()) as workers:
        told = [workers.submit(_compare, path, names) for path, names in wanted.items() if path not in empty]
        told += [workers.submit(_content, file) for file in own if file not in wanted and file not in empty]
        told += [workers.submit(_cached, file) for file in cached]
        faults += [fault for job in told for fault in job.result()]
    abouts = [file for file in own if file.name == "dataset.json" and file not in empty]
    faults += [Fault(*fault) for about in abouts for fault in raw_faults(about)]
    broken = {fault.path for fault in faults if fault.how != "lost"}
    # a broken table has been told; that it does not fit its neighbours says no more
    faults = [f for f in dict.fromkeys(faults) if not (f.how == "lost" and f.path in broken)]
    return sorted(faults), len(set(files) | set(wanted)) + sum(map(raw_count, abouts))


def _files(path: Path) -> list[Path]:
    """Plain files at or below `path`; hidden ones and raw data left out."""
    if path.is_file():
        return [path]
    found = []
    for file in path.rglob("*"):
        parts = file.relative_to(path).parts
        raw = ("raw" in parts[:1] and path.name == "data") or (path.name, path.parent.name) == ("raw", "data")
        if file.is_file() and not raw and not any(part.startswith(".") for part in parts):
            found.append(file)
    return found


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
    if file.suffix == ".html" and b"</html>" not in file.read_bytes()[-_TAIL:]:
        return [Fault(file, "damaged", "is cut off")]
    return []


def _cached(file: Path) -> list[Fault]:
    expected = "".join(file.parts[-2:]).removesuffix(".dir")
    with open(file, "rb") as stream:
        found = hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    return [] if found == expected else [Fault(file, "damaged", "has another MD5 than its name says")]


def _lost_tables(files: list[Path]) -> list[Fault]:
    """Tables that must be there because of what lies beside them."""
    there, folders = set(files), {parent for file in files for parent in file.parents[:5]}
    lost = []
    for folder in sorted(folders):
        needs: list[tuple[Path, str]] = []
        if folder.name in ("predictions", "masks") and folder.parent.name.startswith("gen"):
            needs = [(folder.with_suffix(".csv"), folder.name)]
            needs += [
                (one / "teachers.json", folder.name) for one in _before(folder.parent) if folder.name == "predictions"
            ]
        if folder.name == "students":
            needs = [(folder.with_name("pairs.csv"), "the students who learned from it")]
        if folder / "model.safetensors" in there or folder / "model.json" in there:
            needs = [(folder / name, "a student") for name in ("model.safetensors", "model.json", "metrics.json")]
        if folder.parent.name == "splits":
            needs = [(folder / f"{side}.csv", "a split") for side in SIDES]
        if folder / "files.csv" in there or folder / "dataset.json" in there:
            needs = [(folder / name, "a data set") for name in ("files.csv", "dataset.json")]
        lost += [Fault(path, "lost", f"belongs to {what}") for path, what in needs if not path.exists()]
    return lost


def _before(generation: Path) -> list[Path]:
    """The folder of the generation before, if there is one."""
    number = generation.name.removeprefix("gen")
    before = generation.with_name(f"gen{int(number) - 1}") if number.isdigit() else generation
    return [before] if before != generation and before.is_dir() else []


def _cut_tables(files: list[Path], named: set[Path], broken: set[Path]) -> list[Fault]:
    """Tables that end at a whole line but too early: an image of theirs is not in them, or a kept one is no pair."""
    there = set(files) - broken
    faults = {}
    for file in files:
        if file.suffix == ".png" and file not in named:
            for folder in list(file.parents)[:3]:
                table = folder.with_suffix(".csv") if folder.name in _HOMES else folder.parent / "files.csv"
                if table in there and (
                    folder.name in _HOMES or folder.name == "images" or folder.name.startswith("labels")
                ):
                    faults.setdefault(table, Fault(table, "damaged", f"does not name {printable(file)}"))
    for pairs in (file for file in there if file.name == "pairs.csv" and file.with_name("masks.csv") in there):
        with contextlib.suppress(UserError, KeyError):  # damaged in another way, which is told
            kept = {row["id"] for row in read_table(pairs.with_name("masks.csv")) if row["kept"] == "1"}
            lacking = sorted(kept ^ {row["id"] for row in read_table(pairs) if row["origin"] == "pseudo"})
            if lacking:
                why = f"and masks.csv beside it differ on {printable(lacking[0])}"
                faults.setdefault(pairs, Fault(pairs, "damaged", why))
    return list(faults.values())


def remedies(paths: list[Path]) -> list[str]:
    """Commands that make these files again, each once."""
    targets = sorted({target(path) for path in paths if target(path)})
    lines = [command(targets)] if targets else []
    others = [path for path in paths if not target(path)]
    if any(_CACHE.parts == path.parts[: len(_CACHE.parts)] for path in others):
        lines.append(
            "rm the files in .dvc/cache, then: dvc pull (from a remote), or dvc commit -f (from the results here)"
        )
        others = [path for path in others if _CACHE.parts != path.parts[: len(_CACHE.parts)]]
    if others:
        lines.append("dissent predict ... --overwrite for its own masks, or a copy, for the others")
    return lines
