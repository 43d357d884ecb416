"""A small finished run: every file of three generations by the jobs that write it; only the networks have learned nothing."""

from pathlib import Path
from types import SimpleNamespace

import torch
from discs import config, prepared

from dissent import networks
from dissent.core.files import write_json, write_text
from dissent.core.seal import SUBSETS
from dissent.planning import browsing, rule_params
from dissent.report.browse import write_browser
from dissent.report.page import write_report
from dissent.steps.assemble_pairs import assemble_pairs
from dissent.steps.audit import audit
from dissent.steps.build_masks import build_masks
from dissent.steps.cost import add_costs, write_cost
from dissent.steps.evaluate import evaluate
from dissent.steps.predict import predict
from dissent.steps.rank_students import rank_students
from dissent.steps.show_pairs import show_pairs
from dissent.steps.train import write_history

GENERATIONS = 3


def code(*names):
    return "code"


def finish(root):
    """Build data/tiny and results/tiny in the working directory."""
    torch.set_num_threads(1)
    split = prepared(root)
    settings = config(root)
    run = settings.run("tiny")
    subsets = {subset: f"{split}/{subset}.csv" for subset in SUBSETS}
    folders = [f"results/tiny/gen{g}" for g in range(GENERATIONS)]
    for g in range(GENERATIONS):
        _generation(run, g, subsets, folders)
    shown = rule_params.student(run, 1, 1, code) | {"palette": run.dataset.task.palette}
    show_pairs(shown, pairs=f"{folders[1]}/pairs.csv", out=f"{folders[1]}/pairs")
    browse_run = browsing.settings(run, [], code)
    without_test = {subset: path for subset, path in subsets.items() if subset != "test"}
    templates = str(root / "workflow" / "report")
    write_browser(browse_run, folders, without_test, "data/tiny/files.csv", templates, "results/tiny/browse.html")
    write_report(
        rule_params.report(run, [], code, settings),
        generations=folders,
        controls={},
        data=subsets,
        templates=templates,
        out="results/tiny/report.html",
        browser="results/tiny/browse.html",
    )
    for name in ("report", "browse"):  # nothing else tells that there was one
        write_text(f"logs/tiny/{name}.log", f"{name} run=tiny\ndone\n")


def _generation(run, g, subsets, folders):
    here = folders[g]
    jobs = [f"{here}/students/{i}/cost.json" for i in (1, 2)]
    masks = f"{here}/masks.csv" if g else None
    if g:
        _label(run, g, subsets, folders)
        jobs += [f"{here}/costs/{name}.json" for name in ("predict", "build_masks")]
    assemble_pairs(
        rule_params.pairs(run, g, code), subsets["labelled"], masks, subsets["unlabelled"], None, f"{here}/pairs.csv"
    )
    for i in (1, 2):
        _student(rule_params.student(run, g, i, code), Path(here, "students", str(i)), 10 * g + i)
    rank_students([f"{here}/students/{i}/model.json" for i in (1, 2)], 2, "iou", f"{here}/teachers.json")
    evaluate(
        rule_params.evaluation(run, g, code),
        f"{here}/teachers.json",
        {subset: subsets[subset] for subset in ("val", "test")},
        masks,
        subsets["labelled"],
        "data/tiny/dataset.json",
        f"{here}/metrics.json",
        f"{here}/counts.csv",
        "cpu",
        subsets["unlabelled"],
        folders[:g],
        f"{here}/examples",
        f"{here}/README.md",
    )
    if g:
        tables = (subsets["hidden"], masks, f"{here}/predictions.csv")
        audit(rule_params.auditing(run, g, code), *tables, f"{here}/audit.json")
    jobs.append(f"{here}/costs/evaluate.json")
    for number, path in enumerate(jobs):
        spent = {"seconds": 100 * g + number, "cpu_seconds": 1.5, "peak_memory_mb": 9.5, "device": "cpu"}
        tables = _read_and_written(path, g, subsets)
        write_cost(path, SimpleNamespace(as_dict=lambda spent=spent: spent), {"steps": 12, "images": 48}, *tables)
    add_costs(jobs, f"{here}/cost.json")


def _read_and_written(cost, g, subsets):
    """Inputs and outputs of the job that writes a file of costs, as its rule has them."""
    here, before = (f"results/tiny/gen{n}" for n in (g, g - 1))
    student = Path(cost).parent
    return {
        "predict": ([f"{before}/teachers.json", subsets["unlabelled"]], [f"{here}/predictions.csv"]),
        "build_masks": ([f"{here}/predictions.csv"], [f"{here}/masks.csv"]),
        "evaluate": (
            [f"{here}/teachers.json", subsets["val"], subsets["test"]],
            [f"{here}/metrics.json", f"{here}/counts.csv"],
        ),
        "cost": ([f"{here}/pairs.csv", subsets["val"]], [f"{student}/model.json", f"{student}/metrics.json"]),
    }[Path(cost).stem]


def _label(run, g, subsets, folders):
    here, before = folders[g], folders[g - 1]
    settings = rule_params.prediction(run, g, code)
    tables = (f"{before}/teachers.json", subsets["unlabelled"])
    predict(settings, *tables, f"{here}/predictions", f"{here}/predictions.csv", "cpu")
    out = [f"{here}/masks/consensus", f"{here}/masks/inconsistency", f"{here}/masks.csv"]
    previous = f"{before}/masks.csv" if g > 1 else None
    build_masks(
        rule_params.masks(run, g, code),
        f"{here}/predictions.csv",
        previous,
        *out,
        images=subsets["unlabelled"],
        overlay=f"{here}/masks/overlay",
    )


def _student(spec, folder, seed):
    torch.manual_seed(seed)
    about = {key: spec[key] for key in ("task", "size", "input")}
    networks.save(networks.build(spec["network"], 1, 3), folder, spec["network"], 1, 3, about)
    history = write_history(folder, [{"step": step, "loss": 1 / (seed + step)} for step in (4, 8)])
    values = {"steps": 12, "val": {"iou": {"value": 0.5 + seed / 100}}, "tables": {"history.csv": history}}
    write_json(folder / "metrics.json", values)
