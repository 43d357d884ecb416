# Wildcards to names and settings; the logic is in dissent/plan.py. Planning imports no torch.
import sys
from functools import wraps
from inspect import signature

from snakemake.exceptions import WorkflowError

sys.path.insert(0, f"{workflow.basedir}/workflow/scripts")

from dissent.files import UserError
from dissent.plan import Plan
from dissent.spec import needs, slices
from dissent.spec.tabulation import tabulation


wildcard_constraints:
    run="[A-Za-z0-9_][A-Za-z0-9_.-]*",
    dataset="[A-Za-z0-9_][A-Za-z0-9_-]*",
    split="[A-Za-z0-9_][A-Za-z0-9_-]*",
    raw="[A-Za-z0-9_][A-Za-z0-9_-]*",
    g="0|[1-9][0-9]?",
    i="[1-9][0-9]*",
    s="[1-9][0-9]*",
    patience="[1-9][0-9]?",


def told(function):
    """Snakemake asks for a function's signature at every job; what is written on it is found at once."""
    function.__signature__ = signature(function)
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
friendly(PLAN.check)(sys.argv[1:])


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


def side(name):
    """An input function: one table of the run's split (labelled, unlabelled, val, test, hidden)."""
    return told(lambda w: PLAN.side(run_of(w), name))


@told
def threads_of(w):
    """Threads of torch: a key of the network file."""
    return run_of(w).network.resources.threads


def asked(name, job, grows=True):
    """A resource function: `mem_mb` or `runtime` of what `job(wildcards, input)` needs, more after each failure.

    Tables that are still to be made have no rows to count: Snakemake asks again before the job starts.
    """
    return told(lambda w, input, attempt: getattr(job(w, input), name) * (attempt if grows else 1))


def to_train(w, input):
    """What a student needs."""
    rows = (needs.rows_about(table) for table in (input.pairs, input.val, input.unlabelled))
    return needs.training(run_of(w), int(w.g), *rows)


def voters_of(run, generation):
    """How many predictions of each image a generation has: of its teachers, or of the views of one."""
    views = run.at(generation)["views"]
    return views["number"] if views["form"] != "none" else run.at(generation - 1)["teachers"]


def to_predict(w, input):
    """What the teachers need to label one shard."""
    images = needs.rows_about(input.unlabelled) // run_of(w).shards
    return needs.predicting(run_of(w), int(w.g) - 1, images, voters_of(run_of(w), int(w.g)))


def to_mask(w, input):
    """What finding the agreement on one shard needs."""
    voters = voters_of(run_of(w), int(w.g))
    return needs.masking(run_of(w), needs.rows_about(input.predictions) // voters, voters)


def to_assemble(w, input):
    """What joining the tables of labelled and unlabelled images needs."""
    return needs.listing(needs.rows_about(input.labelled) + needs.rows_about(input.unlabelled))


def to_evaluate(w, input):
    """What scoring a pool needs."""
    images = needs.rows_about(input.val) + needs.rows_about(input.test)
    return needs.predicting(run_of(w), int(w.g), images, run_of(w).at(int(w.g))["pool"])


def to_rate(w, input):
    """What rating masks needs: about as much as predicting them."""
    return needs.predicting(run_of(w), 0, needs.rows_about(input.table), 1)


def to_train_evalnet(w, input):
    """What an EvalNet needs, whose examples are many masks of few images."""
    return needs.rating(run_of(w), needs.rows_about(input.labelled), needs.rows_about(input.val))
