"""The benchmarks run: their table, and at toy size what a card would do."""

import json
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image
from study_data import BASE, params_of, plan_of, reach

from dissent.core.files import UserError, read_json, write_json
from dissent.report.study.cells import read_block
from dissent.report.study.page import write_tables


def run(root, *words, **options):
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": f"{root}/workflow/scripts:{root}/benchmarks"}
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, env=environment, **options)


def test_one_table_of_all_that_ran(root, in_tmp):
    done = run(root, str(root / "benchmarks"), "consensus")
    assert done.returncode == 0, done.stderr
    table = done.stdout.split("== consensus: ")[1].splitlines()[2:]
    assert table[0].startswith("| what | unit |") and len(table) == 2 + 3
    assert all(row.count("|") == 9 and "python benchmarks/consensus.py" in row for row in table[2:])
    wrong = run(root, str(root / "benchmarks"), "consenus")
    assert wrong.returncode == 2 and "there are consensus, train," in wrong.stderr


def test_the_ratio_is_of_turns_not_of_medians(root):
    code = (
        "from common import Line; line = Line('w', 'u', [2.0, 30.0, 8.0], [1.0, 10.0, 2.0], '', None, 'c'); "
        "print(line.ratio, Line('w', 'u', [1.0], [], '', None, 'c').ratio)"
    )
    assert run(root, "-c", code).stdout.split() == ["3.0", "None"]


def test_the_plain_loop_and_ours_learn_alike(root, in_tmp):
    code = (
        "import argparse, json, runpy; from pathlib import Path\n"
        f"train = argparse.Namespace(**runpy.run_path({str(root / 'benchmarks' / 'train.py')!r}))\n"
        "args = argparse.Namespace(steps=2, repeats=1, size=32, batch_size=4, images=8, threads=1, width=0.125, view='none', precision='fp32')\n"
        "train.write(Path(), args)\n"
        "print(json.dumps([part(args) for part in (train.plain, train.ours)]))"
    )
    done = run(root, "-c", code)
    assert done.returncode == 0, done.stderr[-800:]
    plain, ours = json.loads(done.stdout)
    assert min(plain["rate"], ours["rate"]) > 0 and len(plain["losses"]) == len(ours["losses"])
    assert all(abs(a - b) < 0.02 * a for a, b in zip(plain["losses"], ours["losses"], strict=True))


def test_what_was_tried_for_training_runs_at_toy_size(root):
    done = run(root, str(root / "benchmarks" / "tries.py"), "--repeats", "1", "--size", "16", "--batch", "2")
    assert done.returncode == 0, done.stderr[-800:]
    rates = [
        float(row.split("|")[3].split("(")[0].replace(",", "")) for row in done.stdout.splitlines() if "tries.py" in row
    ]
    assert len(rates) == 4 and min(rates) > 0 and rates[-1] < 100


def test_parts_of_labelling_are_measured_at_toy_size(root):
    done = run(root, str(root / "benchmarks" / "label_parts.py"), "--images", "4", "--size", "32")
    assert done.returncode == 0, done.stderr[-800:]
    told = {row.split("|")[1].strip(): float(row.split("|")[2]) for row in done.stdout.splitlines()[2:]}
    assert len(told) >= 6 and sum("the limit" in what for what in told) == 2
    assert told["forward of both teachers, two threads at once"] > 0


def test_orchestration_counts_no_second_twice(root):
    code = "from orchestration import covered; print(covered([(0.0, 2.0), (0.0, 3.0), (2.5, 4.0), (6.0, 7.0), (6.1, 6.5)]))"
    assert run(root, "-c", code).stdout.split() == ["5.0"]


@pytest.fixture
def results(root, monkeypatch):
    monkeypatch.syspath_prepend(str(root / "benchmarks" / "studies"))
    monkeypatch.syspath_prepend(str(root / "workflow" / "scripts"))
    return runpy.run_path(str(root / "benchmarks" / "studies" / "results.py"))


