"""Teachers from outside, as the run will read them: every mask is decoded before anything is computed."""

from pathlib import Path

from dissent.config.resolve import Run
from dissent.core.errors import UserError
from dissent.datasets.external_teacher import read_teacher
from dissent.planning import outside


def check_external(run: Run, prepared: Path, split: Path) -> list[str]:
    """Faults of their masks, by the prepared images and the split (its folder)."""
    faults = []
    for one in run.external_teachers:
        subsets = {name: str(split / f"{name}.csv") for name in ("unlabelled", "val")}
        out = split / "external" / one.name
        try:
            params = outside.settings(run, one.name, lambda *_: "")
            read_teacher(params, subsets, str(prepared / "files.csv"), str(out), f"{out}.csv")
        except UserError as error:
            faults.append(f"the external teacher {one.name}: {error}")
    return faults
