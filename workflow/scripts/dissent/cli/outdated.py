"""Whether what a run made is of raw files and own masks as they are today."""

from dissent.config.resolve import Run
from dissent.planning.paths import Plan


def outdated(plan: Plan, run: Run) -> str:
    """A sentence that says so where its data set was prepared from other files; else ""."""
    if not plan.raw_changed(run.dataset_name):
        return ""
    return (
        f"raw files or own masks of {run.dataset_name} changed since it was prepared, so what is done is of the earlier ones: "
        f"`dissent check {run.name}` tells what is made anew"
    )