def test_pages_of_the_results_show_the_numbers_of_the_files(root, results):
    pages = sorted((root / "docs" / "results").glob("*.md"))
    assert len(pages) > 5
    for page in pages:
        text = page.read_text("utf-8")
        assert results["filled"](text) == text, f"python benchmarks/studies/results.py writes {page} anew"
        assert text.count("<!-- table:") == text.count("<!-- end -->")
    shown = {name for page in pages for name in re.findall(r"table: (\w+)\.csv", page.read_text("utf-8"))}
    assert shown == {path.stem for path in (root / "docs" / "results" / "data").glob("*.csv")}


def test_pictures_of_the_results_come_from_the_numbers(root, results, in_tmp):
    results["draw_all"](root / "docs" / "results" / "data", in_tmp)
    pages = "".join(page.read_text("utf-8") for page in (root / "docs" / "results").glob("*.md"))
    drawn = sorted(path.name for path in in_tmp.glob("*.png"))
    assert drawn == sorted(re.findall(r"\]\(\.\./images/(.*?)\)", pages))
    for name in drawn:
        shown = root / "docs" / "images" / name
        assert Image.open(name).info["Description"] == Image.open(shown).info["Description"], f"draw {shown} again"


def test_a_table_says_what_the_numbers_say(results, in_tmp, monkeypatch):
    (in_tmp / "x.csv").write_text(
        "dataset,method,generation,upper_bound,seeds,mean,sd,against_aldt,against_aldt_low,against_aldt_high,doubt,steps\n"
        "isic_small,im,1,0,1 2,0.719,0.011,0.012,-0.004,0.028,0.55,3200\nisic_small,fdt,,1,1,0.735,,,,,,800\n"
    )
    monkeypatch.setitem(results["numbers"].__globals__, "DATA", in_tmp)
    page = "<!-- table: x.csv | method seeds mean against_aldt doubt steps -->\nold\n<!-- end -->\n"
    assert results["filled"](page).splitlines()[4:6] == [
        "| `im` gen1 | 2 | 71.9 ± 1.1 | +1.2 (-0.4 to +2.8) | 55 % | 3,200 |",
        "| `fdt` (upper bound) | 1 | 73.5 |  | none | 800 |",
    ]
    assert results["table"]("x.csv", "method", "method=im").count("\n") == 3
    assert "`fdt`" not in results["table"]("x.csv", "method", "generation") and "`im`" in results["table"](
        "x.csv", "method"
    )
    with pytest.raises(UserError, match="`method=aldt`"):
        results["table"]("x.csv", "method", "method=aldt")
    with pytest.raises(UserError, match=r"x\.csv has no column `means`"):
        results["table"]("x.csv", "method means")


def test_the_table_of_a_study_becomes_a_page_of_the_results_by_one_command(root, results, in_tmp, monkeypatch):
    """The bytes that the rule wrote; a table that somebody changed is refused."""
    plan = plan_of(root, BASE + "seeds: [1, 2]\n")
    reach(plan, {"ldt_equal_steps": 70, "aldt": 65, "im_clean": 75}, spread=1)
    out = {kind: f"results/studies/mine/table.{kind}" for kind in ("html", "md", "csv", "tex", "json")}
    write_tables(params_of(plan), str(root / "workflow" / "report"), out)
    shares = {"wrong_of_teacher": 0.1, "doubt": 0.05, "precision": 0.5, "recall": 0.25, "wrong_outside": 0.08}
    write_json("results/mine.tiny.im_clean.s2/gen1/audit.json", {"all_images": shares})
    metrics = Path("results/mine.tiny.im_clean.s2/gen1/metrics.json")
    write_json(metrics, read_json(metrics) | {"pseudo_labels": {"kept": 3, "images": 4}})
    monkeypatch.setitem(results["copy"].__globals__, "DATA", in_tmp / "data")
    results["copy"]("mine", plan)
    assert Path("data/mine.csv").read_bytes() == Path(out["csv"]).read_bytes()
    lines = results["table"](
        "mine.csv", "method seeds mean ensemble gen0 seed_2 steps cpu_seconds", "gen1"
    ).splitlines()
    assert lines[2:] == ["| `im_clean` gen1 | 2 | 75.5 ± 0.6 | 75.0 | 40.5 | 75.5 | 12 | 40 |"]
    audit = results["table"]("mine_audit.csv", "method seed wrong_of_teacher doubt kept").splitlines()
    assert audit[2:] == ["| `im_clean` gen1 | 2 | 10.0 % | 5.0 % | 3 of 4 |"]
    Path(out["csv"]).write_text("changed")
    with pytest.raises(UserError, match="is not what tabulate_study wrote"):
        results["copy"]("mine", plan)


