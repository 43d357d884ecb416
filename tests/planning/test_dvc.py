"""DVC around the workflow: what dvc.yaml says, and one run of it with a kill, a change, a push and a pull."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from discs import draw

from dissent.config.resolve import Config
from dissent.core.files import UserError, write_json
from dissent.datasets.made import remember
from dissent.planning.dvc.scores import few
from dissent.planning.dvc.settings import check_settings, settings, write_settings
from dissent.planning.dvc.stages import check_stages, stages, text
from dissent.planning.paths import Plan

EXPERIMENT = (
    "dataset: tiny\nsplit: few\nnetwork: tiny\nmethod: im_clean\ngenerations: 2\nstudents: 2\ncontrols: [ldt]\n"
)
OPTIONS = "EXPERIMENT=chain CONFIG_DIR=mine"


@pytest.fixture
def mine(in_tmp, root) -> Config:
    """Experiment `chain` in a settings folder of its own."""
    write_mine(in_tmp, root)
    return Config("mine", root / "config")


def write_mine(folder: Path, root: Path) -> None:
    shutil.copytree(root / "tests" / "settings", folder / "mine")
    (folder / "mine" / "experiments" / "chain.yaml").write_text(EXPERIMENT)


def test_the_shipped_file_is_that_of_the_demo(root):
    assert (root / "dvc.yaml").read_text("utf-8") == text(Config(root / "config"), "demo")


def test_one_stage_a_generation_each_on_its_own_settings(mine):
    found = stages(mine, "chain", "mine")["stages"]
    assert list(found) == ["settings", "data", "gen0", "gen1", "gen2", "ldt-gen0", "report", "scores"]
    outs = [next(iter(out)) if isinstance(out, dict) else out for one in found.values() for out in one.get("outs", [])]
    scores = [next(iter(out)) for one in found.values() for out in one.get("metrics", [])]
    assert len({*outs, *scores}) == len(outs + scores)
    for one in found.values():
        for path in one["deps"]:
            made = [out for out in [*outs, *scores] if path == out or path.startswith(out + "/")]
            assert len(made) == (path.split("/")[0] in ("work", "data", "results")), path
    for g in (1, 2):
        assert f"work/settings/chain/gen{g}.json" in found[f"gen{g}"]["deps"]
        assert f"results/chain/gen{g - 1}/teachers.json" in found[f"gen{g}"]["deps"]
        assert not [path for path in found[f"gen{g}"]["deps"] if f"gen{g}/" in path]


def test_lists_of_a_split_are_dependencies_unless_they_lie_in_the_raw_folder(mine, in_tmp, root):
    for path in ("labelled.txt", "pool.txt", "raw/tiny/val.txt"):
        (in_tmp / path).parent.mkdir(parents=True, exist_ok=True)
        (in_tmp / path).touch()
    listed = in_tmp / "mine" / "datasets" / "tiny.yaml"
    words = listed.read_text().split("splits:")[0]
    listed.write_text(words + "splits: {few: {lists: {labelled: labelled.txt, unlabelled: pool.txt, val: val.txt}}}")
    data = stages(Config("mine", root / "config"), "chain", "mine")["stages"]["data"]
    assert data["deps"] == ["work/settings/data.json", "raw/tiny", "labelled.txt", "pool.txt"]


def test_corrections_of_fetched_data_are_dependencies_and_told_as_changed(mine, in_tmp, root):
    """What is fetched is none: it is not there before."""
    text = (root / "config/datasets/isic.yaml").read_text("utf-8")
    Path("mine/datasets/isic.yaml").write_text(
        f"{text.replace('protocol: published', '')}\nown_masks: data/raw/isic.masks\n"
    )
    Path("mine/experiments/chain.yaml").write_text(
        EXPERIMENT.replace("tiny", "isic", 1).replace("split: few", "split: published")
    )
    found = stages(Config("mine", root / "config"), "chain", "mine")["stages"]["data"]
    assert found["deps"] == ["work/settings/data.json", "data/raw/isic.masks"]

    write_json("data/raw/isic.masks/record.json", {"masks": {"a": {"sha256": "1"}}})
    plan = Plan({"config_dir": "mine"}, str(root))
    remember("data/isic", plan.preparing("isic"))
    assert not plan.raw_changed("isic")
    write_json("data/raw/isic.masks/record.json", {"masks": {"a": {"sha256": "2"}}})
    assert plan.raw_changed("isic")


def test_a_change_of_one_generation_shows_in_its_settings_and_later_alone(mine, root):
    before = settings(mine, "chain")
    path = Path("mine/experiments/chain.yaml")
    path.write_text(EXPERIMENT + "noise_copies: [0, 1, 1]\n")
    after = settings(Config("mine", root / "config"), "chain")
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"chain/gen1.json", "chain/gen2.json", "report.json"}
    path.write_text(EXPERIMENT + "noise_copies: [0, 0, 1]\n")
    after = settings(Config("mine", root / "config"), "chain")
    assert {name for name in before if before[name] != after[name]} == {"chain/gen2.json", "report.json"}


def test_every_slice_that_a_rule_uses_is_in_the_settings(mine, root):
    """What a rule takes of the settings, and no file of the stages held, could change without a stage noticing."""
    used, every = set(), set()
    for path in [
        *(root / "workflow" / "rules").glob("*.smk"),
        root / "workflow/scripts/dissent/planning/dvc/settings.py",
    ]:
        words = {word.split("(")[0] for word in path.read_text().split("rule_params.")[1:]}
        every |= words
        used = used | words if path.suffix == ".smk" else used - words
    assert used == {"showing"} and len(every) > 8  # on request, of no stage


def test_the_code_of_every_rule_is_in_the_settings(root, in_tmp, monkeypatch):
    """Of a run that has them all: fetched data, shards, EvalNets, a teacher from outside, generations that may not be made."""
    monkeypatch.setattr("dissent.planning.dvc.settings._code", lambda rule, *parts: rule)
    write_mine(in_tmp, root)
    more = "evalnet: tiny_evalnet\nquality: {trained: 3, used: 2}\ngenerations: {auto: 2, patience: 1}\nshards: 2\n"
    more += "external_teachers: [{name: sam, masks: sam}]\n"
    Path("sam").mkdir()
    Path("mine/experiments/all.yaml").write_text(
        "dataset: isic\nsplit: published\nnetwork: unet1x1_small\nmethod: im_plus_plus\n" + more
    )
    found = settings(Config("mine", root / "config"), "all")
    codes = set(re.findall(r'"(?:code|report)": "(\w+)"', json.dumps(found))) | set(found["data.json"]["code"])
    rules = {
        rule
        for path in root.glob("workflow/rules/*.smk")
        for rule in re.findall(r"^rule (\w+):", path.read_text(), re.M)
    }
    beside = {"tabulate_study", "plot_labels", "show_pairs"}  # which no stage runs
    assert codes == {rule.removesuffix("_shard") for rule in rules} - beside
    assert [one["member"] for one in found["all/gen1.json"]["train_evalnet"]] == [1, 2, 3]


def test_the_settings_files_of_all_runs_are_parameters_with_all_their_keys(mine, root):
    params = stages(mine, "chain", "mine")["stages"]["settings"]["params"]
    # those of the control and of generation 0 too; None is every key
    shipped = [os.path.relpath(root / f"config/methods/{name}.yaml") for name in ("im_clean", "ldt", "ldt_equal_steps")]
    own = [f"mine/{name}.yaml" for name in ("datasets/tiny", "experiments/chain", "networks/tiny")]
    assert params == [{path: None} for path in shipped + own]


def test_files_of_studies_and_evalnets_are_parameters(root):
    for name, paths in {
        "study_small.isic_study.im_plus_plus.s1": [
            "studies/study_small",
            "experiments/isic_study",
            "networks/evalnet_small",
        ],
        "study_teachers.isic_study.teachers_3.s1": ["studies/study_teachers", "methods/im_clean"],
    }.items():
        params = str(stages(Config(root / "config"), name)["stages"]["settings"]["params"])
        assert not [path for path in paths if f"config/{path}.yaml'" not in params], params


def test_a_stale_file_is_refused_with_the_command_that_mends_it(mine, root):
    Path("dvc.yaml").write_text(text(mine, "chain", "mine"))
    shutil.copy("mine/networks/tiny.yaml", "mine/networks/wide.yaml")
    for words in (EXPERIMENT, EXPERIMENT.replace("network: tiny", "network: wide")):  # of the same stages
        Path("mine/experiments/chain.yaml").write_text(words)
        check_stages(Config("mine", root / "config"), "chain", "mine")
    Path("mine/experiments/chain.yaml").write_text(EXPERIMENT.replace("generations: 2", "generations: 3"))
    with pytest.raises(
        UserError, match=r"\(stages gen3, report, scores\); `make stages EXPERIMENT=chain CONFIG_DIR=mine` writes"
    ):
        check_stages(Config("mine", root / "config"), "chain", "mine")


def test_the_table_of_dvc_has_a_row_a_generation_and_few_columns():
    pool = {"iou": 0.5, "dice": 0.6, "published_iou": 0.7, "pixel_accuracy": 0.9}
    val = {"images": 4, "pool": {name: {"mean": mean, "sd": 0.1, "n": 2} for name, mean in pool.items()}, "best": {}}
    first = {"score": "iou", "val": val, "test": None, "definitions": {}}
    assert few(first) == {"val": {"iou": 0.5, "dice": 0.6}}
    later = first | {"score": "published_iou", "test": val, "pseudo_labels": {"doubt_share": 0.01, "kept": 5}}
    scores = {"published_iou": 0.7, "iou": 0.5, "dice": 0.6}
    assert few(later) == {"val": scores, "test": scores, "doubt_share": 0.01}


def test_results_of_other_settings_are_noticed(mine, root):
    with pytest.raises(UserError, match=r"work/settings/data.json does not exist"):
        check_settings(mine, "chain")
    write_settings(mine, "chain")
    check_settings(mine, "chain")
    Path("mine/experiments/chain.yaml").write_text(EXPERIMENT + "noise_copies: [0, 0, 1]\n")
    with pytest.raises(
        UserError, match=r"other settings .*\(work/settings/chain/gen2.json, work/settings/report.json\)"
    ):
        check_settings(Config("mine", root / "config"), "chain")


def environment() -> dict[str, str]:
    """This interpreter's commands first; git answers for itself; make does not inherit from the make that runs us."""
    names = {"GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@t", "GIT_COMMITTER_NAME": "t", "GIT_COMMITTER_EMAIL": "t@t"}
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS", "GIT_"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return kept | names | {"PATH": path, "VENV": sys.prefix}


