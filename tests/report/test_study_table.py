"""The table of a study: means, intervals, differences, what is bold, the verdict, and four forms of the same bytes."""

import csv
import re
import statistics
from pathlib import Path

import pytest
from study_data import BASE, COLUMNS, params_of, plan_of, reach

from dissent.core.files import UserError, read_json, read_table, sha256, write_json, write_table
from dissent.report.study.cells import difference, read_block
from dissent.report.study.page import write_tables
from dissent.report.study.rows import rows_of, verdict

SCORES = {"ldt_equal_steps": 70, "aldt": 65, "im_clean": 75}


def block_of(root, scores=None, text=BASE, **how):
    plan = plan_of(root, text)
    reach(plan, scores or SCORES, **how)
    return read_block(params_of(plan)["blocks"][0], rounds=300)


def write(root, plan, folder="results/studies/mine"):
    out = {kind: f"{folder}/table.{kind}" for kind in ("html", "md", "csv", "tex", "json")}
    write_tables(params_of(plan), str(root / "workflow" / "report"), out)
    return {kind: Path(path).read_text("utf-8") for kind, path in out.items()}


def test_mean_sd_and_n_are_over_students_of_all_seeds(root, in_tmp):
    block = block_of(root, text=BASE + "seeds: [1, 2]\n", spread=2)
    cell = block.cell("im_clean")
    assert block.images == 20 and block.subset == "test" and len(cell.students) == 4
    assert cell.mean == pytest.approx(0.76, abs=0.002)
    assert cell.sd == pytest.approx(statistics.stdev(cell.students)) == pytest.approx(0.02 / 3**0.5, abs=0.001)
    value, low, high = cell.interval
    assert value == cell.mean and low < value - 0.01 and high > value + 0.01


def test_differences_are_paired_over_images(root, in_tmp):
    """Images differ by up to 8 points alike for all methods: in the mean's interval, not in the difference's."""
    block = block_of(root)
    ours, theirs = block.cell("im_clean"), block.cell("aldt")
    value, low, high = difference(ours, theirs)
    assert value == pytest.approx(0.10, abs=0.001) and low < value < high
    assert high - low < 0.3 * (ours.interval[2] - ours.interval[1])
    assert difference(theirs, ours)[0] == pytest.approx(-value)


def test_students_that_differ_widen_the_interval_of_the_difference(root, in_tmp):
    narrow = difference(*(block_of(root).cell(name) for name in ("im_clean", "aldt")))
    wide = difference(*(block_of(root, spread=6).cell(name) for name in ("im_clean", "aldt")))
    assert wide[2] - wide[1] > narrow[2] - narrow[1] + 0.02


def test_seeds_are_paired_and_those_of_one_alone_are_left_out(root, in_tmp):
    """Seed 2 is ten points better for both; seed 3, which im_clean has alone, is not compared."""
    plan = plan_of(root, BASE + "seeds: [1, 2]\nmore_seeds: {im_clean: [3]}\n")
    reach(plan, SCORES)
    for method in SCORES:
        for seed, more in ((2, 10), (3, 20)):
            folder = Path(f"results/mine.tiny.{method}.s{seed}/gen{int(method == 'im_clean')}")
            if folder.exists():
                better(folder / "counts.csv", more)
    block = read_block(params_of(plan)["blocks"][0], rounds=300)
    value, low, high = difference(block.cell("im_clean"), block.cell("aldt"))
    assert value == pytest.approx(0.10, abs=0.001) and high - low < 0.02
    assert block.cell("im_clean").mean == pytest.approx(0.85, abs=0.002)
    assert block.cell("im_clean").interval[2] - block.cell("im_clean").interval[1] > 0.05


def better(table, points):
    rows = [row | {"tp": int(row["tp"]) + 10 * points, "fn": int(row["fn"]) - 10 * points} for row in read_table(table)]
    write_table(table, rows, COLUMNS)


@pytest.mark.parametrize(
    ("scores", "spread", "bold"),
    [
        (SCORES, 0, ["im_clean"]),
        ({"ldt_equal_steps": 70, "aldt": 65, "im_clean": 70.1}, 3, []),  # highest, but within the interval
        ({"ldt_equal_steps": 80, "aldt": 65, "im_clean": 75}, 0, ["ldt_equal_steps"]),
    ],
)
def test_bold_is_what_is_better_by_more_than_the_interval(root, in_tmp, scores, spread, bold):
    rows = rows_of(block_of(root, scores, BASE + "seeds: [1, 2]\n", spread=spread))
    assert [row.cell.method for row in rows if row.best] == bold


def test_an_upper_bound_is_marked_and_neither_bold_nor_recommended(root, in_tmp):
    plan = plan_of(root, BASE.replace("im_clean", "im_clean, fdt") + "seeds: [1, 2]\n")
    reach(plan, SCORES | {"fdt": 90})
    rows = rows_of(read_block(params_of(plan)["blocks"][0], rounds=300))
    assert [row.cell.method for row in rows if row.best] == ["im_clean"]
    assert [row.cell.method for row in rows if row.recommended] == ["im_clean"]
    forms = write(root, plan)
    assert "| `fdt` (upper bound) | 90.0 ± 0.0 |" in forms["md"] and "fdt (upper bound)" in forms["tex"]
    assert '<th scope="row">fdt (upper bound)</th>' in forms["html"]