def test_the_table_of_what_doubt_should_be_is_numbers_of_the_results(root, results, in_tmp):
    """A level's row is the mean of the cells that have it."""
    doubt = runpy.run_path(str(root / "benchmarks" / "studies" / "doubt.py"))
    reached = {"block-ignore-all": 0.60, "keep-ignore-all": 0.70, "keep-background-all": 0.74}
    for cell, iou in reached.items():
        pool = {"pool": {"iou": {"mean": iou, "sd": None}}, "ensemble": {"iou": {"value": iou}}}
        metrics = {"val": pool, "test": pool, "pseudo_labels": {"kept": 3, "images": 4}}
        write_json(f"results/{cell}/gen1/metrics.json", metrics)
        write_json(f"results/{cell}/gen1/cost.json", {"jobs": {"train 1": {"steps": 465}}})
    cells = doubt["rows_of_cells"]({cell: cell for cell in reached})
    assert cells[0].items() >= {"input": "block", "mean": "0.600000", "steps": "465", "sd": ""}.items()
    levels = {row["level"]: (row["cells"], row["mean"]) for row in doubt["rows_of_levels"](cells)}
    assert levels == {"keep": ("2", "0.720000"), "ignore": ("2", "0.650000"), "all": ("3", "0.680000")}


@pytest.mark.slow
def test_the_script_for_a_card_at_toy_size(root, in_tmp):
    """Every part of it, on the CPU; started again it does nothing anew."""
    words = (str(root / "benchmarks/gpu.py"), "--toy", "--side-by-side", "2", "--out", "out")
    stopped = run(root, *words, "--minutes", "0")
    assert stopped.returncode == 75 and "time is over; run the same command again" in stopped.stdout, stopped.stderr
    partly = json.loads((in_tmp / "out/gpu.json").read_text())
    assert list(partly) == ["device", "throughput", "side_by_side"]
    done = run(root, *words)
    assert done.returncode == 0 and done.stdout.endswith("all done\n"), done.stderr
    found = json.loads((in_tmp / "out/gpu.json").read_text())
    assert {name: found[name] for name in partly} == partly
    assert set(found["published"]["generations"]) == {"0", "1"} and found["side_by_side"]["students"] == 2
    assert all(one["steps"] == 2 and one["images_s"] > 0 for one in found["throughput"].values())
    card = run(root, str(root / "benchmarks/gpu.py"), "--out", "card", cwd=in_tmp / "out")
    assert card.returncode != 0 and "no card here" in card.stderr


def test_what_learners_told_is_the_mean_over_their_students(root, results):
    there = runpy.run_path(str(root / "benchmarks" / "studies" / "learners.py"))
    history = [{"step": str(n), "score": "0.5", "sure": f"{n / 10}", "student_score": "0.4"} for n in range(10)]
    worse = [row | {"student_score": "0.6"} for row in history]
    row = there["line"]("mean_teacher", [history, worse])
    assert row["sure_begin"] == "0.0000" and row["sure_end"] == "0.7000" and row["agreement_end"] == ""
    assert (row["other"], row["ahead"]) == ("student_score", "0.0000")
    assert there["line"]("mean_teacher", [history])["ahead"] == "0.1000"
    assert there["line"]("ldt", [[{"step": "1", "score": "0.5"}]]) is None and there["line"]("ldt", []) is None
    shown = results["markdown"]([row], ["method", "sure_end", "other", "ahead"]).splitlines()[2]
    assert shown == "| `mean_teacher` | 70.0 | `student_score` | +0.0 |"


