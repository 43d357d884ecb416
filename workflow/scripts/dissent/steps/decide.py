"""`generations: auto`: whether another generation is made, decided on validation images alone. Needs no torch."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dissent.core.files import UserError, read_json, write_json
from dissent.evaluation import metrics
from dissent.evaluation.bootstrap import same_images
from dissent.evaluation.stopping import LEVEL, decide, sentence

if TYPE_CHECKING:
    from dissent.core import arguments

log = logging.getLogger(__name__)


def stopping(params: "arguments.Evaluation", counts: Sequence[str]) -> dict:
    """`stopping` of metrics.json: what each generation gained, which is kept, and whether it was enough.

    `counts`: counts.csv of every generation so far. `stopped_at` is the last generation that is
    made, None while more are. That the run ends at its cap is not known here: a higher cap changes no generation.
    """
    score, patience = params["task"]["score"], params["patience"]
    assert patience is not None, "a run with a number of generations decides nothing"
    pools = list(same_images(counts, "val"))
    scorer = metrics.scorer(score, params["task"])
    found = decide([one.counts_SNL4 for one in pools], scorer, patience, groups=pools[0].groups)
    told = {
        "patience": patience,
        "stopped_at": len(counts) - 1 if found.stop else None,
        "kept": found.kept,
        "kept_folder": Path(counts[found.kept]).parent.as_posix(),
        "why": sentence(found, patience, score),
        "level": LEVEL,
        "generations": found.as_dict()["turns"],
    }
    log.info("%s", told["why"])
    return told


def write_stop(params: "arguments.Deciding", before: str, out: str) -> None:
    """Write the answer for one generation: {"stopped_at": None} when it is made, else `stopping` and what that saves.

    `before`: metrics.json of the generation before.
    """
    found = read_json(before).get("stopping")
    if found is None:
        raise UserError(f"{before} decides nothing: the run has a number of generations, not `generations: auto`")
    if found["stopped_at"] is None:
        write_json(out, {"stopped_at": None})
        return
    left = params["pools"][found["stopped_at"] + 1 :]
    last = Path(before).parent.with_name(f"gen{found['stopped_at']}")
    best = read_json(last / "teachers.json")["pool"][0]
    steps = sum(left) * read_json(Path(best["folder"]) / "metrics.json")["steps"]
    saved = {"generations": len(left), "students": sum(left), "steps": steps}
    log.info("%s. That saves %d generations: %d students, %s steps", found["why"], len(left), sum(left), f"{steps:,}")
    write_json(out, found | {"saved": saved})