@pytest.mark.parametrize(
    ("scores", "methods", "said"),
    [
        (
            SCORES,
            "ldt_equal_steps, aldt, im_clean",
            ["Recommended, as better than ldt_equal_steps and aldt by more than the interval: im_clean (+10.0 points,",
             "Beware: ldt_equal_steps (+5.0 points,", "Use im_clean: `dissent predict results/mine.tiny.im_clean.s1/gen1 PHOTOS OUT`"],
        ),
        (
            {"ldt_equal_steps": 76, "aldt": 65, "im_clean": 75},
            "ldt_equal_steps, aldt, im_clean",
            ["None is recommended", "Worse than a control by more than the interval: im_clean (+10.0 points"],
        ),
        (
            {"ldt_equal_steps": 50, "aldt": 75, "im_clean": 75.1},
            "ldt_equal_steps, aldt, im_clean",
            ["None is recommended: no method is surely better than ldt_equal_steps and aldt", "No gain, as less than one point is left over a control: im_clean (+0."],
        ),
        ({"ldt_equal_steps": 85, "aldt": 65, "im_clean": 75}, "ldt_equal_steps, aldt, im_clean", ["Worse than a control", "im_clean (+10."]),
        ({"aldt": 65, "im_clean": 75}, "aldt, im_clean", ["Nothing can be recommended: ldt_equal_steps is not in the study"]),
        ({"im_clean": 75}, "im_clean", ["Nothing can be recommended: aldt and ldt_equal_steps are not in the study"]),
        ({"ldt_equal_steps": 60, "aldt": 65, "fdt": 75}, "ldt_equal_steps, aldt, fdt", ["There is no method to judge"]),
    ],
)  # fmt: skip
def test_the_verdict_follows_its_rule(root, in_tmp, scores, methods, said):
    text = BASE.replace("ldt_equal_steps, aldt, im_clean", methods)
    block = block_of(root, scores, text + "seeds: [1, 2]\n", spread=0.5)
    told = " ".join(verdict(block, rows_of(block)))
    assert all(words in told for words in said), told


@pytest.mark.parametrize(("seeds", "sure"), [("[1]", False), ("[1, 2]", True)])
def test_one_seed_of_two_students_recommends_nothing_and_says_what_would(root, in_tmp, seeds, sure):
    block = block_of(root, SCORES, BASE + f"seeds: {seeds}\n")
    rows = rows_of(block)
    told = " ".join(verdict(block, rows))
    assert [row.cell.method for row in rows if row.recommended] == (["im_clean"] if sure else [])
    assert ("None is recommended" in told) is ("Cannot tell yet: im_clean (+10.0 points," in told) is not sure
    assert ("One seed with fewer than five students is not enough for a verdict." in told) is not sure
    assert ("two more seeds: about 1 minute of jobs, one after the other (`more_seeds`; 1 so far)" in told) is not sure


def test_one_seed_of_five_students_recommends_for_this_seed_alone(root, in_tmp):
    for seeds, alone in (("[1]", True), ("[1, 2]", False)):
        plan = plan_of(root, BASE + f"seeds: {seeds}\n")
        reach(plan, SCORES, students=5)
        block = read_block(params_of(plan)["blocks"][0], rounds=300)
        told = " ".join(verdict(block, rows_of(block)))
        assert "Recommended, as" in told and ("That holds for this seed" in told) is alone


def test_of_several_that_are_worth_it_the_best_is_named(root, in_tmp):
    plan = plan_of(root, BASE.replace("im_clean", "im_clean, st") + "seeds: [1, 2]\n")
    reach(plan, SCORES | {"st": 85})
    block = read_block(params_of(plan)["blocks"][0], rounds=300)
    told = " ".join(verdict(block, rows_of(block)))
    assert "im_clean (+10.0 points" in told and "Use st: `dissent predict results/mine.tiny.st.s1/" in told


def test_validation_means_and_the_rule_of_more_seeds_are_told(root, in_tmp):
    plan = plan_of(root, BASE + "seeds: [1, 2]\nmore_seeds: {im_clean: [3]}\nmore_seeds_by: validation\n")
    reach(plan, SCORES)
    for path in Path("results").glob("*/gen*/metrics.json"):
        found = read_json(path)
        write_json(path, found | {"val": {"students": {"student1": {"iou": {"value": 0.5}}}}})
    text = write(root, plan)["md"]
    assert "| 95 % interval | val |" in text and "| 50.0 |" in text
    assert "More seeds: im_clean; chosen on the validation means of the table." in text