def test_what_im_on_top_adds_is_paired_over_the_seeds_that_both_have(root, in_tmp):
    """A method without its learner beside it has no line; the last line is the mean over the learners."""
    there = runpy.run_path(str(root / "benchmarks" / "studies" / "learners.py"))
    text = "experiments: [tiny]\nmethods: [ldt_equal_steps, cps, cps_im, fpl, fpl_im, u2pl_im]\nmore_seeds: {cps_im: [2]}\n"
    plan = plan_of(root, text)
    reach(plan, {"ldt_equal_steps": 70, "cps": 70, "cps_im": 75, "fpl": 72, "fpl_im": 73, "u2pl_im": 99})
    rows = there["on_top"](read_block(params_of(plan)["blocks"][0], rounds=200))
    assert [(row["method"], row["seeds"]) for row in rows] == [("cps_im", "1"), ("fpl_im", "1"), ("all", "")]
    assert [float(row["against_base"]) for row in rows] == pytest.approx([0.05, 0.01, 0.03], abs=2e-3)
    assert float(rows[0]["against_base_low"]) < float(rows[0]["against_base"]) < float(rows[0]["against_base_high"])


def test_the_simulation_of_next_counts_seeds_of_which_every_rule_is_done(root, results, in_tmp):
    """Two seeds are done, of a third one rule lacks a round; rules gain by seed, without the round that all share."""
    there = runpy.run_path(str(root / "benchmarks" / "studies" / "next_images.py"))
    for seed, gain in ((1, 0.1), (2, 0.3), (3, 0.9)):
        for rule in there["RULES"]:
            for turn in range(there["ROUNDS"] + 1):
                value = 0.2 + 0.01 * turn + (gain if rule == "next" and turn else 0)
                if (seed, rule, turn) != (3, "random", 5):
                    done = {"labelled": 5 * (turn + 1), "scores": [value - 0.1, value + 0.1], "next": {}}
                    write_json(there["place"]("isic_small", seed, rule, turn) / f"round{turn}.json", done)
    curves, gains = there["tables"](["isic_small", "camvid_small"], [1, 2, 3])
    assert [row["rule"] for row in curves] == ["random", "disagreement", "next"] and curves[0]["seeds"] == "1 2"
    assert curves[2]["round_1"] == "0.410000" and curves[2]["labelled"] == "5 10 15 20 25 30"
    told = {row["rule"]: row for row in gains}
    assert told["disagreement"]["against_random"] == "0.000000" and told["next"]["against_random"] == "0.200000"
    low = 0.2 - 12.7062 * 0.1  # Student's t of two seeds, times their standard error
    assert float(told["next"]["against_random_low"]) == pytest.approx(low, abs=1e-4)
    assert results["markdown"](curves[2:], ["rule", "round_1"]).splitlines()[2] == "| `next` | 41.0 ± 14.1 |"


def test_ways_at_test_time_are_compared_by_seed(root, results, monkeypatch):
    at_test_time = runpy.run_path(str(root / "benchmarks" / "studies" / "at_test_time.py"))
    gains = {"as they are": 0.0, "statistics": -0.02, "mirrored": 0.01, "flips": 0.02}

    def scores(plan, run):
        more = 0.002 * run.seed
        return {
            way: {"val": (0.6 + gain, 0.7), "test": (0.5 + more + gain * run.seed, 0.55)} for way, gain in gains.items()
        }

    monkeypatch.setitem(at_test_time["lines"].__globals__, "scores", scores)
    runs = [SimpleNamespace(seed=seed, dataset_name="isic_tiny") for seed in (1, 2)]
    plain, statistics, mirrored, flips = at_test_time["lines"](None, runs)
    assert (plain["way"], plain["mean"], plain["against_plain"]) == ("as they are", "0.503000", "")
    assert [row["against_plain"] for row in (statistics, mirrored, flips)] == ["-0.030000", "0.015000", "0.030000"]
    assert float(mirrored["against_plain_low"]) < 0.01 < 0.02 < float(mirrored["against_plain_high"])
    assert flips["ensemble_against_plain"] == "0.000000" and flips["val"] == "0.620000"
    assert set(plain) >= set(at_test_time["ENDS"])
