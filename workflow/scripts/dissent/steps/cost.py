"""Add up what the jobs of a generation cost. Seconds and memory are never the same twice, so they stand apart."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from dissent.core.files import digests, read_json, write_json
from dissent.runtime import Cost
from dissent.runtime.cost import spent_of

_APART = ("dataset.json", "stop.")
"""files that jobs read and that may change without them"""


def write_cost(out: str, spent: Cost, done: Mapping, inputs: Iterable[str] = (), outputs: Iterable[str] = ()) -> None:
    """Write one job's cost file: time and memory, what was done for it (steps, images), and the digests of the tables that it read and wrote.

    `done`: `earlier` has the seconds and cpu_seconds of starts that were interrupted, which count too.
    """
    read = [path for path in inputs if not Path(path).name.startswith(_APART)]
    record = {"made_from": digests(read, out), "made": digests(outputs, out)}
    earlier = done.get("earlier", {})
    whole = {
        name: round(value + earlier[name], 3) if name in earlier else value for name, value in spent.as_dict().items()
    }
    whole |= {name: value for name, value in done.items() if name != "earlier"}
    write_json(out, whole | {name: found for name, found in record.items() if found})


def add_costs(files: Sequence[str], out: str) -> None:
    """Write cost.json: the cost of each job (files students/{i}/cost.json, costs/{rule}.json, costs/{rule}/shard{s}.json), and their sums."""
    costs = {_name(Path(file)): spent_of(read_json(file)) for file in files}
    total = {
        "seconds": round(sum(cost["seconds"] for cost in costs.values()), 1),
        "cpu_seconds": round(sum(cost["cpu_seconds"] for cost in costs.values()), 1),
        "steps": sum(cost.get("steps", 0) for cost in costs.values()),
        "images": sum(cost.get("images", 0) for cost in costs.values()),
        "peak_memory_mb": max(cost["peak_memory_mb"] for cost in costs.values()),
        "devices": sorted({cost["device"] for cost in costs.values()}),
    }
    write_json(out, {"total": total, "jobs": costs})


def _name(file: Path) -> str:
    """`predict`, of a shard `predict shard1`, `train 2`, `evalnet 1`."""
    if file.name != "cost.json":
        return file.stem if file.parent.name == "costs" else f"{file.parent.name} {file.stem}"
    return f"{'evalnet' if file.parents[1].name == 'evalnets' else 'train'} {file.parent.name}"