def test_what_all_labels_would_be_worth_is_said(root, in_tmp):
    block = block_of(root, SCORES | {"fdt": 80}, BASE.replace("im_clean", "im_clean, fdt"))
    assert "All labels would be worth +9.9 points here over ldt_equal_steps; im_clean takes +4.9 of it." in verdict(
        block, rows_of(block)
    )
    block = block_of(root)
    assert "What all labels would be worth is not known: fdt is not in the study." in verdict(block, rows_of(block))


@pytest.mark.parametrize(("alone", "paid"), [(70, True), (80, False)])
def test_the_bar_is_green_only_where_labels_alone_are_beaten(root, in_tmp, alone, paid):
    plan = plan_of(root, BASE + "seeds: [1, 2]\n")
    reach(plan, SCORES | {"ldt_equal_steps": alone})
    assert ('class="verdict paid"' in write(root, plan)["html"]) is paid


def test_four_forms_say_the_same_and_are_the_same_bytes_again(root, in_tmp):
    plan = plan_of(root, BASE.replace("[tiny]", "[tiny, tiny_multiclass]") + "seeds: [1, 2]\n")
    reach(plan, SCORES, spread=1)
    first = write(root, plan)
    digests = {kind: sha256(f"results/studies/mine/table.{kind}") for kind in first}
    assert write(root, plan, "again") == first
    assert {kind: sha256(f"again/table.{kind}") for kind in first} == digests
    [row] = [
        row
        for row in csv.DictReader(first["csv"].splitlines())
        if row["method"] == "im_clean" and row["experiment"] == "tiny"
    ]
    assert (row["n"], row["seeds"], row["best"], row["recommended"], row["steps"]) == ("4", "1 2", "1", "1", "12")
    assert (row["seconds"], row["cpu_seconds"]) == ("20.0", "40.0"), "both generations"
    assert row["images_seen"] == "384.0", "both generations of two students with 96 images each"
    assert float(row["mean"]) == pytest.approx(0.755, abs=0.001)
    number = f"{100 * float(row['mean']):.1f} ± {100 * float(row['sd']):.1f}"
    bounds = f"{100 * float(row['low']):.1f} to {100 * float(row['high']):.1f}"
    against = f"{100 * float(row['against_aldt']):+.1f} ({100 * float(row['against_aldt_low']):+.1f} to {100 * float(row['against_aldt_high']):+.1f})"
    assert f"| `im_clean` | **{number}** | 4 (2 seeds) | {bounds} |" in first["md"] and against in first["md"]
    assert (
        f"<td><b>{number}</b></td><td>4 (2 seeds)</td><td>{bounds}</td>" in first["html"] and against in first["html"]
    )
    assert rf"\textbf{{{number.replace('±', chr(36) + chr(92) + 'pm' + chr(36))}}}" in first["tex"]
    assert r"im\_clean" in first["tex"] and "im_clean" not in re.sub(r"im\\_clean", "", first["tex"]).split("\n", 1)[1]
    for text in first.values():
        assert not re.search(r"\bnan\b|None", text)


def test_methods_scored_on_other_images_are_refused(root, in_tmp):
    plan = plan_of(root)
    reach(plan, SCORES)
    reach(plan_of(root, "experiments: [tiny]\nmethods: [aldt]\n"), SCORES, images=19)
    with pytest.raises(UserError, match=r"were made on different images; delete both"):
        read_block(params_of(plan_of(root))["blocks"][0])


def test_what_has_no_score_is_told_and_not_compared(root, in_tmp):
    plan = plan_of(root)
    reach(plan, SCORES)
    table = "results/mine.tiny.aldt.s1/gen0/counts.csv"
    write_table(table, [row | {"tp": 0, "fp": 0, "fn": 0} for row in read_table(table)], COLUMNS)
    forms = write(root, plan)
    assert "| `aldt` | no score |" in forms["md"] and "im_clean (cannot be compared;" in forms["md"]
    assert "None is recommended" in forms["md"]


def test_of_a_run_that_stopped_the_generation_that_is_kept_counts(root, in_tmp):
    plan = plan_of(root)
    reach(plan, SCORES)
    end = Path("results/mine.tiny.im_clean.s1/gen1/metrics.json")
    write_json(end, read_json(end) | {"stopping": {"kept_folder": "results/mine.tiny.im_clean.s1/gen0"}})
    assert read_block(params_of(plan)["blocks"][0], rounds=50).cell("im_clean").mean == pytest.approx(0.4, abs=0.002)


def test_images_seen_count_unlabelled_ones_from_the_step_on_that_learns_them(root, in_tmp):
    """U2PL learns pairs alone in the first tenth, and as many unlabelled images beside them in the rest."""
    plan = plan_of(root, BASE.replace("im_clean", "fixmatch, u2pl"))
    reach(plan, {"ldt_equal_steps": 70, "aldt": 65, "fixmatch": 75, "u2pl": 75})
    rows = rows_of(read_block(params_of(plan)["blocks"][0], rounds=300))
    seen = {row.cell.method: row.costs["images_seen"] for row in rows}
    assert seen == pytest.approx({"ldt_equal_steps": 192, "aldt": 192, "fixmatch": 384, "u2pl": 192 * 1.9})
