"""Which generation of a run to use, by the rule of its report: for commands that are told a run, and no generation."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from dissent.core.files import read_json
from dissent.core.seal import made_from
from dissent.report.judge import outcome
from dissent.report.run_results import Generation, standing_for
from dissent.report.verdict import recommended, standing_to


def to_use(run: Path) -> tuple[Path | None, str]:
    """Folder of the generation, and in words why; None where `run` has no generations.

    While the verdict cannot tell yet it is the one with the highest mean on validation, else the one that stands for the run. The
    controls are those of its report, which lie beside it.
    """
    folder = standing_for(run)
    if folder is None or not (folder / "counts.csv").is_file():
        return folder, "the last of the run"
    last = Generation(folder)
    made = [one for one in map(Generation, run.glob("gen*")) if (one.folder / "counts.csv").is_file()]
    if not last.number:
        return folder, "no later one scores better on validation" if len(made) > 1 else "the only one of the run"
    student = read_json(last.folder / "teachers.json")["pool"][0]
    task = read_json(last.folder.absolute().parents[2] / student["folder"] / "model.json")["task"]
    controls = _controls(run, last.metrics["run"])
    best, said = taken(sorted(made, key=lambda one: one.number), last, controls, task)
    if said == "cannot tell yet":
        return best.folder, "the verdict cannot tell yet, and it has the highest mean on validation"
    if said == "worth it":
        return best.folder, "the generations were worth it, for this seed"
    return best.folder, f"the last of the run, though the verdict advises a control ({said}): see {run / 'report.html'}"


def taken(
    made: Sequence[Generation], last: Generation, controls: Mapping[str, Generation], task: dict
) -> tuple[Generation, str]:
    """The generation of `made` that the verdict takes, and what it says; `last` stands for the run.

    `controls` are those that it rests on: no upper bounds.
    """
    subset = "test" if last.metrics["test"] else "val"
    said = outcome({name: standing_to(last, one, subset, task) for name, one in controls.items()})
    return recommended(said, made, last), said


def _controls(run: Path, name: str) -> dict[str, Generation]:
    """What stands for each control that the run's report was made from, but upper bounds; none without a report.

    `name`: what the run is called. Its controls are called EXPERIMENT.CONTROL, and as the run does they end in .sN where it has a seed.
    """
    page = run / "report.html"
    files = map(Path, made_from(page.read_bytes()) if page.is_file() else {})
    runs = {file.parts[-3] for file in files if file.name == "counts.csv"} - {name}
    seed = "".join(re.findall(r"\.s\d{1,9}$", name))
    found = {}
    for one in sorted(runs):
        folder = standing_for(run.with_name(one))
        if folder is not None and (folder / "counts.csv").is_file():
            control = one.removeprefix(f"{name.removesuffix(seed)}.").removesuffix(seed)
            found[control] = Generation(folder)
    return {control: one for control, one in found.items() if not one.metrics["upper_bound"]}
