"""A whole run in a second: every table is written by the library itself, only the networks are a threshold on brightness."""

from pathlib import Path

import pytest
import torch
from discs import KINDS, config, draw
from resealed import reseal

from dissent.core.files import write_json
from dissent.datasets import prepare, split
from dissent.planning import rule_params
from dissent.planning.closure import Library
from dissent.report.page import write_report
from dissent.steps import audit, build_masks, cost, evaluate, predict, rank_students

SUBSETS = ("labelled", "unlabelled", "val", "test", "hidden")
HOSTILE = "a<img src=x onerror=alert(1)>&amp;\"'{{ 7*7 }}$x_2$"
AUTO = "dataset: tiny\nsplit: few\nnetwork: tiny\nmethod: im_clean\ngenerations: {auto: 4, patience: 2}\nstudents: 2\n"
"""an experiment that decides by itself when to stop"""


code = Library().code


class Untrained:
    """Runs of one data set below the working directory; `monkeypatch` puts thresholds in the place of networks."""

    def __init__(self, root, monkeypatch, kind="binary", names=lambda name: name, hidden=True):
        self.config, self.name, self.root = config(root), KINDS[kind], root
        draw(Path())
        for path in [*Path("raw", self.name, "images").iterdir(), *Path("raw", self.name, "masks").iterdir()]:
            path.rename(path.with_name(names(path.stem) + ".png"))
        dataset = self.config.dataset(self.name).model_dump(mode="json")
        prepare(dataset, self.name, f"raw/{self.name}", f"data/{self.name}")
        self.subsets = {subset: f"data/{self.name}/splits/few/{subset}.csv" for subset in SUBSETS}
        split(dataset, "few", f"data/{self.name}", str(Path(self.subsets["val"]).parent))
        if not hidden:
            table = Path(self.subsets["hidden"])
            table.write_text(table.read_text().splitlines(keepends=True)[0])
            reseal(table)
        monkeypatch.setattr(evaluate, "load_pool", lambda teachers, rows, device: [self._offset(row) for row in rows])
        monkeypatch.setattr(predict, "load_pool", lambda teachers, rows, device: [self._offset(row) for row in rows])
        monkeypatch.setattr(evaluate.inference, "probabilities", probabilities)

    def _offset(self, row):
        """How far a student's threshold is from the right one: less in later generations, and never the same twice."""
        _, run, generation, _, _ = Path(row["folder"]).parts
        better = self._apart(run).get("better", 0)
        return 24 / (1 + int(generation[-1])) + 6 * row["student"] - better

    def _apart(self, run):
        """By how much the students of a control are better; of others nothing, as they are those of the run's gen0."""
        better = {"aldt": 9, "fdt": 26}.get(run.split(".")[-1])
        return {"better": better} if better else {}

    def build(self, name, generations):
        """Everything that stands in results/{name}, but the report."""
        run = self.config.run(name)
        for g in range(generations + 1):
            self._generation(run, Path("results", name, f"gen{g}"), g)
        return [f"results/{name}/gen{g}" for g in range(generations + 1)]

    def _generation(self, run, folder, g):
        params = rule_params.evaluation(run, g, code)
        for i in (1, 2):
            student = folder / "students" / str(i)
            for name in ("model.safetensors", "model.json"):
                write_json(student / name, self._weights(g, i) | self._apart(run.name))
            write_json(student / "metrics.json", {"steps": 12, "val": {"iou": {"value": self._score(g, i)}}})
            self._cost(student / "cost.json", {"steps": 12, "images": 48})
        if g:
            teachers = str(folder.parent / f"gen{g - 1}" / "teachers.json")
            spoken = str(folder / "predictions.csv")
            predict.predict(
                rule_params.prediction(run, g, code),
                teachers,
                self.subsets["unlabelled"],
                str(folder / "predictions"),
                spoken,
                "cpu",
            )
            before = str(folder.parent / f"gen{g - 1}" / "masks.csv") if g > 1 else None
            settings = rule_params.masks(run, g, code)
            out = [str(folder / "masks" / part) for part in ("consensus", "inconsistency")]
            build_masks.build_masks(settings, spoken, before, *out, str(folder / "masks.csv"))
        rank_students.rank_students(
            [f"{folder}/students/{i}/metrics.json" for i in (1, 2)], 2, "iou", str(folder / "teachers.json")
        )
        evaluate.evaluate(
            params,
            str(folder / "teachers.json"),
            {subset: self.subsets[subset] for subset in ("val", "test")},
            str(folder / "masks.csv") if g else None,
            self.subsets["labelled"],
            f"data/{self.name}/dataset.json",
            str(folder / "metrics.json"),
            str(folder / "counts.csv"),
            "cpu",
            self.subsets["unlabelled"],
            [str(folder.parent / f"gen{h}") for h in range(g)],
            str(folder / "examples"),
            str(folder / "README.md"),
        )
        if g:
            tables = [self.subsets["hidden"], str(folder / "masks.csv"), str(folder / "predictions.csv")]
            audit.audit(rule_params.auditing(run, g, code), *tables, str(folder / "audit.json"))
        self._cost(folder / "costs" / "evaluate.json", {"images": 20})
        jobs = [f"{folder}/students/1/cost.json", f"{folder}/students/2/cost.json", f"{folder}/costs/evaluate.json"]
        cost.add_costs(jobs, str(folder / "cost.json"))

    def _score(self, g, i):
        """By validation."""
        return 0.5 + 0.1 * i

    def _weights(self, g, i):
        """What stands in the place of a student's weights."""
        return {"student": i, "generation": g}

    def _cost(self, path, done):
        spent = {"seconds": 3.25, "cpu_seconds": 4.5, "peak_memory_mb": 900.5, "host": "here", "device": "cpu"}
        write_json(path, spent | done)

    def report(self, generations=2, controls=("ldt_equal_steps", "aldt", "fdt")):
        """The arguments of `write_report` but `out`, of a run with these controls."""
        run, others = self.config.run(self.name), [self.config.run(f"{self.name}.{name}") for name in controls]
        return {
            "params": rule_params.report(run, others, code, self.config),
            "generations": self.build(run.name, generations),
            "controls": {one.method_name: self.build(one.name, 0)[0] for one in others},
            "data": self.subsets,
            "templates": str(self.root / "workflow" / "report"),
        }


def hostile_run(folder):
    """A run below `folder` some of whose names try to become markup: the arguments of its report."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        root = Path(__file__).resolve().parents[2]
        run = Untrained(root, patch, names=lambda name: name + HOSTILE if name in ("i05", "i11") else name)
        arguments = run.report()
        write_report(**arguments, out="report.html")
    return arguments


def probabilities(pool, images, task, device, precision, batch, judge=None):
    """Every label of a task is where it is bright, the first of several where it is dark."""
    bright = torch.as_tensor(images).float()[..., :3].mean(-1)
    found = []
    for offset in pool:
        sure = ((bright - 90 - offset) / 8).sigmoid()
        planes = [sure] if task.outputs == 1 else [1 - sure, 0.6 * sure, 0.9 * sure]
        found.append(torch.stack(planes, 1))
    yield found
