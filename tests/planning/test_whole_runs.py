"""Whole runs through Snakemake: every file is there, no hidden mask was seen, what failed goes on."""

import base64
import json
import os
import subprocess
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from discs import SETTINGS, draw
from PIL import Image
from processes import python, wait_until
from test_workflow import BASE, RULES_OF_A_RUN, mine, planned, snakemake

from dissent.cli.verify.faults import find
from dissent.core.files import read_json, read_table, sha256, write_json, write_table


@pytest.mark.slow
def test_a_whole_run(root, whole_run_here):
    for generation in (1, 2):
        folder = Path(f"results/tiny/gen{generation}")
        names = {f"{row['id']}.png" for row in read_table("data/tiny/splits/few/unlabelled.csv")}
        for part in ("predictions/teacher1", "predictions/teacher2", "masks/consensus", "masks/inconsistency"):
            assert {path.name for path in (folder / part).glob("*.png")} == names
        consensus, doubt = (
            np.array(Image.open(folder / "masks" / part / min(names))) for part in ("consensus", "inconsistency")
        )
        assert not consensus[doubt > 0].any()
        assert len(read_table(folder / "pairs.csv")) == 4 + 8
        assert read_json(folder / "audit.json")["hidden_masks"] == 8
    found = read_json("results/tiny/gen2/metrics.json")
    assert set(found["val"]["students"]) == {"student1", "student2"} and found["test"]["images"] == 6
    assert found["pseudo_labels"]["images"] == 8 and found["definitions"]["iou"].startswith("IoU")
    assert read_json("results/tiny/gen2/cost.json")["total"]["steps"] == 24
    page = Path("results/tiny/report.html").read_bytes()
    assert b"points against ldt_equal_steps" in page and b'<p class="verdict' in page
    assert b'<a href="browse.html">' in page and Path("results/tiny/browse/gen2/doubt0001.js").is_file()
    for name in ("snakemake.html", "snakemake.zip"):
        result = snakemake(root, "results/tiny/report.html", "--report", name)
        assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    assert base64.b64encode(page).decode() in Path("snakemake.html").read_text("utf-8")
    with ZipFile("snakemake.zip") as packed:
        assert page in [packed.read(name) for name in packed.namelist()]
        around = packed.read("snakemake/report.html").decode()
    for words in (
        '"experiment": "tiny"',
        '"method": "im_clean"',
        "ldt_equal_steps, aldt; then scores against generation",
    ):
        assert words in around
    seen = list(Path("results/tiny/gen1/pairs/targets").glob("*.png"))
    assert len(seen) == 12

    again = snakemake(root, "-n", "results/tiny/report.html")
    assert "Nothing to be done" in again.stdout + again.stderr

    # a change of generation 2 leaves generation 1 alone; one of the noise trains nothing, for no copy is made
    changed = mine(whole_run_here, BASE)
    text = (changed / "experiments/tiny.yaml").read_text()
    (changed / "experiments/tiny.yaml").write_text(text + "inconsistency: {erode: 3}\n")
    jobs = planned(snakemake(root, "-n", "results/tiny/gen2/metrics.json", settings=changed))
    assert jobs["build_masks"] == 2 and jobs.get("predict", 0) <= 1
    (changed / "experiments/tiny.yaml").write_text(text + "labelled_batch_fraction: [0.5, 0.5, 0.25]\n")
    jobs = planned(snakemake(root, "-n", "results/tiny/gen2/metrics.json", settings=changed))
    assert jobs["train"] == 2 and "predict" not in jobs

    # what was damaged is refused, not used
    model = Path("results/tiny/gen1/students/1/model.safetensors")
    content = bytearray(model.read_bytes())
    content[-9] ^= 1
    model.write_bytes(content)
    damaged = snakemake(
        root, "results/tiny/gen2/predictions.csv", "--forcerun", "predict", "--allowed-rules", "predict"
    )
    told = damaged.stdout + damaged.stderr
    assert damaged.returncode != 0 and "is not the file that" in told and "Traceback" not in told


@pytest.mark.slow
def test_without_hidden_masks_every_byte_of_two_generations_is_the_same(root, whole_run, in_tmp):
    """Predictions, labels, pairs and students: hidden masks and their table are deleted before anything is learned."""
    draw(in_tmp)
    assert snakemake(root, "data/tiny/splits/few/labelled.csv").returncode == 0
    table = Path("data/tiny/splits/few/hidden.csv")
    hidden = read_table(table)
    assert len(hidden) == 8
    for row in hidden:
        Path(row["label"]).unlink()
    about = read_json(table.with_name("split.json"))
    about["tables"]["hidden.csv"] = write_table(table, [], list(hidden[0]))  # else readers miss the lines
    write_json(table.with_name("split.json"), about)
    targets = ("results/tiny/gen2/metrics.json", "results/tiny.aldt/gen0/teachers.json")
    result = snakemake(root, *targets, "--allowed-rules", *RULES_OF_A_RUN)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    found, expected = trained(in_tmp), trained(whole_run)
    assert len(found) > 2 * 8 * 4 + 8 and found.items() <= expected.items()
    shown = ("/examples/", "/pairs/", "/browse/")  # to people, not to networks
    assert all(any(part in path for part in shown) for path in expected.keys() - found.keys())


