"""Generations that are not made: what their jobs leave, and how the report and `dissent` read it."""

import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
import warm_snakemake
from browsed_run import browse
from discs import draw
from safetensors import safe_open
from untrained_run import AUTO, Untrained, code

from dissent.cli.predict.pool import folders_of
from dissent.cli.verify.checksums import claims_of
from dissent.cli.verify.faults import find
from dissent.config.resolve import Config
from dissent.core.files import UserError, read_json, read_table, write_json
from dissent.planning import rule_params
from dissent.report.page import write_report
from dissent.report.run_results import Story
from dissent.runtime import AtOnce
from dissent.steps.cost import add_costs
from dissent.steps.decide import write_stop
from dissent.steps.skipped import unless_stopped


class Named(list):
    """As Snakemake gives inputs, outputs and params: a list with names."""

    def __init__(self, **named):
        super().__init__(named.values())
        self.__dict__.update(named)
        self.get = self.__dict__.get


def job(rule, stop, output, **settings):
    return SimpleNamespace(
        rule=rule, input=Named(stop=stop), output=Named(**output), params=SimpleNamespace(settings=settings)
    )


def outputs(folder):
    """{rule: its outputs}, as rules/generation.smk names them, of a generation with two students."""
    students = [
        {"model": "model.safetensors", "about": "model.json", "history": "history.csv", "metrics": "metrics.json"}
    ] * 2
    trained = [
        {key: f"{folder}/students/{i}/{name}" for key, name in (one | {"cost": "cost.json"}).items()}
        for i, one in enumerate(students, 1)
    ]
    return [
        ("predict", {"folder": f"{folder}/predictions", "table": f"{folder}/predictions.csv", "cost": f"{folder}/costs/predict.json"}),
        ("build_masks", {"consensus": f"{folder}/masks/consensus", "inconsistency": f"{folder}/masks/inconsistency"}
         | {"overlay": f"{folder}/masks/overlay", "table": f"{folder}/masks.csv", "cost": f"{folder}/costs/build_masks.json"}),
        ("assemble_pairs", {"out": f"{folder}/pairs.csv"}),
        *(("train", one) for one in trained),
        ("rank_students", {"out": f"{folder}/teachers.json"}),
        ("evaluate", {"metrics": f"{folder}/metrics.json", "counts": f"{folder}/counts.csv", "cost": f"{folder}/costs/evaluate.json"}
         | {"examples": f"{folder}/examples", "readme": f"{folder}/README.md"}),
        ("audit", {"out": f"{folder}/audit.json"}),
    ]  # fmt: skip


class Auto(Untrained):
    """Run `auto`: thresholds that get worse after gen1, so that it stops after gen3, planned to gen4."""

    def __init__(self, root, monkeypatch, worse=(20, 5, 40, 60, 80)):
        super().__init__(root, monkeypatch)
        folder = Path("settings/experiments")
        folder.mkdir(parents=True)
        (folder / "auto.yaml").write_text(AUTO)
        self.config = Config("settings", root / "tests" / "settings", root / "config")
        self.worse, self.run = worse, self.config.run("auto")

    def _offset(self, row):
        generation = int(Path(row["folder"]).parts[2][3:])
        return self.worse[generation] + 6 * row["student"]

    def end(self, g):
        """The jobs of a generation that is not made."""
        folder, stop = f"results/auto/gen{g}", f"results/auto/gen{g}/stop.2.json"
        write_stop(rule_params.deciding(self.run, code), f"results/auto/gen{g - 1}/metrics.json", stop)
        for rule, output in outputs(folder):
            with (
                pytest.raises(AtOnce, match="stopped after gen3"),
                unless_stopped(
                    job(rule, stop, output, run="auto", generation=g, task=rule_params.facts(self.run)["task"])
                ),
            ):
                raise AssertionError("the job ran")
        costs = [f"{folder}/students/{i}/cost.json" for i in (1, 2)]
        add_costs(
            [*costs, *(f"{folder}/costs/{name}.json" for name in ("predict", "build_masks", "evaluate"))],
            f"{folder}/cost.json",
        )
        return folder

    def arguments(self, generations):
        return {
            "params": rule_params.report(self.run, [], code, self.config),
            "generations": generations,
            "controls": {},
            "data": self.subsets,
            "templates": str(self.root / "workflow" / "report"),
        }


