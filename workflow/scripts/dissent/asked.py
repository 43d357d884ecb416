"""What a command line asks for: every run, study and data set of it must be right before Snakemake plans. No torch."""

import re
from collections.abc import Iterable

from dissent.files import UserError
from dissent.plan import Plan
from dissent.spec.fractions import with_split

_OF_JOBS = {"--target-jobs", "--unlock"}  # what a job asks was asked by who started it


def check_asked(plan: Plan, words: Iterable[str]) -> None:
    """Resolve every run and data set that a command line names (else `experiments`): UserError tells what is wrong.

    Asked first: inside an input function Snakemake would wrap the message in a traceback.
    """
    words = [word.removeprefix("./") for word in words]
    _check_names(plan, words)
    if not _OF_JOBS & set(words):
        for dataset in _datasets(plan, words):
            plan.guard(dataset)


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
            pool = plan.config.run(match[1]).at(int(match[2]))["pool"]
            if not 1 <= int(match[3]) <= pool:
                raise UserError(f"gen{match[2]} of {match[1]} has the students 1 to {pool}, not {match[3]}")
        if match := re.match(r"data/(?!raw/)([^/]+)/(?:splits/([^/]+))?", word):
            dataset = plan.config.dataset(match[1])
            if match[2] is not None:
                with_split(dataset, match[2], match[1])


def _datasets(plan: Plan, words: list[str]) -> list[str]:
    """Data sets that a command line, whose names are right, may have prepared."""
    runs = {match[1] for word in words if (match := re.match(r"results/(?!studies/)([^/]+)/", word))}
    studies = {match[1] for word in words if (match := re.match(r"results/studies/([^/]+)/", word))}
    data = {match[1] for word in words if (match := re.match(r"data/(?!raw/)([^/]+)/", word))}
    of_runs = [plan.config.run(run) for run in (runs if runs or studies or data else plan.experiments)]
    of_studies = [run for study in studies for run in plan.cells(study)]
    return sorted(data | {run.dataset_name for run in (*of_runs, *of_studies)})


def _check_study(plan: Plan, study: str, words: Iterable[str]) -> None:
    """Resolve every run of a study of which the command line names files."""
    plan.cells(study)
    for word in words:
        if re.fullmatch(r"results/studies/[^/]+/labels\.(svg|png|csv)", word):
            if not plan.config.study(study)[0].label_fractions:
                raise UserError(
                    f"the study {study} draws no score against labels: it has no `label_fractions`, e.g. [.02, .05, .1, .2]"
                )
        elif not re.fullmatch(r"results/studies/[^/]+/table\.(html|md|csv|tex)", word):
            raise UserError(
                f"`{word}` is nothing that a study makes: it has table.html, .md, .csv and .tex, and with "
                "`label_fractions` labels.svg, .png and .csv; its runs are called STUDY.EXPERIMENT.METHOD.s1"
            )
