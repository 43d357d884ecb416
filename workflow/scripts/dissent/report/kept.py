"""Which generation of a run to use, by the rule of its report: for commands that are told a run, and no generation."""

from pathlib import Path

from dissent.core.files import read_json
from dissent.evaluation.bootstrap import difference
from dissent.report.judge import CONTROLS, Standing, outcome
from dissent.report.run_results import Generation, standing_for
from dissent.report.verdict import recommended


def to_use(run: Path) -> tuple[Path | None, str]:
    """Folder of the generation, and in words why; None where `run` has no generations.

    While the verdict cannot tell yet it is the one with the highest mean on validation, else the one that stands for the run. The
    controls are the runs beside it, `RUN.CONTROL`.
    """
    folder = standing_for(run)
    if folder is None or not (folder / "counts.csv").is_file():
        return folder, "the last of the run"
    last = Generation(folder)
    if not last.number:
        return folder, "no later one scores better on validation"
    said = outcome(_standings(run, last))
    made = [one for one in map(Generation, run.glob("gen*")) if (one.folder / "counts.csv").is_file()]
    best = recommended(said, sorted(made, key=lambda one: one.number), last)
    if said == "cannot tell yet":
        return best.folder, "the verdict cannot tell yet, and it has the highest mean on validation"
    if said == "worth it":
        return best.folder, "the generations were worth it"
    return best.folder, f"the last of the run, though the verdict advises a control ({said}): see {run / 'report.html'}"


def _standings(run: Path, last: Generation) -> dict[str, Standing]:
    """How the run stands to each control that ran."""
    best = read_json(last.folder / "teachers.json")["pool"][0]
    task = read_json(last.folder.absolute().parents[2] / best["folder"] / "model.json")["task"]
    subset = "test" if last.metrics["test"] else "val"
    found = {}
    for name in CONTROLS:
        folder = standing_for(run.with_name(f"{run.name}.{name}"))
        if folder is not None and (folder / "counts.csv").is_file():
            tables = (last.folder / "counts.csv", folder / "counts.csv")
            pools = ([len(last.steps)], [len(Generation(folder).steps)])
            found[name] = Standing.of(difference(*tables, subset, last.metrics["score"], task), *pools)
    return found