def run(folder: Path, command: str) -> str:
    done = subprocess.run(["bash", "-ec", command], cwd=folder, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def failed(folder: Path, command: str) -> str:
    done = subprocess.run(["bash", "-ec", command], cwd=folder, env=environment(), capture_output=True, text=True)
    assert done.returncode != 0
    return done.stderr


def ran(words: str) -> list[str]:
    """The stages that `dvc repro` ran."""
    return [line.split("'")[1] for line in words.splitlines() if line.startswith("Running stage")]


def nothing_to_do(folder: Path) -> None:
    assert ran(run(folder, "dvc repro")) == []
    plan = run(folder, "snakemake -n results/chain/report.html --config config_dir=mine 2>&1")
    assert "Nothing to be done" in plan
    assert run(folder, "git status --short") == ""


def kill_in_the_middle(folder: Path) -> None:
    """Start `dvc repro` and kill -9 all of it while the students of generation 1 learn."""
    with open(folder.parent / "killed.log", "w") as log:
        started = subprocess.Popen(
            ["dvc", "repro"], cwd=folder, env=environment(), stdout=log, stderr=log, start_new_session=True
        )
        deadline = time.monotonic() + 300
        while not (folder / "logs/chain/gen1/train.1.log").exists():
            assert started.poll() is None and time.monotonic() < deadline, Path(log.name).read_text()[-3000:]
            time.sleep(0.05)
        os.killpg(started.pid, signal.SIGKILL)
        started.wait()


@pytest.mark.slow
def test_kill_resume_push_pull_and_change(tmp_path, root):
    """One repository through all of it: each part starts from what the one before left."""
    here, there, store = tmp_path / "here", tmp_path / "there", tmp_path / "store"
    for name in run(root, "git ls-files -co --exclude-standard").splitlines():
        if (root / name).is_file() and not name.startswith(("results/", "dvc.lock")):
            (here / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, here / name)
    write_mine(here, root)
    draw(here)
    run(here, f"make -s stages {OPTIONS} && git init -q && git add -A && git commit -qm start")

    kill_in_the_middle(here)
    resumed = run(here, "dvc repro 2>&1")
    assert "gen0" not in ran(resumed) and ran(resumed)[0] == "gen1"
    assert "predict run=chain g=1" not in resumed  # Snakemake went on from what it had
    assert (here / "results/chain/report.html").stat().st_size > 10_000
    run(here, "git add -A && git commit -qm built")
    tracked = run(here, "git ls-files results").split()
    assert tracked == sorted(
        [f"results/chain/gen{g}/{name}" for g in (1, 2) for name in ("audit.json", "metrics.json")]
        + ["results/chain/gen0/metrics.json", "results/chain.ldt/gen0/metrics.json"]
    )
    assert run(here, "git ls-files scores").split() == [
        "scores/chain.ldt/gen0.json", *(f"scores/chain/gen{g}.json" for g in (0, 1, 2))
    ]  # fmt: skip
    nothing_to_do(here)

    run(here, f"dvc remote add --local -d store {store} && dvc push && git clone -q . {there}")
    run(there, f"dvc remote add --local -d store {store} && make pull {OPTIONS}")
    nothing_to_do(there)

    with open(there / "mine/experiments/chain.yaml", "a") as stream:
        stream.write("noise_copies: [0, 0, 3]\n")
    refused = failed(there, f"make pull {OPTIONS}")
    assert "gen2.json" in refused and "Traceback" not in refused
    run(there, "git checkout -q mine")
    again = run(there, "dvc exp run -S 'mine/experiments/chain.yaml:+noise_copies=[0,0,3]'")
    assert ran(again) == ["settings", "gen2", "report", "scores"]
    assert json.loads(run(there, "dvc params diff --json")) == {
        "mine/experiments/chain.yaml": {"noise_copies": {"old": None, "new": "[0, 0, 3]"}}
    }
    changed = json.loads(run(there, "dvc metrics diff --json"))
    assert {path for path, values in changed.items() if values} == {"scores/chain/gen2.json"}
    curves = json.loads(run(there, "dvc plots diff --json"))["data"]["validation"][0]["content"]["data"]["values"]
    assert {point["rev"] for point in curves} == {"HEAD", "workspace"}
    for g, same in ((1, True), (2, False)):
        here_and_there = {"HEAD": [], "workspace": []}
        for point in curves:
            if f"gen{g}/" in point["filename"]:
                here_and_there[point["rev"]].append((point["step"], point["score"]))
        assert here_and_there["HEAD"] != [] and (here_and_there["HEAD"] == here_and_there["workspace"]) == same

    name = "mine/experiments/chain.yaml"
    refused = failed(there, f"dvc exp run -S '{name}:~noise_copies' -S {name}:generations=1")
    assert f"(stages report, scores); `make stages {OPTIONS}` writes it anew" in refused
