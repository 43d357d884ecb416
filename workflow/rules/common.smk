# Names and settings for the rules. Planning imports no torch.
import sys
from functools import wraps
from pathlib import Path

from snakemake.exceptions import WorkflowError

sys.path.insert(0, workflow.basedir + "/workflow/scripts")

from dissent.datasets.raw import find_raw, raw_digest
from dissent.files import UserError, code_digest, read_json
from dissent.spec import slices
from dissent.spec.run import Config

CONFIG = Config(config["settings"], workflow.basedir + "/config")


def code(*names):
    """Digest of library files: an edit of one reruns what depends on it, a touch does not."""
    return code_digest(workflow.basedir + "/workflow/scripts/dissent", *names)


wildcard_constraints:
    run="[A-Za-z0-9_][A-Za-z0-9_.-]*",
    dataset="[A-Za-z0-9_][A-Za-z0-9_-]*",
    split="[A-Za-z0-9_][A-Za-z0-9_-]*",
    g="0|[1-9][0-9]?",
    i="[1-9][0-9]*",


def friendly(function):
    """A user's mistake stops the plan with its message alone."""

    @wraps(function)
    def checked(*args):
        try:
            return function(*args)
        except UserError as error:
            raise WorkflowError(str(error)) from None

    return checked


@friendly
def run_of(w):
    """The run that the wildcard `run` names."""
    return CONFIG.run(w.run)


@friendly
def recipe_of(w):
    """The recipe of this generation, flat."""
    return CONFIG.run(w.run).at(int(w.g))


@friendly
def dataset_of(w):
    """The data set that the wildcard `dataset` names."""
    return CONFIG.dataset(w.dataset)


def side(name):
    """An input function: one table of the run's split (labelled, unlabelled, val, test, hidden)."""
    return lambda w: f"data/{run_of(w).dataset_name}/splits/{run_of(w).split}/{name}.csv"


def students_of(w):
    """Folders of the pool of this generation."""
    return [f"results/{w.run}/gen{w.g}/students/{i}" for i in range(1, recipe_of(w)["pool"] + 1)]


def teachers_of(w):
    """The ranked pool that labels for this generation: that of the generation before."""
    if int(w.g) == 0:
        raise WorkflowError(f"gen0 of {w.run} has no teachers: it learns from labelled images alone")
    return f"results/{w.run}/gen{int(w.g) - 1}/teachers.json"


@friendly
def raw_of(w):
    """Folder of the raw files of a data set."""
    return str(find_raw(dataset_of(w).raw, workflow.basedir))


def raw_digest_of(w):
    """What tells that raw files came or went; raw files that were removed after their preparation are not missed."""
    about = Path("data", w.dataset, "dataset.json")
    if dataset_of(w).fetch is not None:
        return "as fetched"
    if about.is_file() and not Path(raw_of(w)).is_dir():
        return read_json(about)["raw_digest"]
    return raw_digest(raw_of(w))


def threads_of(w):
    """Threads of torch: a key of the network file."""
    return run_of(w).network.resources.threads


def generation_files(w, file):
    """One file of every generation of the run (audit.json from gen1 on)."""
    first = 1 if file == "audit.json" else 0
    return [f"results/{w.run}/gen{g}/{file}" for g in range(first, run_of(w).recipe.generations + 1)]


@friendly
def control_files(w, file):
    """One file of the last generation of each control."""
    return [f"results/{run.name}/gen{run.recipe.generations}/{file}" for run in CONFIG.controls(w.run)]
