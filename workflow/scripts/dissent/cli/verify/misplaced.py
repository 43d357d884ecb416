"""Whole files that lie in the place of another one of their kind. No torch."""

import re
from collections.abc import Mapping
from pathlib import Path

from dissent.cli.verify.expected import counted
from dissent.cli.verify.written import PAGES
from dissent.core import seal
from dissent.core.words import printable
from dissent.runtime.cost import spent_of

Values = Mapping[Path, object]
_GENERATION = re.compile(r"results/([^/]+)/gen(\d+)/(metrics|audit|teachers)\.json")


def misplaced(file: Path, values: Values, runs: Mapping[str, set[str]]) -> str | None:
    """Why a whole JSON file or page is not the one of its place; None when it is, or does not say.

    `values`: what the whole JSON files hold. `runs`: of `runs_of`.
    """
    if file.name in PAGES:
        return _other_page(file, runs)
    value = values.get(file)
    if not isinstance(value, dict) or "stopped_at" in value:
        return None
    if not _of_its_kind(file, value):
        return f"is a whole {file.name} of another kind"
    if match := _GENERATION.fullmatch(file.as_posix()):
        return _other_generation(value, match[1], int(match[2]), runs)
    for name, key in (("dataset.json", "dataset"), ("split.json", "split")):
        if file.name == name and value.get(key, file.parent.name) != file.parent.name:
            return f"is that of {printable(value[key])}"
    return _other_sum(file, value, values)


def _of_its_kind(file: Path, value: dict) -> bool:
    """Whether a file whose name students and generations share is that of its folder, and a data set's is one."""
    if file.name == "dataset.json":
        return "task" in value
    if file.name == "metrics.json" and file.parents[1].name in ("students", "evalnets"):
        return "generation" not in value
    if file.name == "metrics.json" and _GENERATION.fullmatch(file.as_posix()):
        return "generation" in value
    if file.name == "cost.json":
        return ("jobs" in value) == (file.parents[1].name not in ("students", "evalnets"))
    return True


def runs_of(values: Values) -> dict[str, set[str]]:
    """{folder of a run: the runs that its files name}; a folder that was copied or renamed names another than itself."""
    found: dict[str, set[str]] = {}
    for file, value in values.items():
        if (match := _GENERATION.fullmatch(file.as_posix())) and isinstance(value, dict) and "run" in value:
            found.setdefault(match[1], set()).add(value["run"])
    return found


def _other_generation(value: dict, run: str, g: int, runs: Mapping[str, set[str]]) -> str | None:
    other = run in runs.get(run, ()) and value.get("run", run) != run
    if other or value.get("generation", g) != g:
        return f"is that of {printable(value.get('run', run))}/gen{value.get('generation', g)}"
    folders = {Path(row["folder"]).parents[1].name for row in value.get("pool", [])} - {f"gen{g}"}
    return f"is that of {', '.join(sorted(folders))}" if folders else None


def of_another_generation(table: Path, named: Path) -> str | None:
    """Why a table of pictures is not that of its generation, by one that it names."""
    own, other = (re.match(r"results/[^/]+/gen(\d+)/", path.as_posix()) for path in (table, named))
    pictures = table.suffix == ".csv" and named.suffix == ".png"
    return f"is that of gen{other[1]}" if pictures and own and other and own[1] != other[1] else None


def _other_page(file: Path, runs: Mapping[str, set[str]]) -> str | None:
    names = seal.made_from(file.read_bytes())
    run = file.parent.name
    if names and run in runs.get(run, ()) and not any(name.startswith(f"results/{run}/") for name in names):
        return "is that of another run"
    return None


def _other_sum(file: Path, value: dict, values: Values) -> str | None:
    """cost.json of a generation that counts another cost of a job than the job's own file has.

    The sum is told, whichever of the two is wrong: it is made again at once, and the file of a job by the whole job.
    """
    for job, cost in value.get("jobs", {}).items() if file.name == "cost.json" else ():
        own = values.get(counted(file.parent, job))
        if isinstance(own, dict) and spent_of(own) != spent_of(cost):
            return f"counts {printable(job)} otherwise than {counted(file.parent, job)}"
    return None
