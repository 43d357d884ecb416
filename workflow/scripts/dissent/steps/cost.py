"""Add up what the jobs of a generation cost. Seconds and memory are never the same twice, so they stand apart."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from dissent.core.files import read_json, write_json
from dissent.runtime import Cost


def write_cost(out: str, spent: Cost, done: Mapping) -> None:
    """Write one job's cost file: time and memory, and what was done for it (steps, images).

    `done`: `earlier` has the seconds and cpu_seconds of starts that were interrupted, which count too.
    """
    earlier = done.get("earlier", {})
    whole = {
        name: round(value + earlier[name], 3) if name in earlier else value for name, value in spent.as_dict().items()
    }
    write_json(out, whole | {name: value for name, value in done.items() if name != "earlier"})


def add_costs(files: Sequence[str], out: str) -> None:
    """Write cost.json: the cost of each job (files students/{i}/cost.json, costs/{rule}.json, costs/{rule}/shard{s}.json), and their sums."""
    costs = {_name(Path(file)): read_json(file) for file in files}
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
