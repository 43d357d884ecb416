"""Teachers from outside while Snakemake plans: their tables, what tells a change of their masks, what is wrong with these."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dissent.config.resolve import Run
from dissent.core import arguments
from dissent.core.files import UserError, read_json, read_table
from dissent.datasets.external_teacher import lacking, sizes
from dissent.datasets.problems import Problems
from dissent.datasets.raw import raw_digest

if TYPE_CHECKING:
    from dissent.planning.rule_params import Code


def tables(run: Run) -> list[str]:
    """The table of each teacher from outside, in their order."""
    return [f"results/{run.name}/external/{one.name}.csv" for one in run.external_teachers]


def settings(run: Run, name: str, code: "Code") -> arguments.Outside:
    """What the rule `read_teacher` is told. UserError where the run has no such teacher, or its masks are not there."""
    found = [one for one in run.external_teachers if one.name == name]
    if not found:
        raise UserError(
            f"{run.name} has no teacher from outside called {name}; `external_teachers` of the experiment names them"
        )
    now: arguments.Outside = {
        **_sizes(run),
        "task": run.dataset.task.model_dump(mode="json"),
        "palette": run.dataset.task.palette,
        "threads": run.network.resources.threads,
        "teacher": found[0].model_dump(mode="json"),
        "digest": raw_digest(found[0].masks),
        "code": code("read_teacher"),
    }
    return now if Path(found[0].masks).is_dir() else _as_read(run, now)


def _as_read(run: Run, now: arguments.Outside) -> arguments.Outside:
    """What the masks were read with that were put away since, as prepared data outlive their raw files. UserError where that
    is not what the settings say now: these masks would have to be read again."""
    name, about = now["teacher"]["name"], Path("results", run.name, "external", f"{now['teacher']['name']}.json")
    then: Any = read_json(about).get("read_with", {}) if about.with_suffix(".csv").is_file() else {}
    same = {"exif": now["exif"]} | then  # an earlier version did not note it
    if any(same.get(key) != now.get(key) for key in ("size", "geometry", "published", "exif", "task", "teacher")):
        _check_folder(now["teacher"]["masks"], name)
    return then


def check(run: Run) -> None:
    """UserError names masks that lack or have a wrong size, before anything is trained; what is in them, the job tells.

    Where the split is not made yet, names cannot be known: then the job tells these too, which is the first after it.
    """
    for one, table in zip(run.external_teachers, tables(run), strict=True):
        if Path(table).is_file():
            continue
        _check_folder(one.masks, one.name)
        data = Path("data", run.dataset_name)
        unlabelled = data / "splits" / run.split / "unlabelled.csv"
        if not unlabelled.is_file():
            continue
        names = {row["id"] for row in read_table(unlabelled)}
        problems = Problems()
        lacking(one, run.dataset.task, sorted(names), problems)
        if not problems:
            rows = [row for row in read_table(data / "files.csv") if row["id"] in names]
            sizes(one, run.dataset.task, rows, _sizes(run), problems)
        problems.stop(one.masks, so="")


def _check_folder(masks: str, name: str) -> None:
    if not Path(masks).is_dir():
        raise UserError(
            f"`masks: {masks}` of the external teacher {name} is no folder; put its masks there, one PNG an image"
        )


def _sizes(run: Run) -> arguments.Sizes:
    about = run.dataset
    return {
        "size": list(about.size),
        "geometry": about.geometry.model_dump(mode="json"),
        "published": about.protocol == "published",
        "exif": about.exif,
    }
