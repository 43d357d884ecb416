"""Which run trains generation 0 for which: runs whose students would be equal have them from one."""

from dissent.config.resolve import Config, Run
from dissent.planning import rule_params


def home_of(config: Config, run: Run, code: rule_params.Code) -> str:
    """Name of the run that trains the generation 0 of `run`: another one where its students are the same, else its own.

    In a study that of its `start`, elsewhere the experiment's own. So all that start from LDT wait for one pool, instead
    of for each other (runtime/student_cache.py); and it is the same one whatever a command line asks for.
    """
    other = _first(config, run)
    if other is None or other.name == run.name or other.at(0)["students"] < run.at(0)["students"]:
        return run.name
    varied = any(any(one.at(0)["diversify"].values()) for one in (run, other))
    members = range(1, run.at(0)["students"] + 1) if varied else (1,)

    def trained(one: Run) -> tuple:
        students = [rule_params.student(one, 0, i, code) for i in members]
        return one.at(0)["use_hidden_masks"], rule_params.pairs(one, 0, code), students

    return other.name if trained(other) == trained(run) else run.name


def _first(config: Config, run: Run) -> Run | None:
    """The run that trains generation 0 for `run`, if its students are the same."""
    if run.study:
        return None if run.method.start is None else config.run(run.sibling(run.method.start))
    return config.run(run.own)
