"""Whole runs of the shipped methods in this process, as the rules would do them, at 64x64 with networks of two steps."""

from pathlib import Path

from discs import KINDS, SETTINGS, draw

from dissent.core.columns import SUBSETS
from dissent.datasets import prepare, split
from dissent.datasets.external_teacher import read_teacher
from dissent.planning import outside, rule_params
from dissent.planning.paths import Plan
from dissent.steps.assemble_pairs import assemble_pairs
from dissent.steps.build_masks import build_masks
from dissent.steps.external_teachers import scored
from dissent.steps.predict import predict
from dissent.steps.rank_students import rank_students
from dissent.steps.score_pairs import score_pairs
from dissent.steps.train import train_student
from dissent.steps.train_evalnet import measure_thresholds, train_evalnet

NETWORK = "architecture: unet1x1\nwidth: 0.125\nsteps: 2\nbatch_size: 4\nloss: [ce]\nresources: {threads: 1}\n"
EVALNET = "architecture: evalnet\nwidth: 0.125\nsteps: 2\nbatch_size: 4\nresources: {threads: 1}\n"


def code(*names):
    return "code"


class InProcess:
    """Runs of one kind of task below the working directory, which is empty."""

    def __init__(self, root: Path, kind: str, more: str = ""):
        """`more`: lines of the experiment."""
        self.name = KINDS[kind]
        draw(Path(), images=12, size=64)
        dataset = (SETTINGS / "datasets" / f"{self.name}.yaml").read_text().replace("[32, 32]", "[64, 64]")
        dataset = (
            dataset.split("splits:")[0] + "splits:\n  few: {seed: 1, labelled: 3, unlabelled: 4, val: 3, test: 2}\n"
        )
        experiment = f"dataset: {self.name}\nsplit: few\nnetwork: tiny\nevalnet: rating\nmethod: im\n"
        self._write("datasets", self.name, dataset)
        self._write("experiments", self.name, f"{experiment}generations: 2\nstudents: 2\n{more}")
        self._write("networks", "tiny", NETWORK)
        self._write("networks", "rating", EVALNET)
        self.plan = Plan({"config_dir": "settings"}, str(root))
        settings = self.plan.config.dataset(self.name).model_dump(mode="json")
        prepare(settings, self.name, f"raw/{self.name}", f"data/{self.name}")
        self.subsets = {subset: f"data/{self.name}/splits/few/{subset}.csv" for subset in SUBSETS}
        split(settings, "few", f"data/{self.name}", str(Path(self.subsets["val"]).parent))

    def _write(self, kind: str, name: str, text: str) -> None:
        path = Path("settings", kind, f"{name}.yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run(self, method: str):
        """The run of a method, all generations done."""
        run = self.plan.config.run(self.name if method == "im" else f"{self.name}.{method}")
        for g in range(run.method.last + 1):
            self.generation(run, g)
        return run

    def generation(self, run, g: int) -> None:
        """Label, select, assemble, learn, rank; what lies there is not made again."""
        here, before = (f"results/{run.name}/gen{n}" for n in (g, g - 1))
        if Path(here, "teachers.json").exists():
            return
        masks = None
        if g:
            spoken, masks = f"{here}/predictions.csv", f"{here}/masks.csv"
            params = rule_params.prediction(run, g, code)
            predict(params, f"{before}/teachers.json", self.subsets["unlabelled"], f"{here}/predictions", spoken, "cpu")
            scores = self._rate(run, g, "predictions")
            previous = f"{before}/masks.csv" if g > 1 else None
            parts = (f"{here}/masks/consensus", f"{here}/masks/inconsistency")
            build_masks(rule_params.masks(run, g, code), spoken, previous, *parts, masks, scores)
        scores = self._rate(run, g, "masks")
        tables = (self.subsets["labelled"], masks, self.subsets["unlabelled"], self.plan.hidden(run, g) or None)
        assemble_pairs(rule_params.pairs(run, g, code), *tables, f"{here}/pairs.csv", scores)
        members = range(1, run.at(g)["students"] + 1)
        for i in members:
            params, subsets = (
                rule_params.student(run, g, i, code),
                {subset: self.subsets[subset] for subset in ("val", "unlabelled")},
            )
            train_student(
                params, f"{here}/pairs.csv", **subsets, out=f"{here}/students/{i}", state=f"{here}/s", device="cpu"
            )
        files = [f"{here}/students/{i}/metrics.json" for i in members]
        ranked = rule_params.ranking(run, g, code)
        external = scored(self._external(run), self.subsets["val"], ranked["task"], ranked["score"])
        rank_students(files, ranked["teachers"], ranked["score"], f"{here}/teachers.json", external)

    def _external(self, run) -> list[str]:
        """The tables of teachers from outside, read once."""
        tables = outside.tables(run)
        for one, table in zip(run.external_teachers, tables, strict=True):
            if not Path(table).exists():
                subsets = {name: self.subsets[name] for name in ("unlabelled", "val")}
                params = outside.settings(run, one.name, code)
                read_teacher(params, subsets, f"data/{self.name}/files.csv", table.removesuffix(".csv"), table)
        return tables

    def _rate(self, run, g: int, what: str) -> str | None:
        if not (out := self.plan.scores(run, g, what)):
            return None
        for name in run.rated_pools:
            self.generation(self.plan.config.run(name), 0)
        pools, folder = self.plan.quality_pools(run), f"results/{run.name}/evalnets"
        thresholds, evalnets = f"{folder}/thresholds.json", f"{folder}/evalnets.json"
        if not Path(thresholds).exists():
            measure_thresholds(rule_params.thresholds(run, code), pools, self.subsets["val"], thresholds, "cpu")
            subsets = (self.subsets["labelled"], self.subsets["val"])
            for i in range(1, run.method.quality.trained + 1) if run.evalnet else []:
                train_evalnet(
                    rule_params.evalnet(run, i, code), pools, *subsets, f"{folder}/{i}", f"{folder}/s{i}", "cpu"
                )
            if run.evalnet:
                files = self.plan.evalnets(run, "metrics.json")
                rank_students(files, run.method.quality.used, "agreement", evalnets)
        judge = (evalnets, None) if run.evalnet else (None, self.subsets["hidden"])
        params = rule_params.rating(run, code)
        score_pairs(params, self.plan.rated(run, g), self.subsets["unlabelled"], thresholds, *judge, out, "cpu")
        return out