def trained(folder):
    """{path: SHA-256} of what training reads and makes below `results`."""
    files = [path for path in (folder / "results").rglob("*") if path.suffix in (".safetensors", ".png")]
    files += (folder / "results").rglob("pairs.csv")
    return {path.relative_to(folder).as_posix(): sha256(path) for path in files}


@pytest.mark.slow
def test_a_whole_run_with_evalnets(root, in_tmp):
    """Pools of another run, EvalNets, thresholds and ratings, planned and made by Snakemake; and nothing to do after it."""
    draw(in_tmp)
    text = "dataset: tiny\nsplit: few\nnetwork: tiny\nevalnet: tiny_evalnet\nmethod: im_plus_plus\ngenerations: 1\nstudents: 2\n"
    settings = mine(in_tmp, text + "select: all\nquality: {trained: 3, used: 2}\n")
    targets = ["results/mine/gen1/metrics.json", "results/mine/gen1/cost.json"]
    jobs = planned(snakemake(root, "-n", *targets, settings=settings))
    assert (jobs["train_evalnet"], jobs["rank_evalnets"], jobs["measure_thresholds"], jobs["score_pairs"]) == (
        3,
        1,
        1,
        1,
    )
    result = snakemake(root, *targets, settings=settings)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    ranked = read_json("results/mine/evalnets/evalnets.json")
    assert [row["teacher"] for row in ranked["pool"]] == [True, True, False] and ranked["ranked_by"] == "val agreement"
    scores = {row["id"]: row for row in read_table("results/mine/gen1/scores.csv")}
    assert len(scores) == 8
    pseudo = [row for row in read_table("results/mine/gen1/pairs.csv") if row["origin"] == "pseudo"]
    assert pseudo and all(row["noise_copies"] == scores[row["id"]]["noise_copies"] for row in pseudo)
    assert {"evalnet 1", "score_pairs"} <= read_json("results/mine/gen1/cost.json")["jobs"].keys()
    # the run that EvalNets learned from has the same students as the run's own generation 0: trained once, and there
    pool = read_json("results/mine.ldt/gen0/teachers.json")["pool"]
    assert {row["folder"] for row in pool} == {f"results/mine/gen0/students/{i}" for i in (1, 2)}
    assert not Path("results/mine.ldt/gen0/students").exists() and not list(Path("work/state").iterdir())
    again = snakemake(root, *targets, settings=settings)
    assert "Nothing to be done" in again.stdout + again.stderr
    assert find([Path("data"), Path("results")]).faults == []
    for name in ("1/model.json", "2/history.csv", "evalnets.json", "thresholds.json"):
        path = Path("results/mine/evalnets", name)
        content = path.read_bytes()
        path.write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])
        assert path in {fault.path for fault in find([Path("results")]).faults}, name
        path.write_bytes(content)
    Path("results/mine/gen1/scores.json").unlink()
    assert [fault.path.name for fault in find([Path("results")]).faults] == ["scores.json"]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "learner"), [("multiclass", "unimatch_v2"), ("multilabel", "cps")])
def test_a_whole_run_of_other_kinds_and_learners(root, in_tmp, kind, learner):
    """An averaged teacher is kept of the one, and the first of two networks of the other."""
    draw(in_tmp)
    target = f"results/tiny_{kind}.{learner}_im/gen1/metrics.json"
    result = snakemake(root, target)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    found = read_json(target)
    assert len(found["test"]["best"]["iou"]["per_label"]) == 3


@pytest.mark.slow
def test_a_failed_job_loses_no_checkpoint(root, in_tmp):
    """A trainer killed with -9 fails its rule, which deletes declared outputs; the checkpoint stays and is used."""
    draw(in_tmp)
    folder = mine(in_tmp, BASE.replace("network: tiny", "network: mine") + "students: 2\ngenerations: 1\n")
    network = (SETTINGS / "networks/tiny.yaml").read_text().replace("steps: 12", "steps: 400")
    (folder / "networks/mine.yaml").write_text(network.replace("threads: 1", "threads: 1, checkpoint_seconds: 1"))
    target = "results/mine/gen0/students/1/model.safetensors"
    words = ("--cores", "2", "--snakefile", root / "Snakefile", target, "--config", f"config_dir={folder}")
    running = python("-m", "snakemake", *words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert wait_until(lambda: any(Path("work/state").glob("*/step*")), 120)
    (state,) = Path("work/state").iterdir()
    trainer = int((state / "lock").read_text().split()[0])
    os.kill(trainer, 9)
    assert running.wait(120) != 0 and not Path(target).exists() and any(state.glob("step*"))
    result = snakemake(root, target, settings=folder)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    assert "resumed after step" in Path("logs/mine/gen0/train.1.log").read_text()
    assert json.loads((Path(target).parent / "metrics.json").read_text())["steps"] == 400
