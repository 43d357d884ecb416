"""Rank a generation's students by their validation score: the pool from which teachers are taken."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from dissent.config.task import merit
from dissent.core.files import read_json, sha256, verify, write_json
from dissent.runtime.student_states import forget


def rank_students(files: Sequence[str], teachers: int, score: str, out: str, external: Sequence[Mapping] = ()) -> None:
    """Write teachers.json: all students from best to worst (ties: the earlier number first), the first `teachers` marked.

    `files`: any files of the students' folders, in which model.safetensors, model.json and metrics.json lie. A student
    without a score stands above one with 0, as `merit` says. Their files are whole, as far as this can see: what their
    trainings would resume from goes. `external`: teachers from outside, who are named beside them. UserError where weights are not those that model.json beside them names.
    """
    rows = []
    for folder in sorted({Path(file).parent.as_posix() for file in files}):
        value = read_json(Path(folder) / "metrics.json")["val"][score]["value"]
        # who is ranked is named by a digest: that of weights which rotted since must not become the right one
        if expected := read_json(Path(folder) / "model.json").get("sha256"):
            verify(Path(folder) / "model.safetensors", expected, Path(folder) / "model.json")
        digests = {name: sha256(Path(folder) / name) for name in ("model.safetensors", "model.json")}
        row = {"student": int(Path(folder).name), "folder": folder, "score": value, "sha256": digests}
        # for `dissent verify` alone: who labels needs the network, not its scores
        rows.append(row | {"metrics_sha256": sha256(Path(folder) / "metrics.json")})
    rows.sort(key=lambda row: row["student"])
    rows.sort(key=lambda row: merit(row["score"], score), reverse=True)  # stable: ties stay in that order
    for rank, row in enumerate(rows):
        row["teacher"] = rank < teachers
    ranked = {"ranked_by": f"val {score}", "teachers": teachers, "pool": rows}
    write_json(out, ranked | ({"external": list(external)} if external else {}))
    forget(row["folder"] for row in rows)
