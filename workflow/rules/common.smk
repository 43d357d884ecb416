# Wildcards to names and settings; the logic is in dissent/planning/paths.py. Planning imports no torch.
import sys
from functools import wraps
from inspect import signature

from snakemake.common import overwrite_function_params
from snakemake.exceptions import WorkflowError

sys.path.insert(0, f"{workflow.basedir}/workflow/scripts")

from dissent.core.columns import SUBSETS
from dissent.planning.command_line import check_asked, check_writable
from dissent.core.files import UserError
from dissent.planning.paths import Plan
from dissent.planning import browsing, outside, resources as demand, rule_params
from dissent.planning.tabulation import tabulation


wildcard_constraints:
    run="[A-Za-z0-9_][A-Za-z0-9_.-]*",
    dataset="[A-Za-z0-9_][A-Za-z0-9_-]*",
    split="[A-Za-z0-9_][A-Za-z0-9_-]*",
    teacher="[A-Za-z][A-Za-z0-9_-]*",
    raw="[A-Za-z0-9_][A-Za-z0-9_-]*",
    g="0|[1-9][0-9]?",
    i="[1-9][0-9]*",
    s="[1-9][0-9]*",
    patience="[1-9][0-9]?",


def told(function):
    """Snakemake asks for a function's parameters several times a job; what is written on it is found at once."""
    if callable(function):
        overwrite_function_params(function, signature(function).parameters)
    return function


def friendly(function):
    """A user's mistake stops the plan with its message alone."""

    @wraps(function)
    def checked(*args):
        try:
            return function(*args)
        except UserError as error:
            raise WorkflowError(str(error)) from None

    return told(checked)


PLAN = friendly(Plan)(config, workflow.basedir)
friendly(check_asked)(PLAN, sys.argv[1:])


def check_removed(datasets):
    """No prepared data are removed whose raw files are gone, whatever forces `prepare`; in a word, for Snakemake would wrap it."""
    try:
        for dataset in datasets if workflow.is_main_process and not workflow.touch else ():
            PLAN.check_removable(dataset)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from None


onstart:
    friendly(check_writable)()
    check_removed(job.wildcards.dataset for job in workflow.dag.needrun_jobs() if job.rule.name == "prepare")


@friendly
def to_prepare(w):
    """What a data set is prepared from. What is forced is refused in a dry run too, at which `onstart` is not asked."""
    forced = {rule.name for rule in workflow.dag.forcerules}.union(workflow.dag.forcefiles)
    check_removed([w.dataset] if not forced.isdisjoint(["prepare", *PLAN.prepared(w.dataset)]) else [])
    return PLAN.to_prepare(w.dataset)


@friendly
def run_of(w):
    """The run that the wildcard `run` names."""
    return PLAN.config.run(w.run)


@friendly
def dataset_of(w):
    """The data set that the wildcard `dataset` names."""
    return PLAN.config.dataset(w.dataset)


@friendly
def teachers_of(w):
    """The pool of the generation before, which labels for this one."""
    return PLAN.teachers(run_of(w), int(w.g))


@friendly
def stop_of(w):
    """What tells whether the generation is made at all, of `generations: auto`."""
    return PLAN.stop(run_of(w), int(w.g))


def subset(name):
    """An input function: one table of the run's split (labelled, unlabelled, val, test, hidden)."""
    return told(lambda w: PLAN.subset(run_of(w), name))


@told
def levels_of(w):
    """What tells the grey levels of 16-bit images, which a network keeps; images tell by themselves when these change."""
    run = run_of(w)
    return f"data/{run.dataset_name}/dataset.json" if run.dataset.bit_depth == 16 else []


@told
def threads_of(w):
    """Threads of torch: a key of the network file."""
    return run_of(w).network.resources.threads