@pytest.fixture
def stopped(root, in_tmp, monkeypatch):
    run = Auto(root, monkeypatch)
    made = run.build("auto", 3)
    return run, [*made, run.end(4)]


def test_validation_stops_the_run_and_says_what_that_saves(stopped):
    going = read_json("results/auto/gen2/metrics.json")["stopping"]
    assert going["stopped_at"] is None and going["kept"] == 1
    found = read_json("results/auto/gen3/metrics.json")["stopping"]
    assert (found["stopped_at"], found["kept"], found["kept_folder"]) == (3, 1, "results/auto/gen1")
    assert [turn["gain"] for turn in found["generations"]] == [False, True, False, False]
    assert "stopped_at" not in read_json("results/auto/gen3/metrics.json")
    stop = read_json("results/auto/gen4/stop.2.json")
    assert stop["saved"] == {"generations": 1, "students": 2, "steps": 24}
    write_stop(rule_params.deciding(stopped[0].run, code), "results/auto/gen2/metrics.json", "go.json")
    assert read_json("go.json") == {"stopped_at": None}
    write_json("fixed.json", {"generation": 2})
    with pytest.raises(UserError, match=r"fixed.json decides nothing: .* not `generations: auto`"):
        write_stop(rule_params.deciding(stopped[0].run, code), "fixed.json", "go.json")


def test_tables_of_what_was_not_made_are_those_of_the_generation_that_is_kept(stopped):
    last = Path("results/auto/gen4")
    ours, kept = read_json(last / "metrics.json"), read_json("results/auto/gen1/metrics.json")
    assert (ours["generation"], ours["stopped_at"], ours["kept"]) == (4, 3, 1) and "stopped after gen3" in ours["why"]
    assert (
        ours["test"] == kept["test"]
        and (last / "counts.csv").read_bytes() == Path("results/auto/gen1/counts.csv").read_bytes()
    )
    teachers = read_json(last / "teachers.json")
    assert teachers["pool"] == read_json("results/auto/gen1/teachers.json")["pool"] and teachers["stopped_at"] == 3
    assert [read_table(last / f"{name}.csv") for name in ("predictions", "masks", "pairs")] == [[], [], []]
    for folder in ("predictions", "masks/consensus", "masks/inconsistency"):
        assert [path.name for path in (last / folder).iterdir()] == ["not_made.txt"]
        assert "gen1 is kept" in (last / folder / "not_made.txt").read_text()
    with safe_open(last / "students/2/model.safetensors", "numpy") as model:
        assert list(model.keys()) == [] and model.metadata()["not_made"].endswith(": results/auto/gen1")
    assert read_json(last / "cost.json")["total"]["steps"] == 0 and read_json(last / "audit.json")["hidden_masks"] == 0
    found = find([last])
    assert found.faults == [] and found.checked > 10 and claims_of(last / "teachers.json")


def test_the_same_decision_leaves_the_same_bytes(stopped):
    before = {path: path.read_bytes() for path in Path("results/auto/gen4").rglob("*") if path.is_file()}
    stopped[0].end(4)
    assert before == {path: path.read_bytes() for path in before}


def test_jobs_of_generations_that_are_made_do_their_work(in_tmp):
    write_json("stop.json", {"stopped_at": None})
    for stop in ([], "stop.json"):
        done = []
        with unless_stopped(job("predict", stop, {})):
            done.append(1)
        assert done == [1]


