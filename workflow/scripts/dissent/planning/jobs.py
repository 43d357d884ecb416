"""The jobs that Snakemake plans for a target, each once however many need it, with the files that they read. No torch.

Inputs are those of the rules (workflow/rules), by the same functions of `Plan`. Tests compare each job, file by file, with
`snakemake --dry-run`: tests/planning/test_study_estimate.py.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable

from dissent.config.resolve import Run
from dissent.core.columns import DISJOINT, SUBSETS
from dissent.planning import browsing
from dissent.planning.job import Job
from dissent.planning.outside import tables
from dissent.planning.paths import Plan

Graph = dict[Job, list[str]]
"""each job with what it reads of other jobs"""


def planned(plan: Plan, targets: Iterable[str]) -> Graph:
    """All jobs that targets need, done or not."""
    found: Graph = {}
    todo = list(targets)
    seen = set(todo)
    while todo:
        job = job_of(plan, todo.pop())
        if job is not None and job not in found:
            found[job] = _INPUTS[job.rule](plan, job)
            todo += [path for path in found[job] if path not in seen]
            seen.update(found[job])
    return found


def of_study(plan: Plan, study: str) -> Graph:
    """All jobs of a study, whose targets are its table and, with several numbers of labels, its figure."""
    drawn = ["labels.svg"] if plan.config.study(study)[0].draws_labels else []
    return planned(plan, [f"results/studies/{study}/{name}" for name in ("table.html", *drawn)])


def counted(jobs: Iterable[Job]) -> dict[str, int]:
    """{rule: number of jobs}, the most first; shards under the name of the rule that they shard."""
    return dict(Counter(job.rule for job in jobs).most_common())


_PLACES: list[tuple[str, str]] = [
    (r"data/raw/(?P<where>[^/]+)/fetched\.json", "fetch"),
    (r"data/(?P<where>[^/]+/splits/[^/]+)/\w+\.csv", "split"),
    (r"data/(?P<where>[^/]+)/(files\.csv|dataset\.json)", "prepare"),
    (r"results/studies/(?P<where>[^/]+)/table\.\w+", "tabulate_study"),
    (r"results/studies/(?P<where>[^/]+)/labels\.\w+", "plot_labels"),
    (r"results/(?P<where>[^/]+)/report\.html", "report"),
    (r"results/(?P<where>[^/]+)/browse\.html", "browse"),
    (r"results/(?P<where>[^/]+/external/[^/]+)\.csv", "read_teacher"),
    (r"results/(?P<where>[^/]+)/evalnets/thresholds\.json", "measure_thresholds"),
    (r"results/(?P<where>[^/]+)/evalnets/evalnets\.json", "rank_evalnets"),
    (r"results/(?P<where>[^/]+)/evalnets/(?P<i>\d+)/.+", "train_evalnet"),
    (r"results/(?P<where>[^/]+)/gen(?P<g>\d+)/students/(?P<i>\d+)/.+", "train"),
    (r"results/(?P<where>[^/]+)/gen(?P<g>\d+)/teachers\.json", "rank_students"),
    (r"results/(?P<where>[^/]+)/gen(?P<g>\d+)/pairs\.csv", "assemble_pairs"),
    (r"results/(?P<where>[^/]+)/gen(?P<g>\d+)/(metrics\.json|counts\.csv|costs/evaluate\.json)", "evaluate"),
    (r"results/(?P<where>[^/]+)/gen(?P<g>\d+)/cost\.json", "cost"),
    (r"results/(?P<where>[^/]+)/gen(?P<g>\d+)/audit\.json", "audit"),
    (r"results/(?P<where>[^/]+)/gen(?P<g>\d+)/stop\.\d+\.json", "decide"),
    (r"results/(?P<where>[^/]+)/gen(?P<g>\d+)/(scores\.csv|costs/score_pairs\.json)", "score_pairs"),
    (r"results/(?P<where>[^/]+)/gen(?P<g>\d+)/(predictions\.csv|costs/predict\.json)", "predict"),
    (r"results/(?P<where>[^/]+)/gen(?P<g>\d+)/(masks\.csv|costs/build_masks\.json)", "build_masks"),
    (r"results/(?P<where>[^/]+)/gen(?P<g>\d+)/(costs/)?predict(ions)?(?P<s>/shard\d+)\.(csv|json)", "predict"),
    (r"results/(?P<where>[^/]+)/gen(?P<g>\d+)/(costs/build_)?masks(?P<s>/shard\d+)\.(csv|json)", "build_masks"),
]
_PLACES_READ = [(re.compile(pattern), rule) for pattern, rule in _PLACES]


def job_of(plan: Plan, path: str) -> Job | None:
    """The job that makes a file; None of files that no job makes."""
    for pattern, rule in _PLACES_READ:
        if match := pattern.fullmatch(path):
            found = match.groupdict()
            where, g, i = found["where"], int(found.get("g") or 0), int(found.get("i") or 0)
            table = path.rsplit("/", 1)[-1].removesuffix(".csv")
            if table in ("predictions", "masks") and plan.config.run(where).shards > 1:
                return Job("join_shards", f"{where}/{table}", g)
            return Job(rule, where.replace("/splits/", "/") + (found.get("s") or ""), g, i)
    return None


def _subsets(plan: Plan, run: Run, *names: str) -> list[str]:
    return [plan.subset(run, name) for name in names]


def _listed(found: str | list[str]) -> list[str]:
    """Plan gives one file, or none as an empty list."""
    return [found] if isinstance(found, str) else found


def _of_run(function: Callable[[Plan, Run, int, Job], list[str]]) -> Callable[[Plan, Job], list[str]]:
    """Inputs of a rule of a run's generation."""
    return lambda plan, job: function(plan, plan.config.run(job.run), job.generation, job)


