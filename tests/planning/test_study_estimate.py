"""What a study takes, before anything starts: jobs as Snakemake plans them, hours by measured rates, disk."""

import re
from collections import Counter
from pathlib import Path

import pytest
import warm_snakemake
from cli_data import dissent
from discs import draw
from study_data import BASE, plan_of

from dissent.config.fractions import with_split
from dissent.core.files import write_json, write_text
from dissent.planning import network_size, resources
from dissent.planning.estimate import GIVEN, START, Rate, estimate, measured
from dissent.planning.jobs import counted, job_of, of_study
from dissent.planning.jobs import planned as jobs_for
from dissent.planning.paths import Plan
from dissent.planning.reached import ANCIENT
from dissent.planning.study_subsets import subsets_of


def snakemake(root, *arguments):
    words = ["--cores", "2", "--snakefile", root / "Snakefile", *arguments, "--config", "config_dir=settings"]
    return warm_snakemake.snakemake(warm_snakemake.PLAIN, *words)


def dry_run(root, *targets):
    """What a dry run says."""
    result = snakemake(root, "-n", *targets)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    return result.stdout + result.stderr


def planned(root, *targets):
    """{rule: jobs} of a dry run, those of shards under the rule that they shard, and their total."""
    return read_counts(dry_run(root, *targets))


def read_counts(text):
    words = [line.split() for line in text.splitlines()]
    told = {word[0]: int(word[1]) for word in words if len(word) == 2 and word[1].isdigit() and word[0].isidentifier()}
    found = Counter()
    for rule, number in told.items():
        found[rule.removesuffix("_shard")] += number
    total = found.pop("total")
    return dict(found), total


def same_files(plan, text, graph):
    """Whether each job of a dry run reads of other jobs what the graph says."""
    read = {}
    for files, made in re.findall(r"^ *(?:local)?rule \w+:\n(?:    input: (.*)\n)?    output: (.*)\n", text, re.M):
        job = next(filter(None, (job_of(plan, path) for path in made.split(", "))))
        read[job] = {path for path in files.split(", ") if job_of(plan, path)}
    assert read == {job: set(files) for job, files in graph.items()}


def test_rules_that_take_stop_as_ancient_are_those_that_a_new_score_does_not_reach(root):
    rules = "\n".join(path.read_text() for path in root.glob("workflow/rules/*.smk"))
    bodies = re.findall(r"^rule (\w+):\n(.*?)(?=^\S|\Z)", rules, re.M | re.S)
    assert {rule.removesuffix("_shard") for rule, body in bodies if "stop=ancient(" in body} - {"show_pairs"} == ANCIENT


def test_the_jobs_are_those_of_the_plan(root, in_tmp):
    """Shared pools and EvalNets, shards, label fractions, runs that may stop: nothing counts twice, nothing is left out."""
    text = (
        BASE.replace("im_clean", "im, im_plus_plus, evalnet, fixmatch_im, auto")
        + "seeds: [1, 2]\nlabel_fractions: [.2]\n"
    )
    text += "variants: {auto: {of: im, generations: {auto: 3, patience: 1}}}\n"
    plan = plan_of(root, text)
    path = Path("settings/experiments/tiny.yaml")
    write_text(path, path.read_text() + "shards: 2\n")
    text = dry_run(root, "results/studies/mine/table.html", "results/studies/mine/labels.svg")
    found, total = read_counts(text)
    jobs = counted(of_study(plan, "mine"))
    assert jobs == found and sum(jobs.values()) == total
    same_files(plan, text, of_study(plan, "mine"))


