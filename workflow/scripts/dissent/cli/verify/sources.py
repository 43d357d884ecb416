"""Of files that are not those that tables name: which of the two is to be believed, and where the right one lies. No torch."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from dissent.cli.verify.checksums import Claim
from dissent.core import seal
from dissent.core.words import printable

Wanting = Mapping[Path, Mapping[str, list[Path]]]
"""{file: {SHA-256 that it should have: the tables that say so}}"""
_RANKINGS = ("teachers.json", "evalnets.json")


def by_content(digests: Mapping[Path, str]) -> dict[str, list[Path]]:
    """{SHA-256: files}."""
    found: dict[str, list[Path]] = {}
    for file, digest in sorted(digests.items()):
        found.setdefault(digest, []).append(file)
    return found


def by_path(claims: Iterable[Claim]) -> dict[Path, dict[str, list[Path]]]:
    """Sort claims by the file that they are about."""
    wanted: dict[Path, dict[str, list[Path]]] = {}
    for claim in claims:
        wanted.setdefault(claim.path, {}).setdefault(claim.sha256, []).append(claim.table)
    return wanted


def believed(claims: Iterable[Claim], digests: Mapping[Path, str]) -> list[Claim]:
    """Leave out the claims of tables that are themselves not what another table says."""
    claims = list(claims)
    other = {path for path, shas in by_path(claims).items() if path in digests and digests[path] not in shas}
    return [claim for claim in claims if claim.table not in other]


def other_students(
    claims: Iterable[Claim], digests: Mapping[Path, str], lies: Mapping[str, list[Path]]
) -> dict[tuple[Path, Path], str]:
    """{(ranking, folder of a student): why} where a whole student lies in the place of the one that is ranked: to train it anew for
    that would be for nothing. Not where either lies elsewhere too: then folders were swapped or copied."""
    named: dict[Path, dict[Path, str]] = {}
    for claim in claims:
        named.setdefault(claim.table, {})[claim.path] = claim.sha256
    found = {}
    for table in (one for one in named if one.name in _RANKINGS):
        for about in (path for path in named[table] if path.name == "model.json"):
            weights = about.with_name("model.safetensors")
            here, there = digests.get(weights, ""), named[table].get(weights)
            whole = here and named.get(about, {}).get(weights) == here
            if whole and here != there and there not in lies and len(lies[here]) == 1:
                where = printable(about.parent)
                found[table, about.parent] = (
                    f"ranks another student than the whole one in {where}: one of the two is of another copy"
                )
    return found


def sources(
    paths: Iterable[Path], wanted: Wanting, values: Mapping[Path, object], lies: Mapping[str, list[Path]]
) -> dict[Path, Path]:
    """{file: where the content lies that belongs there}; beside such a file of a student also what no table names."""
    paths, found = list(paths), {}
    for path in paths:
        tables = (values.get(keeper) for keeper in seal.keepers(path)) if path.suffix == ".csv" else ()
        kept = [
            one["tables"][path.name]["sha256"]
            for one in tables
            if isinstance(one, dict) and path.name in one.get("tables", {})
        ]
        if source := next(
            (file for sha in [*wanted.get(path, ()), *kept] for file in lies.get(sha, ()) if file != path), None
        ):
            found[path] = source
    for path in (one for one in paths if one not in found and one.parts[-3:-2] == ("students",)):
        beside = {source.parent / path.name for file, source in found.items() if file.parent == path.parent} - {path}
        if len(beside) == 1 and (one := beside.pop()).is_file():
            found[path] = one
    return found