def test_the_report_follows_what_is_kept(stopped):
    run, folders = stopped
    arguments = run.arguments(folders)
    story = Story.read(*(arguments[name] for name in ("params", "generations", "controls", "data")))
    assert [one.number for one in story.generations] == [0, 1, 2, 3] and story.last.number == 1
    write_report(**arguments, out="report.html")
    page = Path("report.html").read_text("utf-8")
    assert "generations: auto: stopped after gen3" in page and "Not made: 1 generations with 2 students" in page
    assert "gen1 of im_clean reaches" in page and "gen4" not in page.split("The config as resolved")[0]
    write_report(**arguments, out="again.html")
    assert Path("again.html").read_text("utf-8") == page
    shown = browse(run, 4, "auto")
    assert sorted(path.name for path in shown.with_suffix("").glob("gen*")) == ["gen1", "gen2", "gen3"]
    assert '"kept": 1,' in shown.read_text("utf-8")
    as_control = Story.read(arguments["params"], folders[:1], {"im": folders[-1]}, arguments["data"])
    assert as_control.controls["im"].number == 1
    assert [one.number for one in as_control.control_generations("im")] == [0, 1, 2, 3]


def test_a_run_that_keeps_gen0_says_that_generations_did_not_pay(root, in_tmp, monkeypatch):
    run = Auto(root, monkeypatch, worse=(5, 40, 60, 80, 80))
    made = run.build("auto", 2)
    assert read_json("results/auto/gen2/metrics.json")["stopping"]["kept"] == 0
    write_report(**run.arguments(made), out="report.html")
    page = Path("report.html").read_text("utf-8")
    assert "No gain here, as none of 2 generations scores better on validation: gen0 of im_clean reaches" in page
    assert "What the teachers of gen2 said" in page and '"kept": 2,' in browse(run, 2, "auto").read_text("utf-8")


def test_predict_takes_the_students_that_are_kept(stopped, caplog):
    found = folders_of(Path("results/auto/gen4"), everyone=False)
    assert [folder.parts[2] for folder, _ in found] == ["gen1"]
    assert "results/auto/gen4 was not made: the run stopped after gen3" in caplog.text
    with pytest.raises(
        UserError, match=r"students/1 was not trained: the run stopped after gen3.*use results/auto/gen1"
    ):
        folders_of(Path("results/auto/gen4/students/1"), everyone=False)


@pytest.mark.slow
def test_snakemake_ends_the_jobs_of_what_is_not_made_at_once(root, in_tmp):
    """Until gen1 as it is; then its metrics are made to say that it was the last: what toy networks gain is left to chance."""
    shutil.copytree(root / "tests" / "settings", "mine")
    experiment = Path("mine/experiments/auto.yaml")
    experiment.write_text(AUTO.replace("auto: 4, patience: 2", "auto: 2, patience: 1"))
    draw(Path())

    def snakemake(*words):
        options = ["-s", root / "Snakefile", "--config", "config_dir=mine", "--cores", "2"]
        done = warm_snakemake.snakemake(warm_snakemake.PLAIN, *options, *words)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
        return done.stdout + done.stderr

    snakemake("results/auto/gen1/metrics.json")
    path = Path("results/auto/gen1/metrics.json")
    found = read_json(path)
    folder = {"stopped_at": 1, "kept": 0, "kept_folder": "results/auto/gen0", "why": "stopped after gen1"}
    write_json(path, found | {"stopping": found["stopping"] | folder})
    told = snakemake("results/auto/report.html")
    assert "That saves 1 generations: 2 students, 24 steps" in told and "nothing to do: stopped after gen1" in told
    assert read_json("results/auto/gen2/metrics.json")["stopped_at"] == 1
    assert "stopped after gen1" in Path("results/auto/report.html").read_text("utf-8")
    assert "Nothing to be done" in snakemake("-n", "results/auto/report.html")

    # what is decided anew with the same answer trains nothing anew; a higher cap goes on from what is there
    again = snakemake("-n", "--forcerun", "evaluate", "--", "results/auto/gen2/metrics.json")
    assert set(re.findall(r"^(evaluate|train|predict) +(\d+)", again, re.MULTILINE)) == {("evaluate", "3")}
    experiment.write_text(AUTO.replace("auto: 4, patience: 2", "auto: 3, patience: 1"))
    more = snakemake("-n", "results/auto/gen3/metrics.json")
    assert set(re.findall(r"^(predict|train) +(\d+)", more, re.MULTILINE)) == {("predict", "1"), ("train", "2")}