def _predict(plan: Plan, run: Run, g: int, job: Job) -> list[str]:
    return [plan.teachers(run, g), *_subsets(plan, run, "unlabelled"), *_listed(plan.stop(run, g))]


def _build_masks(plan: Plan, run: Run, g: int, job: Job) -> list[str]:
    here, before = (f"results/{run.name}/gen{n}" for n in (g, g - 1))
    previous = [f"{before}/masks{job.part}.csv"] if g > 1 else []
    scores = _listed(plan.scores(run, g, "predictions"))
    images = _subsets(plan, run, "unlabelled")
    return [f"{here}/predictions{job.part}.csv", *scores, *previous, *images, *_listed(plan.stop(run, g))]


def _join_shards(plan: Plan, run: Run, g: int, job: Job) -> list[str]:
    return plan.shard_tables(run, g, job.part.removeprefix("/"))


def _score_pairs(plan: Plan, run: Run, g: int, job: Job) -> list[str]:
    folder = f"results/{run.name}/evalnets"
    judge = [f"{folder}/evalnets.json"] if run.evalnet else _subsets(plan, run, "hidden")
    table = [plan.rated(run, g), f"{folder}/thresholds.json"]
    return [*table, *judge, *_subsets(plan, run, "unlabelled"), *_listed(plan.stop(run, g))]


def _assemble_pairs(plan: Plan, run: Run, g: int, job: Job) -> list[str]:
    masks = [f"results/{run.name}/gen{g}/masks.csv"] if g else []
    learned = [*_listed(plan.scores(run, g, "masks")), *_listed(plan.hidden(run, g))]
    return [*_subsets(plan, run, "labelled", "unlabelled"), *masks, *learned, *_listed(plan.stop(run, g))]


def _train(plan: Plan, run: Run, g: int, job: Job) -> list[str]:
    pairs = f"results/{run.name}/gen{g}/pairs.csv"
    return [pairs, *_subsets(plan, run, "unlabelled", "val"), *_listed(plan.stop(run, g))]


def _rank_students(plan: Plan, run: Run, g: int, job: Job) -> list[str]:
    students = plan.students(run, g, "model.safetensors", "model.json", "metrics.json")
    named = tables(run)
    return [*students, *named, *(_subsets(plan, run, "val") if named else []), *_listed(plan.stop(run, g))]