def test_the_jobs_of_runs_are_those_of_the_plan(root, in_tmp, capsys):
    """Controls that share a pool, shards, EvalNets, generations that may not be made; and what `dissent check` says."""
    plan = plan_of(root)
    base = "dataset: tiny\nsplit: few\nnetwork: tiny\nstudents: 2\ncontrols: [ldt, aldt]\n"
    for name, more in {
        "sharded": "method: im\ngenerations: 2\nshards: 3\n",
        "rated": "method: im_plus_plus\ngenerations: 2\nevalnet: tiny_evalnet\nquality: {trained: 3, used: 2}\n",
        "auto": "method: im_clean\ngenerations: {auto: 4, patience: 2}\n",
        "helped": "method: im_clean\ngenerations: 2\nexternal_teachers: [{name: sam, masks: sam}]\n",
    }.items():
        write_text(f"settings/experiments/{name}.yaml", base + more)
    Path("sam").mkdir()
    for names in (["demo"], ["sharded", "rated", "auto", "helped", "isic"]):
        targets = [f"results/{name}/report.html" for name in names]
        text = dry_run(root, *targets)
        found, total = read_counts(text)
        graph = jobs_for(plan, targets)
        jobs = counted(graph)
        assert jobs == found and sum(jobs.values()) == total
        same_files(plan, text, graph)
        if names == ["demo"]:
            assert dissent("check", "demo", "--config-dir", "settings") == 0
            assert f"\n{total} jobs for results/demo/report.html" in capsys.readouterr().out


def test_subsets_are_counted_before_anything_is_prepared(root, in_tmp):
    plan = plan_of(root, BASE + "label_fractions: [.5]\n")
    run = plan.cells("mine")[0]
    assert subsets_of(plan, run) is None
    draw(Path())
    assert subsets_of(plan, run) == {"labelled": 7, "unlabelled": 7, "val": 4, "test": 6, "hidden": 7}
    # what is to be fetched has a known number of images
    found = subsets_of(plan, plan.config.run("isic"))
    assert found == {"labelled": 259, "unlabelled": 2335, "val": 100, "test": 1000, "hidden": 2335}
    # and what a person has to get may have one, which is that of the whole split alone
    assert subsets_of(plan, plan.config.run("cityscapes"))["unlabelled"] == 2678
    assert with_split(plan.config.dataset("suim"), "published-5pct", "suim").splits["published-5pct"].images is None
    split = plan.config.dataset("suim").splits["published"]
    assert split.images["labelled"] == 276 and "images" not in split.model_dump()  # no job depends on it


def test_the_rate_is_measured_where_there_are_trainings_and_assumed_elsewhere(root, in_tmp):
    draw(Path())
    plan = plan_of(root)
    before = estimate(plan, "mine")
    assert (before.rate.trainings, before.rate.gflop, before.done) == (0, resources.THREAD, 0)
    assert before.trainings == 6 and measured(plan.config) is None  # im_clean starts from ldt_equal_steps' pool
    run = plan.config.run("tiny.aldt")
    work = 12 * 4 * network_size.size_of(run.network).gflop * 32 * 32 / network_size.PIXELS
    for student, seconds in ((1, 2.0), (2, 4.0), (3, 400.0)):
        folder = f"results/tiny.aldt/gen0/students/{student}"
        cost = {"seconds": seconds, "steps": 12, "device": "cuda"}
        write_json(f"{folder}/cost.json", cost)
    write_json("results/gone.x/gen0/students/1/cost.json", {"seconds": 1, "steps": 12, "device": "cuda"})
    write_json("results/tiny.aldt/gen0/students/4/cost.json", cost | {"taken_from": "elsewhere"})
    rate = measured(plan.config)
    assert (rate.trainings, rate.device) == (3, "cuda") and rate.gflop == pytest.approx(work / 4)
    write_text("results/mine.tiny.aldt.s1/gen0/students/1/model.safetensors", "")
    after = estimate(plan, "mine")
    assert after.done == 1 and after.seconds["train"] == pytest.approx(5 * (4 + 6), rel=0.01)
    write_text("results/mine.tiny.im_clean.s1/gen1/predictions.csv", "")
    assert estimate(plan, "mine").seconds["evaluate"] == after.seconds["evaluate"]
    assert "predict" in after.seconds and "predict" not in estimate(plan, "mine").seconds
    assert set(after.disk) == {"masks", "tables", "students", "prepared images"} and not after.notes
    # each of the 22 images that the split takes costs time
    each = resources.DATA_SECONDS * 32 * 32 / network_size.PIXELS
    assert before.seconds["prepare"] == pytest.approx(START + 22 * each, rel=1e-9)
    write_text("data/tiny/dataset.json", "{}")
    assert "prepare" not in estimate(plan, "mine").seconds


