"""Rehash every file below PATH, and tell which are damaged, lost or empty.

Every table, JSON file and page knows its own digest, and tables the number of their rows: a lost line and a changed bit
are found in each. They name the digests of all images, masks and networks. What lies in the place of another file of
its kind is found where it says whose it is, or another file names it. What others were made from must be there: a whole
folder, a generation, a student. Raw files are compared, byte by byte, with those that a data set was prepared from
(data/NAME/raw.csv): an edit, which has a new date, is told apart from damage. Objects in .dvc/cache must have the MD5
they are called after, and those that dvc.lock names must be there. For each fault the command is shown that makes the
file again. Notes tell what no settings make any more, what DVC has not pulled, files that no job wrote, and those of
earlier versions, which carry no digest. Nothing is known of raw files before the first `prepare`, and of .snakemake. A
report that is gone is missed as long as the log of its job is there. Run it while no job writes there: what a job has
not finished would count as lost."""

import argparse
import shlex
from collections.abc import Iterator
from pathlib import Path

from dissent.cli.settings import add_config_dir, config_of, settings_folder
from dissent.cli.text import columns
from dissent.cli.verify.cached import is_ours, restorable
from dissent.cli.verify.faults import Fault, Found, find
from dissent.cli.verify.logged import logged
from dissent.cli.verify.mends import commands, copies, moves
from dissent.cli.verify.mixed import first_of
from dissent.cli.verify.places import files_below, named
from dissent.cli.verify.stale import Stale, Wanted
from dissent.cli.verify.whole_weights import with_whole_weights
from dissent.core.rebuild_hint import command, lost_raw, put_back, target
from dissent.core.words import some
from dissent.datasets.record import WHY as RAW

EXAMPLES = """examples:
  dissent verify                        data, results and what DVC keeps
  dissent verify results/isic data/isic
  dissent verify masks                  what `dissent predict` wrote"""
_SHOWN = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `dissent verify`."""
    parser.add_argument(
        "paths", type=Path, nargs="*", metavar="PATH", help="folders or tables; default: data, results and DVC's cache"
    )
    add_config_dir(parser)
    parser.add_argument("--all", action="store_true", help="a line for each file, where many have one fault")


def run(args: argparse.Namespace) -> int:
    """Returns 0 when all is as it was, else 1."""
    paths = named(args.paths)
    files = files_below(paths)
    folder = settings_folder(args.config_dir)
    wanted = Wanted(config_of(folder) if folder.is_dir() else None)
    found = find(paths, wanted, logged(paths, files))
    renamed = {fault.path for fault in found.faults if fault.how == "moved"}
    old = [one for one in wanted.all_stale(files) if one.folder not in renamed]
    if found.faults:
        _tell(found, old, args.all)
    else:
        print(f"{found.checked} files are what they were")
    for line in _notes(found, old):
        print(f"note: {line}")
    return 1 if found.faults else 0


def _tell(found: Found, old: list[Stale], every: bool) -> None:
    print(columns(_lines(found.faults, every), indent=""))
    made = [fault for fault in found.faults if fault.how not in RAW]
    print(
        f"\n{len(found.faults)} of {found.checked} files are changed, damaged, lost or empty."
        + " What brings them back:" * bool(made)
    )
    for line in _mended(made):
        print(f"  {line}")
    anew = [fault.path for fault in made if fault.how not in ("moved", "mixed") and not fault.source and not fault.mend]
    kept = [path for path in anew if not any(path.is_relative_to(one.folder) for one in old)]
    for line in remedies(kept):
        print(f"  {line}")
    for folder in with_whole_weights(kept):
        print(
            f"  {folder}: its weights are whole, as teachers.json says. A copy of the damaged file is enough, if you have one;"
        )
        print("  the command trains it anew, to the same bytes")
    if len(kept) < len(anew):
        print("  nothing makes those again that no settings know (below): take a copy, if you have one")
    if mix := first_of([fault.path for fault in made if fault.how == "mixed"]):
        print(
            "  mixed: take the whole run from one copy. Where there is none, make the first that does not fit, and verify again:"
        )
        print(f"  {command(sorted(mix))}")
    if len(made) < len(found.faults):
        print(
            "  raw files: restore what is damaged or gone; what was edited is prepared, and trained, anew by your next run"
        )


def _mended(faults: list[Fault]) -> Iterator[str]:
    """What brings files back without making them anew."""
    yield from moves({fault.path: fault.source for fault in faults if fault.how == "moved" and fault.source})
    mended: dict[str, list[Path]] = {}
    for fault in faults:
        if fault.mend:
            mended.setdefault(fault.mend, []).append(fault.path)
    yield from commands(mended)
    yield from copies((fault.path, fault.source) for fault in faults if fault.source and fault.how != "moved")


def _lines(faults: list[Fault], every: bool) -> list[tuple]:
    """Lines of (how, file, why); where many files of a folder have one fault it is one line, with some names."""
    groups: dict[tuple, list[Fault]] = {}
    for fault in faults:
        groups.setdefault((fault.path.parent, fault.how), []).append(fault)
    lines: list[tuple[str, Path | str, str]] = []
    for (folder, how), group in groups.items():
        if every or len(group) <= _SHOWN:
            lines += [(how, fault.path, fault.why) for fault in group]
        else:
            why = f"{len(group)} files: {some([fault.path.name for fault in group], _SHOWN)} (--all names them); the first {group[0].why}"
            lines.append((how, f"{folder}/", why))
    return lines


def _notes(found: Found, old: list[Stale]) -> list[str]:
    lines = [one.told() for one in old]
    if found.unsealed:
        lines.append(
            f"{len(found.unsealed)} files carry no digest, being of an earlier version: a lost line or a changed number "
            f"cannot be seen in {some(found.unsealed)}"
        )
    if found.strangers:
        lines.append(f"{len(found.strangers)} files were not checked, for no job wrote them: {some(found.strangers)}")
    if found.outdated:
        lines.append(
            f"{len(found.outdated)} results were made from other tables of data/ than lie here, and your next run makes them anew: "
            f"{some(found.outdated)}"
        )
    if found.away:
        lines.append(
            f"{len(found.away)} files or folders that dvc.lock names are neither here nor in .dvc/cache: {some(found.away)}. "
            "`dvc pull` brings them"
        )
    return lines


def remedies(paths: list[Path]) -> list[str]:
    """Commands that make these files again, each once; what DVC keeps is taken from there."""
    kept = [path for path in paths if restorable(path)]
    paths = [path for path in paths if path not in kept]
    lines = [f"dvc checkout --force {' '.join(shlex.quote(str(path)) for path in kept)}"] if kept else []
    targets = sorted({target(path) for path in paths if target(path)})
    lost = {one: raw for one in targets if (raw := lost_raw(one))}
    rest = [one for one in targets if one not in lost]
    lines += [command(rest)] if rest else []
    lines += [f"{command([one])}\n    before that: {put_back(raw)}" for one, raw in lost.items()]
    others = [path for path in paths if not target(path)]
    if any(is_ours(path) for path in others):
        lines.append(
            "rm the files in .dvc/cache, then: dvc pull (from a remote), or dvc commit -f (from the results here), which "
            "writes dvc.lock too"
        )
        others = [path for path in others if not is_ours(path)]
    if others:
        lines.append("dissent predict ... --overwrite for its own masks, or a copy, for the others")
    return lines
