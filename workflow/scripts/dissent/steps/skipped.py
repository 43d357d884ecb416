"""The jobs of a generation that is not made, as the run stopped before it: they end at once and leave words in place of files.

Whoever reads teachers.json, metrics.json or counts.csv of such a generation meets those of the generation that is kept.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from safetensors.numpy import save

from dissent.core.columns import HISTORY, MASKS, PAIRS, PREDICTIONS, SCORES
from dissent.core.files import read_json, sha256, write_atomic, write_json, write_table, write_text
from dissent.core.task import Task
from dissent.pseudolabels.learned import columns_of
from dissent.runtime import AtOnce

_NO_COST = {"seconds": 0.0, "cpu_seconds": 0.0, "peak_memory_mb": 0.0, "host": "", "device": "none"}


@contextlib.contextmanager
def unless_stopped(snakemake: Any) -> Iterator[None]:
    """Run the block as the job. If the generation is not made, write the job's outputs instead and leave the block out."""
    stop = snakemake.input.get("stop")
    found = read_json(stop) if stop else {"stopped_at": None}
    if found["stopped_at"] is not None:
        write_instead(snakemake.rule.removesuffix("_shard"), snakemake.output, snakemake.params, found)
        raise AtOnce(found["why"])
    yield


def write_instead(rule: str, output: Any, params: Any, found: Mapping) -> None:
    """Write what a job of this rule leaves when its generation is not made. `found`: its stop.json."""
    _INSTEAD[rule](output, params, found)


def _empty(folder: str, found: Mapping) -> None:
    write_text(Path(folder) / "not_made.txt", f"{_told(found)}\n")


def _predict(output: Any, params: Any, found: Mapping) -> None:
    _empty(output.folder, found)
    write_table(output.table, [], PREDICTIONS)
    _cost(output.cost, found)


def _build_masks(output: Any, params: Any, found: Mapping) -> None:
    for folder in (output.consensus, output.inconsistency, output.overlay):
        _empty(folder, found)
    write_table(output.table, [], (*MASKS, *columns_of(Task(params.settings["task"]))))
    _cost(output.cost, found)


def _score(output: Any, params: Any, found: Mapping) -> None:
    write_table(output.table, [], SCORES)
    _cost(output.cost, found)


def _pairs(output: Any, params: Any, found: Mapping) -> None:
    write_table(output[0], [], PAIRS)


def _train(output: Any, params: Any, found: Mapping) -> None:
    words = _pointer(found)
    # no tensor, one sentence (of several safetensors would draw the order): who hashes or opens it finds a whole file
    write_atomic(output.model, save({}, metadata={"not_made": _told(found)}))
    write_json(output.about, words | {"sha256": sha256(output.model)})
    history = write_table(output.history, [], HISTORY)
    write_json(output.metrics, words | {"tables": {"history.csv": history}})
    _cost(output.cost, found)


def _rank(output: Any, params: Any, found: Mapping) -> None:
    write_json(output[0], read_json(Path(found["kept_folder"]) / "teachers.json") | _pointer(found))


def _evaluate(output: Any, params: Any, found: Mapping) -> None:
    kept = Path(found["kept_folder"])
    own = {"generation": params.settings["generation"]} | _pointer(found)
    write_json(output.metrics, read_json(kept / "metrics.json") | own | {"stopping": dict(found)})
    write_atomic(output.counts, (kept / "counts.csv").read_bytes())
    _empty(output.examples, found)
    write_text(output.readme, f"# Not made\n\n{_told(found)}\n")
    _cost(output.cost, found)


def _audit(output: Any, params: Any, found: Mapping) -> None:
    named = {key: params.settings[key] for key in ("run", "generation")}
    write_json(output[0], named | {"hidden_masks": 0} | _pointer(found))


def _told(found: Mapping) -> str:
    return f"{found['why']}: {found['kept_folder']}"


def _pointer(found: Mapping) -> dict:
    return {key: found[key] for key in ("stopped_at", "kept", "kept_folder", "why")}


def _cost(path: str, found: Mapping) -> None:
    write_json(path, _NO_COST | {"steps": 0, "images": 0, "stopped_at": found["stopped_at"]})


_INSTEAD: dict[str, Callable[[Any, Any, Mapping], None]] = {
    "predict": _predict,
    "build_masks": _build_masks,
    "score_pairs": _score,
    "assemble_pairs": _pairs,
    "train": _train,
    "rank_students": _rank,
    "evaluate": _evaluate,
    "audit": _audit,
    "show_pairs": lambda output, params, found: _empty(output[0], found),
}