def _read_teacher(plan: Plan, job: Job) -> list[str]:
    run = plan.config.run(job.run)
    return [f"data/{run.dataset_name}/files.csv", *_subsets(plan, run, "unlabelled", "val")]


def _evaluate(plan: Plan, run: Run, g: int, job: Job) -> list[str]:
    here = f"results/{run.name}/gen{g}"
    tables = [f"{here}/teachers.json", f"data/{run.dataset_name}/dataset.json", *([f"{here}/masks.csv"] if g else [])]
    subsets = _subsets(plan, run, *DISJOINT)
    return [*tables, *subsets, *plan.earlier(run, g), *_listed(plan.stop(run, g))]


def _audit(plan: Plan, run: Run, g: int, job: Job) -> list[str]:
    here = [f"results/{run.name}/gen{g}/{name}" for name in ("teachers.json", "masks.csv", "predictions.csv")]
    return [*here, *_subsets(plan, run, "hidden"), *_listed(plan.stop(run, g))]


def _report(plan: Plan, run: Run, g: int, job: Job) -> list[str]:
    names = ("metrics.json", "counts.csv", "teachers.json", "cost.json", "predictions.csv", "masks.csv", "audit.json")
    controls = plan.controls(run, "metrics.json", "counts.csv", "teachers.json")
    others = [*browsing.page(run), *controls, *plan.control_costs(run), *_subsets(plan, run, *SUBSETS)]
    return [*plan.generations(run, *names), *others]


def _browse(plan: Plan, run: Run, g: int, job: Job) -> list[str]:
    subsets = _subsets(plan, run, *(name for name in SUBSETS if name != "test"))
    tables = plan.generations(run, "metrics.json", "predictions.csv", "masks.csv", "counts.csv", "cost.json")
    controls = [*plan.controls(run, "metrics.json", "counts.csv"), *plan.control_costs(run)]
    return [*tables, *controls, f"data/{run.dataset_name}/files.csv", *subsets]


def _prepare(plan: Plan, job: Job) -> list[str]:
    about = plan.config.dataset(job.where)
    return [f"{about.raw}/fetched.json"] if about.fetch else []


def _split(plan: Plan, job: Job) -> list[str]:
    return [f"data/{job.run}/{name}" for name in ("files.csv", "dataset.json")]


def _study(*names: str) -> Callable[[Plan, Job], list[str]]:
    return lambda plan, job: [*plan.of_study(job.where, *names), *plan.labelled(job.where)]


_INPUTS: dict[str, Callable[[Plan, Job], list[str]]] = {
    "fetch": lambda plan, job: [],
    "prepare": _prepare,
    "split": _split,
    "read_teacher": _read_teacher,
    "predict": _of_run(_predict),
    "build_masks": _of_run(_build_masks),
    "join_shards": _of_run(_join_shards),
    "score_pairs": _of_run(_score_pairs),
    "assemble_pairs": _of_run(_assemble_pairs),
    "train": _of_run(_train),
    "rank_students": _of_run(_rank_students),
    "evaluate": _of_run(_evaluate),
    "cost": _of_run(lambda plan, run, g, job: plan.costs(run, g)),
    "audit": _of_run(_audit),
    "decide": _of_run(lambda plan, run, g, job: [f"results/{run.name}/gen{g - 1}/metrics.json"]),
    "train_evalnet": _of_run(
        lambda plan, run, g, job: [*plan.quality_pools(run), *_subsets(plan, run, "labelled", "val")]
    ),
    "rank_evalnets": _of_run(
        lambda plan, run, g, job: plan.evalnets(run, "model.safetensors", "model.json", "metrics.json")
    ),
    "measure_thresholds": _of_run(lambda plan, run, g, job: [*plan.quality_pools(run), *_subsets(plan, run, "val")]),
    "report": _of_run(_report),
    "browse": _of_run(_browse),
    "tabulate_study": _study("metrics.json", "counts.csv", "cost.json"),
    "plot_labels": _study("metrics.json", "counts.csv"),
}