def test_the_command_tells_jobs_hours_disk_and_what_it_does_not_know(root, in_tmp, capsys):
    plan_of(root)
    assert dissent("estimate", "mine", "--config-dir", "settings") == 0
    out = capsys.readouterr().out
    assert "mine: 3 runs, 26 jobs if none is done yet" in out and "6 trainings, 0 of them done already" in out
    assert "hours, without tiny, one job" in out and "GB in all (without tiny):" in out
    assert "20 GFLOP a second assumed" in out and "note: tiny, split few: how many images there are" in out
    assert not Path("results").exists() and not Path("data").exists()
    assert dissent("estimate", "mein", "--config-dir", "settings") == 2
    assert "did you mean `mine`?" in capsys.readouterr().err


def test_study_a_plans_and_tells_the_hours_on_a_card(root, in_tmp, capsys):
    """Crops and not whole images are learned, 500 images judged in windows that overlap, at the rate of a card that is named."""
    plan = Plan({}, str(root))
    run = plan.config.run("study_a.cityscapes_19-u2pl_744.unimatch.s1")
    pixels, steps = 801 * 801 / network_size.PIXELS, 240 * (2975 // 8)
    learned = resources.learned_images(run, 0, steps) * network_size.size_of(run.network).gflop * pixels
    judged = (
        steps
        // (steps // 50)
        * 500
        * 2.25
        * network_size.size_of(run.network).gflop
        / 3
        * 1024
        * 2048
        / network_size.PIXELS
    )
    found = estimate(plan, "study_a", Rate(60_000, 0, GIVEN))
    alone = START + (learned + judged) / 60_000
    assert found.trainings == 4 * 12 * 2 and not found.without
    unimatch = (
        4 * 2 * 2
    )  # splits, students, alone and with IM: 96 trainings in all, none of which takes ten times as long
    assert unimatch * alone < found.seconds["train"] < 96 * 10 * alone
    slower = estimate(plan, "study_a", Rate(30_000, 0, GIVEN))
    assert slower.seconds["train"] - 96 * START == pytest.approx(2 * (found.seconds["train"] - 96 * START))
    assert dissent("estimate", "study_a", "--tflops", "60") == 0
    assert f"about {sum(found.seconds.values()) / 3600:,.1f} hours, one job" in (out := capsys.readouterr().out)
    assert "by 60 TFLOP a second, as --tflops says" in out
    with pytest.raises(SystemExit):
        dissent("estimate", "study_a", "--tflops", "-1")
    assert "'-1' is no number of TFLOP a second, e.g. 60" in capsys.readouterr().err


@pytest.mark.slow
def test_a_whole_study(root, in_tmp):
    """Trained, tabled and drawn by Snakemake; the pool that im starts from is trained once, where ldt's runs lie."""
    draw(in_tmp)
    plan_of(root, "experiments: [tiny]\nmethods: [aldt, im]\ngenerations: 1\nlabel_fractions: [.5]\n")
    targets = ("results/studies/mine/table.html", "results/studies/mine/labels.svg")
    result = snakemake(root, *targets)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    for name in ("table.html", "table.md", "table.csv", "table.tex", "labels.svg", "labels.png", "labels.csv"):
        assert Path("results/studies/mine", name).stat().st_size
    assert "50 % labelled" in Path("results/studies/mine/table.md").read_text()
    own = Path("results/mine.tiny-50pct.im.s1/gen0")
    assert (own / "teachers.json").exists() and not (own / "students").exists()
    assert Path("results/mine.tiny-50pct.ldt.s1/gen0/students/2/model.safetensors").exists()
    again = snakemake(root, "-n", *targets)
    assert "Nothing to be done" in again.stdout + again.stderr
