"""What a command line asks for: every run, study and data set of it must be right before Snakemake plans. No torch."""

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from dissent.config.fractions import with_split
from dissent.config.resolve import Run
from dissent.core import disk
from dissent.core.files import UserError
from dissent.core.rebuild_hint import first, use_settings
from dissent.planning import outside
from dissent.planning.kept import check_kept
from dissent.planning.paths import Plan

_OF_JOBS = {"--target-jobs", "--unlock"}  # what a job asks was asked by who started it


def check_writable() -> None:
    """UserError names a folder in which jobs cannot write their logs: Snakemake would end in a traceback there."""
    if words := disk.unwritable("logs"):
        raise UserError(words)


def check_asked(plan: Plan, words: Iterable[str]) -> None:
    """Resolve every run and data set that a command line names (else `experiments`): UserError tells what is wrong.

    Asked first: inside an input function Snakemake would wrap the message in a traceback.
    """
    use_settings(plan.config.folders[0])
    words = [word.removeprefix("./") for word in words]
    _check_names(plan, words)
    if not _OF_JOBS & set(words):
        runs = _runs(plan, words)
        for dataset in sorted({*_named(words, "data/(?!raw/)"), *(run.dataset_name for run in runs)}):
            plan.guard(dataset)
        for run in {run.name: run for run in runs}.values():
            for name in (run.name, *(run.sibling(method) for method in run.controls)):
                check_kept(name)
                outside.check(plan.config.run(name))
        for note in _changed(plan, runs):
            print(note, file=sys.stderr)


def _check_names(plan: Plan, words: list[str]) -> None:
    found = [match.groups() for word in words if (match := re.match(r"results/([^/]+)/(?:gen(\d+)(?:/|$))?", word))]
    found = [(run, generation) for run, generation in found if run != "studies"]
    studies = {match[1] for word in words if (match := re.match(r"results/studies/([^/]+)/", word))}
    for study in sorted(studies):
        _check_study(plan, study, [word for word in words if word.startswith(f"results/studies/{study}/")])
    for run in sorted({run for run, _ in found}) or ([] if studies else plan.experiments):
        plan.config.controls(run)
    for run, generation in found:
        plan.config.run(run).at(int(generation or 0))
    for word in words:
        if match := re.match(r"results/([^/]+)/gen0/(audit\.json|predictions|masks)", word):
            raise UserError(
                f"gen0 of {match[1]} has no {match[2]}: nothing is labelled before it; gen1 is the first that has"
            )
        if match := re.match(r"results/([^/]+)/gen(\d+)/students/(\d+)", word):
            pool = plan.config.run(match[1]).at(int(match[2]))["students"]
            if not 1 <= int(match[3]) <= pool:
                raise UserError(f"gen{match[2]} of {match[1]} has the students 1 to {pool}, not {match[3]}")
        if match := re.match(r"data/(?!raw/)([^/]+)/(?:splits/([^/]+))?", word):
            dataset = plan.config.dataset(match[1])
            if match[2] is not None:
                with_split(dataset, match[2], match[1])


def _named(words: list[str], folder: str) -> list[str]:
    """Names of folders below `folder`, a regular expression, of which a command line asks for files."""
    return sorted({match[1] for word in words if (match := re.match(f"{folder}([^/]+)/", word))})


def _runs(plan: Plan, words: list[str]) -> list[Run]:
    """The runs of a command line, whose names are right; those of `experiments` where it asks for nothing."""
    names, studies = _named(words, "results/(?!studies/)"), _named(words, "results/studies/")
    if not names and not studies and not _named(words, "data/(?!raw/)"):
        names = plan.experiments
    return [plan.config.run(name) for name in names] + [run for study in studies for run in plan.cells(study)]


def _changed(plan: Plan, runs: list[Run]) -> Iterator[str]:
    """A word where raw files changed and something is trained: a plan cannot know yet what the change reaches."""
    trained = [run for run in runs if any(Path("results", run.name).glob("gen*/students/*/model.safetensors"))]
    for (dataset, split), name in {(run.dataset_name, run.split): run.name for run in reversed(trained)}.items():
        if plan.raw_changed(dataset):
            yield (
                f"note: raw files of {dataset} changed since they were prepared. This command prepares them and trains everything "
                f"on them anew. To train only what the change reaches, run first:\n  "
                f"{first([f'data/{dataset}/splits/{split}/labelled.csv'])}\n`dissent check {name}` tells what it reaches, and how long that is"
            )


def _check_study(plan: Plan, study: str, words: Iterable[str]) -> None:
    """Resolve every run of a study of which the command line names files."""
    plan.cells(study)
    for word in words:
        if re.fullmatch(r"results/studies/[^/]+/labels\.(svg|png|csv)", word):
            if not plan.config.study(study)[0].draws_labels:
                raise UserError(
                    f"the study {study} draws no score against labels: it has neither `label_fractions`, e.g. [.02, .05, .1, .2], "
                    "nor several `splits`"
                )
        elif not re.fullmatch(r"results/studies/[^/]+/table\.(html|md|csv|tex)", word):
            raise UserError(
                f"`{word}` is nothing that a study makes: it has table.html, .md, .csv and .tex, and with "
                "`label_fractions` or `splits` labels.svg, .png and .csv; its runs are called STUDY.EXPERIMENT.METHOD.s1"
            )
